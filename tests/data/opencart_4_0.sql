-- The tables of an OpenCart 4.0 shop (4.0.2.3) that Cartwake's preset for it reads.
--
-- The names, types, defaults, keys and indexes are facts of OpenCart's schema, written down here in our own layout. Every
-- column is there; what is in no index has none. It needs a session without strict mode, as OpenCart's own is.

CREATE TABLE oc_address (
  address_id int(11) NOT NULL AUTO_INCREMENT, customer_id int(11) NOT NULL, firstname varchar(32) NOT NULL,
  lastname varchar(32) NOT NULL, company varchar(60) NOT NULL, address_1 varchar(128) NOT NULL,
  address_2 varchar(128) NOT NULL, city varchar(128) NOT NULL, postcode varchar(10) NOT NULL,
  country_id int(11) NOT NULL DEFAULT '0', zone_id int(11) NOT NULL DEFAULT '0', custom_field text NOT NULL,
  `default` tinyint(1) NOT NULL, PRIMARY KEY (address_id), KEY customer_id (customer_id)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE oc_cart (
  cart_id int(11) NOT NULL AUTO_INCREMENT, api_id int(11) NOT NULL, customer_id int(11) NOT NULL,
  session_id varchar(32) NOT NULL, product_id int(11) NOT NULL, subscription_plan_id int(11) NOT NULL,
  `option` text NOT NULL, quantity int(5) NOT NULL, override tinyint(1) NOT NULL, price decimal(15,4) NOT NULL,
  date_added datetime NOT NULL, PRIMARY KEY (cart_id),
  KEY cart_id (api_id,customer_id,session_id,product_id,subscription_plan_id)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE oc_category_description (
  category_id int(11) NOT NULL, language_id int(11) NOT NULL, name varchar(255) NOT NULL, description text NOT NULL,
  meta_title varchar(255) NOT NULL, meta_description varchar(255) NOT NULL, meta_keyword varchar(255) NOT NULL,
  PRIMARY KEY (category_id,language_id), KEY name (name)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE oc_currency (
  currency_id int(11) NOT NULL AUTO_INCREMENT, title varchar(32) NOT NULL, code varchar(3) NOT NULL,
  symbol_left varchar(12) NOT NULL, symbol_right varchar(12) NOT NULL, decimal_place int(1) NOT NULL,
  value double(15,8) NOT NULL, status tinyint(1) NOT NULL, date_modified datetime NOT NULL, PRIMARY KEY (currency_id)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE oc_customer (
  customer_id int(11) NOT NULL AUTO_INCREMENT, customer_group_id int(11) NOT NULL,
  store_id int(11) NOT NULL DEFAULT '0', language_id int(11) NOT NULL, firstname varchar(32) NOT NULL,
  lastname varchar(32) NOT NULL, email varchar(96) NOT NULL, telephone varchar(32) NOT NULL,
  password varchar(255) NOT NULL, custom_field text NOT NULL, newsletter tinyint(1) NOT NULL DEFAULT '0',
  ip varchar(40) NOT NULL, status tinyint(1) NOT NULL, safe tinyint(1) NOT NULL, token text NOT NULL,
  code varchar(40) NOT NULL, date_added datetime NOT NULL, PRIMARY KEY (customer_id)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE oc_language (
  language_id int(11) NOT NULL AUTO_INCREMENT, name varchar(32) NOT NULL, code varchar(5) NOT NULL,
  locale varchar(255) NOT NULL, extension varchar(255) NOT NULL, sort_order int(3) NOT NULL DEFAULT '0',
  status tinyint(1) NOT NULL, PRIMARY KEY (language_id), KEY name (name)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE oc_order (
  order_id int(11) NOT NULL AUTO_INCREMENT, subscription_id int(11) NOT NULL, invoice_no int(11) NOT NULL DEFAULT '0',
  invoice_prefix varchar(26) NOT NULL, transaction_id varchar(100) NOT NULL, store_id int(11) NOT NULL DEFAULT '0',
  store_name varchar(64) NOT NULL, store_url varchar(255) NOT NULL, customer_id int(11) NOT NULL DEFAULT '0',
  customer_group_id int(11) NOT NULL DEFAULT '0', firstname varchar(32) NOT NULL, lastname varchar(32) NOT NULL,
  email varchar(96) NOT NULL, telephone varchar(32) NOT NULL, custom_field text NOT NULL,
  payment_address_id int(11) NOT NULL, payment_firstname varchar(32) NOT NULL, payment_lastname varchar(32) NOT NULL,
  payment_company varchar(60) NOT NULL, payment_address_1 varchar(128) NOT NULL,
  payment_address_2 varchar(128) NOT NULL, payment_city varchar(128) NOT NULL, payment_postcode varchar(10) NOT NULL,
  payment_country varchar(128) NOT NULL, payment_country_id int(11) NOT NULL, payment_zone varchar(128) NOT NULL,
  payment_zone_id int(11) NOT NULL, payment_address_format text NOT NULL, payment_custom_field text NOT NULL,
  payment_method text NOT NULL, shipping_address_id int(11) NOT NULL, shipping_firstname varchar(32) NOT NULL,
  shipping_lastname varchar(32) NOT NULL, shipping_company varchar(60) NOT NULL,
  shipping_address_1 varchar(128) NOT NULL, shipping_address_2 varchar(128) NOT NULL,
  shipping_city varchar(128) NOT NULL, shipping_postcode varchar(10) NOT NULL, shipping_country varchar(128) NOT NULL,
  shipping_country_id int(11) NOT NULL, shipping_zone varchar(128) NOT NULL, shipping_zone_id int(11) NOT NULL,
  shipping_address_format text NOT NULL, shipping_custom_field text NOT NULL, shipping_method text NOT NULL,
  comment text NOT NULL, total decimal(15,4) NOT NULL DEFAULT '0.0000', order_status_id int(11) NOT NULL DEFAULT '0',
  affiliate_id int(11) NOT NULL, commission decimal(15,4) NOT NULL, marketing_id int(11) NOT NULL,
  tracking varchar(64) NOT NULL, language_id int(11) NOT NULL, language_code varchar(5) NOT NULL,
  currency_id int(11) NOT NULL, currency_code varchar(3) NOT NULL,
  currency_value decimal(15,8) NOT NULL DEFAULT '1.00000000', ip varchar(40) NOT NULL,
  forwarded_ip varchar(40) NOT NULL, user_agent varchar(255) NOT NULL, accept_language varchar(255) NOT NULL,
  date_added datetime NOT NULL, date_modified datetime NOT NULL, PRIMARY KEY (order_id)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE oc_order_product (
  order_product_id int(11) NOT NULL AUTO_INCREMENT, order_id int(11) NOT NULL, product_id int(11) NOT NULL,
  master_id int(11) NOT NULL, name varchar(255) NOT NULL, model varchar(64) NOT NULL, quantity int(4) NOT NULL,
  price decimal(15,4) NOT NULL DEFAULT '0.0000', total decimal(15,4) NOT NULL DEFAULT '0.0000',
  tax decimal(15,4) NOT NULL DEFAULT '0.0000', reward int(8) NOT NULL, PRIMARY KEY (order_product_id),
  KEY order_id (order_id)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE oc_product (
  product_id int(11) NOT NULL AUTO_INCREMENT, master_id int(11) NOT NULL DEFAULT '0', model varchar(64) NOT NULL,
  sku varchar(64) NOT NULL, upc varchar(12) NOT NULL, ean varchar(14) NOT NULL, jan varchar(13) NOT NULL,
  isbn varchar(17) NOT NULL, mpn varchar(64) NOT NULL, location varchar(128) NOT NULL, variant text NOT NULL,
  override text NOT NULL, quantity int(4) NOT NULL DEFAULT '0', stock_status_id int(11) NOT NULL,
  image varchar(255) NOT NULL, manufacturer_id int(11) NOT NULL, shipping tinyint(1) NOT NULL DEFAULT '1',
  price decimal(15,4) NOT NULL DEFAULT '0.0000', points int(8) NOT NULL DEFAULT '0', tax_class_id int(11) NOT NULL,
  date_available date NOT NULL, weight decimal(15,8) NOT NULL DEFAULT '0.00000000',
  weight_class_id int(11) NOT NULL DEFAULT '0', length decimal(15,8) NOT NULL DEFAULT '0.00000000',
  width decimal(15,8) NOT NULL DEFAULT '0.00000000', height decimal(15,8) NOT NULL DEFAULT '0.00000000',
  length_class_id int(11) NOT NULL DEFAULT '0', subtract tinyint(1) NOT NULL DEFAULT '1',
  minimum int(11) NOT NULL DEFAULT '1', rating int(1) NOT NULL, sort_order int(11) NOT NULL DEFAULT '0',
  status tinyint(1) NOT NULL DEFAULT '0', date_added datetime NOT NULL, date_modified datetime NOT NULL,
  PRIMARY KEY (product_id)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE oc_product_description (
  product_id int(11) NOT NULL, language_id int(11) NOT NULL, name varchar(255) NOT NULL, description text NOT NULL,
  tag text NOT NULL, meta_title varchar(255) NOT NULL, meta_description varchar(255) NOT NULL,
  meta_keyword varchar(255) NOT NULL, PRIMARY KEY (product_id,language_id), KEY name (name)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE oc_product_discount (
  product_discount_id int(11) NOT NULL AUTO_INCREMENT, product_id int(11) NOT NULL, customer_group_id int(11) NOT NULL,
  quantity int(4) NOT NULL DEFAULT '0', priority int(5) NOT NULL DEFAULT '1',
  price decimal(15,4) NOT NULL DEFAULT '0.0000', date_start date NOT NULL, date_end date NOT NULL,
  PRIMARY KEY (product_discount_id), KEY product_id (product_id)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE oc_product_option_value (
  product_option_value_id int(11) NOT NULL AUTO_INCREMENT, product_option_id int(11) NOT NULL,
  product_id int(11) NOT NULL, option_id int(11) NOT NULL, option_value_id int(11) NOT NULL, quantity int(3) NOT NULL,
  subtract tinyint(1) NOT NULL, price decimal(15,4) NOT NULL, price_prefix varchar(1) NOT NULL, points int(8) NOT NULL,
  points_prefix varchar(1) NOT NULL, weight decimal(15,8) NOT NULL, weight_prefix varchar(1) NOT NULL,
  PRIMARY KEY (product_option_value_id)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE oc_product_subscription (
  product_id int(11) NOT NULL, subscription_plan_id int(11) NOT NULL, customer_group_id int(11) NOT NULL,
  trial_price decimal(10,4) NOT NULL, price decimal(10,4) NOT NULL,
  PRIMARY KEY (product_id,subscription_plan_id,customer_group_id)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE oc_product_special (
  product_special_id int(11) NOT NULL AUTO_INCREMENT, product_id int(11) NOT NULL, customer_group_id int(11) NOT NULL,
  priority int(5) NOT NULL DEFAULT '1', price decimal(15,4) NOT NULL DEFAULT '0.0000', date_start date NOT NULL,
  date_end date NOT NULL, PRIMARY KEY (product_special_id), KEY product_id (product_id)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE oc_product_to_category (
  product_id int(11) NOT NULL, category_id int(11) NOT NULL, PRIMARY KEY (product_id,category_id),
  KEY category_id (category_id)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE oc_product_to_store (
  product_id int(11) NOT NULL, store_id int(11) NOT NULL DEFAULT '0', PRIMARY KEY (product_id,store_id)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE oc_session (
  session_id varchar(32) NOT NULL, data text NOT NULL, expire datetime NOT NULL, PRIMARY KEY (session_id),
  KEY expire (expire)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE oc_subscription_plan (
  subscription_plan_id int(11) NOT NULL AUTO_INCREMENT,
  trial_frequency enum('day','week','semi_month','month','year') NOT NULL, trial_duration int(10) NOT NULL,
  trial_cycle int(10) NOT NULL, trial_status tinyint(4) NOT NULL,
  frequency enum('day','week','semi_month','month','year') NOT NULL, duration int(10) NOT NULL, cycle int(10) NOT NULL,
  status tinyint(1) NOT NULL, sort_order int(3) NOT NULL, PRIMARY KEY (subscription_plan_id)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE oc_tax_rate (
  tax_rate_id int(11) NOT NULL AUTO_INCREMENT, geo_zone_id int(11) NOT NULL DEFAULT '0', name varchar(32) NOT NULL,
  rate decimal(15,4) NOT NULL DEFAULT '0.0000', type char(1) NOT NULL, date_added datetime NOT NULL,
  date_modified datetime NOT NULL, PRIMARY KEY (tax_rate_id)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE oc_tax_rate_to_customer_group (
  tax_rate_id int(11) NOT NULL, customer_group_id int(11) NOT NULL, PRIMARY KEY (tax_rate_id,customer_group_id)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE oc_tax_rule (
  tax_rule_id int(11) NOT NULL AUTO_INCREMENT, tax_class_id int(11) NOT NULL, tax_rate_id int(11) NOT NULL,
  based varchar(10) NOT NULL, priority int(5) NOT NULL DEFAULT '1', PRIMARY KEY (tax_rule_id)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE oc_zone_to_geo_zone (
  zone_to_geo_zone_id int(11) NOT NULL AUTO_INCREMENT, country_id int(11) NOT NULL,
  zone_id int(11) NOT NULL DEFAULT '0', geo_zone_id int(11) NOT NULL, date_added datetime NOT NULL,
  date_modified datetime NOT NULL, PRIMARY KEY (zone_to_geo_zone_id)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
