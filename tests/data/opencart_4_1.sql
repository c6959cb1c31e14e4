-- The tables of an OpenCart 4.1 shop (4.1.0.3) that Cartwake's preset for it reads.
--
-- The names, types, defaults, keys and indexes are facts of OpenCart's schema, written down here in our own layout. Every
-- column is there; nearly all may be NULL. It needs a session without strict mode, as OpenCart's own is.

CREATE TABLE oc_address (
  address_id int(11) AUTO_INCREMENT, customer_id int(11), firstname varchar(32), lastname varchar(32),
  company varchar(60), address_1 varchar(128), address_2 varchar(128), city varchar(128), postcode varchar(10),
  country_id int(11) DEFAULT '0', zone_id int(11) DEFAULT '0', custom_field text, `default` tinyint(1) DEFAULT '0',
  PRIMARY KEY (address_id), KEY customer_id (customer_id)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE oc_cart (
  cart_id int(11) AUTO_INCREMENT, store_id int(11) DEFAULT '0', customer_id int(11) DEFAULT '0',
  session_id varchar(32), product_id int(11), subscription_plan_id int(11) DEFAULT '0', `option` text, quantity int(5),
  override text, price decimal(15,4), date_added datetime, PRIMARY KEY (cart_id),
  KEY cart_id (customer_id,session_id,product_id,subscription_plan_id)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE oc_category_description (
  category_id int(11), language_id int(11), name varchar(255), description text, meta_title varchar(255),
  meta_description varchar(255), meta_keyword varchar(255), PRIMARY KEY (category_id,language_id), KEY name (name)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE oc_currency (
  currency_id int(11) AUTO_INCREMENT, title varchar(32), code varchar(3), symbol_left varchar(12),
  symbol_right varchar(12), decimal_place int(1) DEFAULT '2', value double(15,8), status tinyint(1) DEFAULT '0',
  date_modified datetime, PRIMARY KEY (currency_id)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE oc_customer (
  customer_id int(11) AUTO_INCREMENT, customer_group_id int(11) DEFAULT '0', store_id int(11) DEFAULT '0',
  language_id int(11) DEFAULT '0', firstname varchar(32), lastname varchar(32), email varchar(96),
  telephone varchar(32), password varchar(255), custom_field text, newsletter tinyint(1) DEFAULT '0', ip varchar(40),
  status tinyint(1) DEFAULT '0', safe tinyint(1) DEFAULT '0', commenter tinyint(1) DEFAULT '0', token text,
  code varchar(40), date_added datetime, PRIMARY KEY (customer_id), KEY email (email)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE oc_language (
  language_id int(11) AUTO_INCREMENT, name varchar(32), code varchar(5), locale varchar(255), extension varchar(255),
  sort_order int(3) DEFAULT '0', status tinyint(1) DEFAULT '0', PRIMARY KEY (language_id), KEY name (name)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE oc_order (
  order_id int(11) AUTO_INCREMENT, subscription_id int(11) DEFAULT '0', invoice_no int(11) DEFAULT '0',
  invoice_prefix varchar(26), transaction_id varchar(100), store_id int(11) DEFAULT '0', store_name varchar(64),
  store_url varchar(255), customer_id int(11) DEFAULT '0', customer_group_id int(11) DEFAULT '0',
  firstname varchar(32), lastname varchar(32), email varchar(96), telephone varchar(32), custom_field text,
  payment_address_id int(11) DEFAULT '0', payment_firstname varchar(32), payment_lastname varchar(32),
  payment_company varchar(60), payment_address_1 varchar(128), payment_address_2 varchar(128),
  payment_city varchar(128), payment_postcode varchar(10), payment_country varchar(128),
  payment_country_id int(11) DEFAULT '0', payment_zone varchar(128), payment_zone_id int(11) DEFAULT '0',
  payment_address_format text, payment_custom_field text, payment_method text, shipping_address_id int(11),
  shipping_firstname varchar(32), shipping_lastname varchar(32), shipping_company varchar(60),
  shipping_address_1 varchar(128), shipping_address_2 varchar(128), shipping_city varchar(128),
  shipping_postcode varchar(10), shipping_country varchar(128), shipping_country_id int(11) DEFAULT '0',
  shipping_zone varchar(128), shipping_zone_id int(11) DEFAULT '0', shipping_address_format text,
  shipping_custom_field text, shipping_method text, comment text, total decimal(15,4) DEFAULT '0.0000',
  order_status_id int(11) DEFAULT '0', affiliate_id int(11) DEFAULT '0', commission decimal(15,4),
  marketing_id int(11) DEFAULT '0', tracking varchar(64), language_id int(11), language_code varchar(5),
  currency_id int(11), currency_code varchar(3), currency_value decimal(15,8) DEFAULT '1.00000000', ip varchar(40),
  forwarded_ip varchar(40), user_agent varchar(255), accept_language varchar(255), date_added datetime,
  date_modified datetime, PRIMARY KEY (order_id), KEY email (email)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE oc_order_product (
  order_product_id int(11) AUTO_INCREMENT, order_id int(11), product_id int(11), master_id int(11) DEFAULT '0',
  name varchar(255), model varchar(64), quantity int(4) DEFAULT '1', price decimal(15,4) DEFAULT '0.0000',
  total decimal(15,4) DEFAULT '0.0000', tax decimal(15,4) DEFAULT '0.0000', reward int(8) DEFAULT '0',
  PRIMARY KEY (order_product_id), KEY order_id (order_id)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE oc_product (
  product_id int(11) AUTO_INCREMENT, master_id int(11) DEFAULT '0', model varchar(64), sku varchar(64),
  upc varchar(12), ean varchar(14), jan varchar(13), isbn varchar(17), mpn varchar(64), location varchar(128),
  variant text, override text, quantity int(4) DEFAULT '0', stock_status_id int(11) DEFAULT '0', image varchar(255),
  manufacturer_id int(11) DEFAULT '0', shipping tinyint(1) DEFAULT '1', price decimal(15,4) DEFAULT '0.0000',
  points int(8) DEFAULT '0', tax_class_id int(11) DEFAULT '0', date_available date,
  weight decimal(15,8) DEFAULT '0.00000000', weight_class_id int(11) DEFAULT '0',
  length decimal(15,8) DEFAULT '0.00000000', width decimal(15,8) DEFAULT '0.00000000',
  height decimal(15,8) DEFAULT '0.00000000', length_class_id int(11) DEFAULT '0', subtract tinyint(1) DEFAULT '1',
  minimum int(11) DEFAULT '1', rating int(1) DEFAULT '0', sort_order int(11) DEFAULT '0',
  status tinyint(1) DEFAULT '0', date_added datetime, date_modified datetime, PRIMARY KEY (product_id)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE oc_product_description (
  product_id int(11), language_id int(11), name varchar(255), description text, tag text, meta_title varchar(255),
  meta_description varchar(255), meta_keyword varchar(255), PRIMARY KEY (product_id,language_id), KEY name (name)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE oc_product_discount (
  product_discount_id int(11) AUTO_INCREMENT, product_id int(11), customer_group_id int(11),
  quantity int(4) DEFAULT '0', priority int(5) DEFAULT '1', price decimal(15,4) DEFAULT '0.0000',
  type char(1) DEFAULT 'P', special tinyint(1) DEFAULT '0', date_start date, date_end date,
  PRIMARY KEY (product_discount_id), KEY product_id (product_id)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE oc_product_option_value (
  product_option_value_id int(11) AUTO_INCREMENT, product_option_id int(11), product_id int(11), option_id int(11),
  option_value_id int(11) DEFAULT '0', quantity int(3) DEFAULT '0', subtract tinyint(1) DEFAULT '0',
  price decimal(15,4), price_prefix varchar(1), points int(8) DEFAULT '0', points_prefix varchar(1),
  weight decimal(15,8), weight_prefix varchar(1), PRIMARY KEY (product_option_value_id)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE oc_product_subscription (
  product_id int(11), subscription_plan_id int(11), customer_group_id int(11), trial_price decimal(10,4),
  price decimal(10,4), PRIMARY KEY (product_id,subscription_plan_id,customer_group_id)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE oc_product_to_category (
  product_id int(11), category_id int(11), PRIMARY KEY (product_id,category_id), KEY category_id (category_id)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE oc_product_to_store (
  product_id int(11), store_id int(11) DEFAULT '0', PRIMARY KEY (product_id,store_id)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE oc_session (
  session_id varchar(32), data text, expire datetime, PRIMARY KEY (session_id), KEY expire (expire)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE oc_subscription_plan (
  subscription_plan_id int(11) AUTO_INCREMENT, trial_frequency enum('day','week','semi_month','month','year'),
  trial_duration int(10) DEFAULT '0', trial_cycle int(10) DEFAULT '0', trial_status tinyint(4) DEFAULT '0',
  frequency enum('day','week','semi_month','month','year'), duration int(10) DEFAULT '0', cycle int(10) DEFAULT '0',
  status tinyint(1) DEFAULT '0', sort_order int(3) DEFAULT '0', PRIMARY KEY (subscription_plan_id)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE oc_tax_rate (
  tax_rate_id int(11) AUTO_INCREMENT, geo_zone_id int(11) DEFAULT '0', name varchar(32),
  rate decimal(15,4) DEFAULT '0.0000', type char(1), PRIMARY KEY (tax_rate_id)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE oc_tax_rate_to_customer_group (
  tax_rate_id int(11), customer_group_id int(11), PRIMARY KEY (tax_rate_id,customer_group_id)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE oc_tax_rule (
  tax_rule_id int(11) AUTO_INCREMENT, tax_class_id int(11), tax_rate_id int(11), based varchar(10),
  priority int(5) DEFAULT '1', PRIMARY KEY (tax_rule_id)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE oc_zone_to_geo_zone (
  zone_to_geo_zone_id int(11) AUTO_INCREMENT, geo_zone_id int(11), country_id int(11), zone_id int(11) DEFAULT '0',
  PRIMARY KEY (zone_to_geo_zone_id)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
