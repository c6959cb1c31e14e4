-- The tables of a PrestaShop 8 shop (8.1 to 8.2) that Cartwake's preset reads, and those that say what it read.
--
-- The names, types, defaults, keys and indexes are facts of PrestaShop 8's schema, written down here in our own layout.
-- Every column is there. The prefix is the usual one. PrestaShop declares no foreign keys. What it declares under
-- sql_mode '' (texts without a default, dates that hold zeros) also passes in strict mode: only values may be refused.
-- lang, shop, shop_group, shop_url and the attributes come from its ORM, hence their plain INT and their other collation.

CREATE TABLE ps_shop_group (
  id_shop_group INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name VARCHAR(64) NOT NULL,
  color VARCHAR(50) NOT NULL,
  share_customer TINYINT(1) NOT NULL,
  share_order TINYINT(1) NOT NULL,
  share_stock TINYINT(1) NOT NULL,
  active TINYINT(1) NOT NULL,
  deleted TINYINT(1) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE ps_shop (
  id_shop INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  id_shop_group INT NOT NULL,
  name VARCHAR(64) NOT NULL,
  color VARCHAR(50) NOT NULL,
  id_category INT NOT NULL,
  theme_name VARCHAR(255) NOT NULL,
  active TINYINT(1) NOT NULL,
  deleted TINYINT(1) NOT NULL,
  KEY IDX_CBDFBB9EF5C9E40 (id_shop_group)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE ps_shop_url (
  id_shop_url INT(11) UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  id_shop INT(11) UNSIGNED NOT NULL,
  domain VARCHAR(150) NOT NULL,
  domain_ssl VARCHAR(150) NOT NULL,
  physical_uri VARCHAR(64) NOT NULL,
  virtual_uri VARCHAR(64) NOT NULL,
  main TINYINT(1) NOT NULL,
  active TINYINT(1) NOT NULL,
  KEY id_shop (id_shop, main),
  UNIQUE KEY full_shop_url (domain, physical_uri, virtual_uri),
  UNIQUE KEY full_shop_url_ssl (domain_ssl, physical_uri, virtual_uri)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE ps_lang (
  id_lang INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name VARCHAR(32) NOT NULL,
  active TINYINT(1) NOT NULL,
  iso_code VARCHAR(2) NOT NULL,
  language_code VARCHAR(5) NOT NULL,
  locale VARCHAR(5) NOT NULL,
  date_format_lite VARCHAR(32) NOT NULL,
  date_format_full VARCHAR(32) NOT NULL,
  is_rtl TINYINT(1) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE ps_configuration (
  id_configuration INT(10) UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  id_shop_group INT(11) UNSIGNED DEFAULT NULL,
  id_shop INT(11) UNSIGNED DEFAULT NULL,
  name VARCHAR(254) NOT NULL,
  value TEXT,
  date_add DATETIME NOT NULL,
  date_upd DATETIME NOT NULL,
  KEY name (name),
  KEY id_shop (id_shop),
  KEY id_shop_group (id_shop_group)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE ps_currency (
  id_currency INT(10) UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name VARCHAR(64) NOT NULL,
  iso_code VARCHAR(3) NOT NULL DEFAULT '0',
  numeric_iso_code VARCHAR(3) DEFAULT NULL,
  `precision` INT(2) NOT NULL DEFAULT 6,
  conversion_rate DECIMAL(13, 6) NOT NULL,
  deleted TINYINT(1) UNSIGNED NOT NULL DEFAULT 0,
  active TINYINT(1) UNSIGNED NOT NULL DEFAULT 1,
  unofficial TINYINT(1) UNSIGNED NOT NULL DEFAULT 0,
  modified TINYINT(1) UNSIGNED NOT NULL DEFAULT 0,
  KEY currency_iso_code (iso_code)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE ps_currency_lang (
  id_currency INT(10) UNSIGNED NOT NULL,
  id_lang INT(10) UNSIGNED NOT NULL,
  name VARCHAR(255) NOT NULL,
  symbol VARCHAR(255) NOT NULL,
  pattern VARCHAR(255) DEFAULT NULL,
  PRIMARY KEY (id_currency, id_lang)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE ps_currency_shop (
  id_currency INT(11) UNSIGNED NOT NULL,
  id_shop INT(11) UNSIGNED NOT NULL,
  conversion_rate DECIMAL(13, 6) NOT NULL,
  PRIMARY KEY (id_currency, id_shop),
  KEY id_shop (id_shop)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- Carts and their owners.

CREATE TABLE ps_cart (
  id_cart INT(10) UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  id_shop_group INT(11) UNSIGNED NOT NULL DEFAULT 1,
  id_shop INT(11) UNSIGNED NOT NULL DEFAULT 1,
  id_carrier INT(10) UNSIGNED NOT NULL,
  delivery_option TEXT NOT NULL,
  id_lang INT(10) UNSIGNED NOT NULL,
  id_address_delivery INT(10) UNSIGNED NOT NULL,
  id_address_invoice INT(10) UNSIGNED NOT NULL,
  id_currency INT(10) UNSIGNED NOT NULL,
  id_customer INT(10) UNSIGNED NOT NULL,
  id_guest INT(10) UNSIGNED NOT NULL,
  secure_key VARCHAR(32) NOT NULL DEFAULT '-1',
  recyclable TINYINT(1) UNSIGNED NOT NULL DEFAULT 1,
  gift TINYINT(1) UNSIGNED NOT NULL DEFAULT 0,
  gift_message TEXT,
  mobile_theme TINYINT(1) NOT NULL DEFAULT 0,
  allow_seperated_package TINYINT(1) UNSIGNED NOT NULL DEFAULT 0,
  date_add DATETIME NOT NULL,
  date_upd DATETIME NOT NULL,
  checkout_session_data MEDIUMTEXT,
  KEY cart_customer (id_customer),
  KEY id_address_delivery (id_address_delivery),
  KEY id_address_invoice (id_address_invoice),
  KEY id_carrier (id_carrier),
  KEY id_lang (id_lang),
  KEY id_currency (id_currency),
  KEY id_guest (id_guest),
  KEY id_shop_group (id_shop_group),
  KEY id_shop_2 (id_shop, date_upd),
  KEY id_shop (id_shop, date_add)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE ps_cart_product (
  id_cart INT(10) UNSIGNED NOT NULL,
  id_product INT(10) UNSIGNED NOT NULL,
  id_address_delivery INT(10) UNSIGNED NOT NULL DEFAULT 0,
  id_shop INT(10) UNSIGNED NOT NULL DEFAULT 1,
  id_product_attribute INT(10) UNSIGNED NOT NULL DEFAULT 0,
  id_customization INT(10) UNSIGNED NOT NULL DEFAULT 0,
  quantity INT(10) UNSIGNED NOT NULL DEFAULT 0,
  date_add DATETIME NOT NULL,
  PRIMARY KEY (id_cart, id_product, id_product_attribute, id_customization, id_address_delivery),
  KEY id_product_attribute (id_product_attribute),
  KEY id_cart_order (id_cart, date_add, id_product, id_product_attribute)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE ps_cart_rule (
  id_cart_rule INT(10) UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  id_customer INT UNSIGNED NOT NULL DEFAULT 0,
  date_from DATETIME NOT NULL,
  date_to DATETIME NOT NULL,
  description TEXT,
  quantity INT(10) UNSIGNED NOT NULL DEFAULT 0,
  quantity_per_user INT(10) UNSIGNED NOT NULL DEFAULT 0,
  priority INT(10) UNSIGNED NOT NULL DEFAULT 1,
  partial_use TINYINT(1) UNSIGNED NOT NULL DEFAULT 0,
  code VARCHAR(254) NOT NULL,
  minimum_amount DECIMAL(20, 6) NOT NULL DEFAULT 0,
  minimum_amount_tax TINYINT(1) NOT NULL DEFAULT 0,
  minimum_amount_currency INT UNSIGNED NOT NULL DEFAULT 0,
  minimum_amount_shipping TINYINT(1) NOT NULL DEFAULT 0,
  country_restriction TINYINT(1) UNSIGNED NOT NULL DEFAULT 0,
  carrier_restriction TINYINT(1) UNSIGNED NOT NULL DEFAULT 0,
  group_restriction TINYINT(1) UNSIGNED NOT NULL DEFAULT 0,
  cart_rule_restriction TINYINT(1) UNSIGNED NOT NULL DEFAULT 0,
  product_restriction TINYINT(1) UNSIGNED NOT NULL DEFAULT 0,
  shop_restriction TINYINT(1) UNSIGNED NOT NULL DEFAULT 0,
  free_shipping TINYINT(1) NOT NULL DEFAULT 0,
  reduction_percent DECIMAL(5, 2) NOT NULL DEFAULT 0,
  reduction_amount DECIMAL(20, 6) NOT NULL DEFAULT 0,
  reduction_tax TINYINT(1) UNSIGNED NOT NULL DEFAULT 0,
  reduction_currency INT(10) UNSIGNED NOT NULL DEFAULT 0,
  reduction_product INT(10) NOT NULL DEFAULT 0,
  reduction_exclude_special TINYINT(1) UNSIGNED NOT NULL DEFAULT 0,
  gift_product INT(10) UNSIGNED NOT NULL DEFAULT 0,
  gift_product_attribute INT(10) UNSIGNED NOT NULL DEFAULT 0,
  highlight TINYINT(1) UNSIGNED NOT NULL DEFAULT 0,
  active TINYINT(1) UNSIGNED NOT NULL DEFAULT 0,
  date_add DATETIME NOT NULL,
  date_upd DATETIME NOT NULL,
  KEY id_customer (id_customer, active, date_to),
  KEY group_restriction (group_restriction, active, date_to),
  KEY id_customer_2 (id_customer, active, highlight, date_to),
  KEY group_restriction_2 (group_restriction, active, highlight, date_to),
  KEY date_from (date_from),
  KEY date_to (date_to)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE ps_cart_cart_rule (
  id_cart INT(10) UNSIGNED NOT NULL,
  id_cart_rule INT(10) UNSIGNED NOT NULL,
  PRIMARY KEY (id_cart, id_cart_rule),
  KEY id_cart_rule (id_cart_rule)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE ps_customer (
  id_customer INT(10) UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  id_shop_group INT(11) UNSIGNED NOT NULL DEFAULT 1,
  id_shop INT(11) UNSIGNED NOT NULL DEFAULT 1,
  id_gender INT(10) UNSIGNED NOT NULL,
  id_default_group INT(10) UNSIGNED NOT NULL DEFAULT 1,
  id_lang INT(10) UNSIGNED DEFAULT NULL,
  id_risk INT(10) UNSIGNED NOT NULL DEFAULT 1,
  company VARCHAR(255) DEFAULT NULL,
  siret VARCHAR(14) DEFAULT NULL,
  ape VARCHAR(6) DEFAULT NULL,
  firstname VARCHAR(255) NOT NULL,
  lastname VARCHAR(255) NOT NULL,
  email VARCHAR(255) NOT NULL,
  passwd VARCHAR(255) NOT NULL,
  last_passwd_gen TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
  birthday DATE DEFAULT NULL,
  newsletter TINYINT(1) UNSIGNED NOT NULL DEFAULT 0,
  ip_registration_newsletter VARCHAR(15) DEFAULT NULL,
  newsletter_date_add DATETIME DEFAULT NULL,
  optin TINYINT(1) UNSIGNED NOT NULL DEFAULT 0,
  website VARCHAR(128) DEFAULT NULL,
  outstanding_allow_amount DECIMAL(20, 6) NOT NULL DEFAULT 0,
  show_public_prices TINYINT(1) UNSIGNED NOT NULL DEFAULT 0,
  max_payment_days INT(10) UNSIGNED NOT NULL DEFAULT 60,
  secure_key VARCHAR(32) NOT NULL DEFAULT '-1',
  note TEXT,
  active TINYINT(1) UNSIGNED NOT NULL DEFAULT 0,
  is_guest TINYINT(1) NOT NULL DEFAULT 0,
  deleted TINYINT(1) NOT NULL DEFAULT 0,
  date_add DATETIME NOT NULL,
  date_upd DATETIME NOT NULL,
  reset_password_token VARCHAR(40) DEFAULT NULL,
  reset_password_validity DATETIME DEFAULT NULL,
  KEY customer_email (email),
  KEY customer_login (email, passwd),
  KEY id_customer_passwd (id_customer, passwd),
  KEY id_gender (id_gender),
  KEY id_shop_group (id_shop_group),
  KEY id_shop (id_shop, date_add)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE ps_address (
  id_address INT(10) UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  id_country INT(10) UNSIGNED NOT NULL,
  id_state INT(10) UNSIGNED DEFAULT NULL,
  id_customer INT(10) UNSIGNED NOT NULL DEFAULT 0,
  id_manufacturer INT(10) UNSIGNED NOT NULL DEFAULT 0,
  id_supplier INT(10) UNSIGNED NOT NULL DEFAULT 0,
  id_warehouse INT(10) UNSIGNED NOT NULL DEFAULT 0,
  alias VARCHAR(32) NOT NULL,
  company VARCHAR(255) DEFAULT NULL,
  lastname VARCHAR(255) NOT NULL,
  firstname VARCHAR(255) NOT NULL,
  address1 VARCHAR(128) NOT NULL,
  address2 VARCHAR(128) DEFAULT NULL,
  postcode VARCHAR(12) DEFAULT NULL,
  city VARCHAR(64) NOT NULL,
  other TEXT,
  phone VARCHAR(32) DEFAULT NULL,
  phone_mobile VARCHAR(32) DEFAULT NULL,
  vat_number VARCHAR(32) DEFAULT NULL,
  dni VARCHAR(16) DEFAULT NULL,
  date_add DATETIME NOT NULL,
  date_upd DATETIME NOT NULL,
  active TINYINT(1) UNSIGNED NOT NULL DEFAULT 1,
  deleted TINYINT(1) UNSIGNED NOT NULL DEFAULT 0,
  KEY address_customer (id_customer),
  KEY id_country (id_country),
  KEY id_state (id_state),
  KEY id_manufacturer (id_manufacturer),
  KEY id_supplier (id_supplier),
  KEY id_warehouse (id_warehouse)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- Orders.

CREATE TABLE ps_order_state (
  id_order_state INT(10) UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  invoice TINYINT(1) UNSIGNED DEFAULT 0,
  send_email TINYINT(1) UNSIGNED NOT NULL DEFAULT 0,
  module_name VARCHAR(255) DEFAULT NULL,
  color VARCHAR(32) DEFAULT NULL,
  unremovable TINYINT(1) UNSIGNED NOT NULL,
  hidden TINYINT(1) UNSIGNED NOT NULL DEFAULT 0,
  logable TINYINT(1) NOT NULL DEFAULT 0,
  delivery TINYINT(1) UNSIGNED NOT NULL DEFAULT 0,
  shipped TINYINT(1) UNSIGNED NOT NULL DEFAULT 0,
  paid TINYINT(1) UNSIGNED NOT NULL DEFAULT 0,
  pdf_invoice TINYINT(1) UNSIGNED NOT NULL DEFAULT 0,
  pdf_delivery TINYINT(1) UNSIGNED NOT NULL DEFAULT 0,
  deleted TINYINT(1) UNSIGNED NOT NULL DEFAULT 0,
  KEY module_name (module_name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE ps_order_state_lang (
  id_order_state INT(10) UNSIGNED NOT NULL,
  id_lang INT(10) UNSIGNED NOT NULL,
  name VARCHAR(64) NOT NULL,
  template VARCHAR(64) NOT NULL,
  PRIMARY KEY (id_order_state, id_lang)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE ps_orders (
  id_order INT(10) UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  reference VARCHAR(9) DEFAULT NULL,
  id_shop_group INT(11) UNSIGNED NOT NULL DEFAULT 1,
  id_shop INT(11) UNSIGNED NOT NULL DEFAULT 1,
  id_carrier INT(10) UNSIGNED NOT NULL,
  id_lang INT(10) UNSIGNED NOT NULL,
  id_customer INT(10) UNSIGNED NOT NULL,
  id_cart INT(10) UNSIGNED NOT NULL,
  id_currency INT(10) UNSIGNED NOT NULL,
  id_address_delivery INT(10) UNSIGNED NOT NULL,
  id_address_invoice INT(10) UNSIGNED NOT NULL,
  current_state INT(10) UNSIGNED NOT NULL,
  secure_key VARCHAR(32) NOT NULL DEFAULT '-1',
  payment VARCHAR(255) NOT NULL,
  conversion_rate DECIMAL(13, 6) NOT NULL DEFAULT 1,
  module VARCHAR(255) DEFAULT NULL,
  recyclable TINYINT(1) UNSIGNED NOT NULL DEFAULT 0,
  gift TINYINT(1) UNSIGNED NOT NULL DEFAULT 0,
  gift_message TEXT,
  mobile_theme TINYINT(1) NOT NULL DEFAULT 0,
  total_discounts DECIMAL(20, 6) NOT NULL DEFAULT 0,
  total_discounts_tax_incl DECIMAL(20, 6) NOT NULL DEFAULT 0,
  total_discounts_tax_excl DECIMAL(20, 6) NOT NULL DEFAULT 0,
  total_paid DECIMAL(20, 6) NOT NULL DEFAULT 0,
  total_paid_tax_incl DECIMAL(20, 6) NOT NULL DEFAULT 0,
  total_paid_tax_excl DECIMAL(20, 6) NOT NULL DEFAULT 0,
  total_paid_real DECIMAL(20, 6) NOT NULL DEFAULT 0,
  total_products DECIMAL(20, 6) NOT NULL DEFAULT 0,
  total_products_wt DECIMAL(20, 6) NOT NULL DEFAULT 0,
  total_shipping DECIMAL(20, 6) NOT NULL DEFAULT 0,
  total_shipping_tax_incl DECIMAL(20, 6) NOT NULL DEFAULT 0,
  total_shipping_tax_excl DECIMAL(20, 6) NOT NULL DEFAULT 0,
  carrier_tax_rate DECIMAL(10, 3) NOT NULL DEFAULT 0,
  total_wrapping DECIMAL(20, 6) NOT NULL DEFAULT 0,
  total_wrapping_tax_incl DECIMAL(20, 6) NOT NULL DEFAULT 0,
  total_wrapping_tax_excl DECIMAL(20, 6) NOT NULL DEFAULT 0,
  round_mode TINYINT(1) NOT NULL DEFAULT 2,
  round_type TINYINT(1) NOT NULL DEFAULT 1,
  invoice_number INT(10) UNSIGNED NOT NULL DEFAULT 0,
  delivery_number INT(10) UNSIGNED NOT NULL DEFAULT 0,
  invoice_date DATETIME NOT NULL,
  delivery_date DATETIME NOT NULL,
  valid INT(1) UNSIGNED NOT NULL DEFAULT 0,
  date_add DATETIME NOT NULL,
  date_upd DATETIME NOT NULL,
  note TEXT,
  KEY reference (reference),
  KEY id_customer (id_customer),
  KEY id_cart (id_cart),
  KEY invoice_number (invoice_number),
  KEY id_carrier (id_carrier),
  KEY id_lang (id_lang),
  KEY id_currency (id_currency),
  KEY id_address_delivery (id_address_delivery),
  KEY id_address_invoice (id_address_invoice),
  KEY id_shop_group (id_shop_group),
  KEY current_state (current_state),
  KEY id_shop (id_shop),
  KEY date_add (date_add)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE ps_order_detail (
  id_order_detail INT(10) UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  id_order INT(10) UNSIGNED NOT NULL,
  id_order_invoice INT(11) DEFAULT NULL,
  id_warehouse INT(10) UNSIGNED DEFAULT 0,
  id_shop INT(11) UNSIGNED NOT NULL,
  product_id INT(10) UNSIGNED NOT NULL,
  product_attribute_id INT(10) UNSIGNED DEFAULT NULL,
  id_customization INT(10) UNSIGNED DEFAULT 0,
  product_name TEXT NOT NULL,
  product_quantity INT(10) UNSIGNED NOT NULL DEFAULT 0,
  product_quantity_in_stock INT(10) NOT NULL DEFAULT 0,
  product_quantity_refunded INT(10) UNSIGNED NOT NULL DEFAULT 0,
  product_quantity_return INT(10) UNSIGNED NOT NULL DEFAULT 0,
  product_quantity_reinjected INT(10) UNSIGNED NOT NULL DEFAULT 0,
  product_price DECIMAL(20, 6) NOT NULL DEFAULT 0,
  reduction_percent DECIMAL(5, 2) NOT NULL DEFAULT 0,
  reduction_amount DECIMAL(20, 6) NOT NULL DEFAULT 0,
  reduction_amount_tax_incl DECIMAL(20, 6) NOT NULL DEFAULT 0,
  reduction_amount_tax_excl DECIMAL(20, 6) NOT NULL DEFAULT 0,
  group_reduction DECIMAL(5, 2) NOT NULL DEFAULT 0,
  product_quantity_discount DECIMAL(20, 6) NOT NULL DEFAULT 0,
  product_ean13 VARCHAR(13) DEFAULT NULL,
  product_isbn VARCHAR(32) DEFAULT NULL,
  product_upc VARCHAR(12) DEFAULT NULL,
  product_mpn VARCHAR(40) DEFAULT NULL,
  product_reference VARCHAR(64) DEFAULT NULL,
  product_supplier_reference VARCHAR(64) DEFAULT NULL,
  product_weight DECIMAL(20, 6) NOT NULL,
  id_tax_rules_group INT(11) UNSIGNED DEFAULT 0,
  tax_computation_method TINYINT(1) UNSIGNED NOT NULL DEFAULT 0,
  tax_name VARCHAR(16) NOT NULL,
  tax_rate DECIMAL(10, 3) NOT NULL DEFAULT 0,
  ecotax DECIMAL(17, 6) NOT NULL DEFAULT 0,
  ecotax_tax_rate DECIMAL(5, 3) NOT NULL DEFAULT 0,
  discount_quantity_applied TINYINT(1) NOT NULL DEFAULT 0,
  download_hash VARCHAR(255) DEFAULT NULL,
  download_nb INT(10) UNSIGNED DEFAULT 0,
  download_deadline DATETIME DEFAULT NULL,
  total_price_tax_incl DECIMAL(20, 6) NOT NULL DEFAULT 0,
  total_price_tax_excl DECIMAL(20, 6) NOT NULL DEFAULT 0,
  unit_price_tax_incl DECIMAL(20, 6) NOT NULL DEFAULT 0,
  unit_price_tax_excl DECIMAL(20, 6) NOT NULL DEFAULT 0,
  total_shipping_price_tax_incl DECIMAL(20, 6) NOT NULL DEFAULT 0,
  total_shipping_price_tax_excl DECIMAL(20, 6) NOT NULL DEFAULT 0,
  purchase_supplier_price DECIMAL(20, 6) NOT NULL DEFAULT 0,
  original_product_price DECIMAL(20, 6) NOT NULL DEFAULT 0,
  original_wholesale_price DECIMAL(20, 6) NOT NULL DEFAULT 0,
  total_refunded_tax_excl DECIMAL(20, 6) NOT NULL DEFAULT 0,
  total_refunded_tax_incl DECIMAL(20, 6) NOT NULL DEFAULT 0,
  KEY order_detail_order (id_order),
  KEY product_id (product_id, product_attribute_id),
  KEY product_attribute_id (product_attribute_id),
  KEY id_tax_rules_group (id_tax_rules_group),
  KEY id_order_id_order_detail (id_order, id_order_detail)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE ps_order_history (
  id_order_history INT(10) UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  id_employee INT(10) UNSIGNED NOT NULL,
  id_order INT(10) UNSIGNED NOT NULL,
  id_order_state INT(10) UNSIGNED NOT NULL,
  date_add DATETIME NOT NULL,
  KEY order_history_order (id_order),
  KEY id_employee (id_employee),
  KEY id_order_state (id_order_state)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- The catalogue.

CREATE TABLE ps_category (
  id_category INT(10) UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  id_parent INT(10) UNSIGNED NOT NULL,
  id_shop_default INT(10) UNSIGNED NOT NULL DEFAULT 1,
  level_depth TINYINT(3) UNSIGNED NOT NULL DEFAULT 0,
  nleft INT(10) UNSIGNED NOT NULL DEFAULT 0,
  nright INT(10) UNSIGNED NOT NULL DEFAULT 0,
  active TINYINT(1) UNSIGNED NOT NULL DEFAULT 0,
  date_add DATETIME NOT NULL,
  date_upd DATETIME NOT NULL,
  position INT(10) UNSIGNED NOT NULL DEFAULT 0,
  is_root_category TINYINT(1) NOT NULL DEFAULT 0,
  KEY category_parent (id_parent),
  KEY nleftrightactive (nleft, nright, active),
  KEY level_depth (level_depth),
  KEY nright (nright),
  KEY activenleft (active, nleft),
  KEY activenright (active, nright)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE ps_category_lang (
  id_category INT(10) UNSIGNED NOT NULL,
  id_shop INT(11) UNSIGNED NOT NULL DEFAULT 1,
  id_lang INT(10) UNSIGNED NOT NULL,
  name VARCHAR(128) NOT NULL,
  description TEXT,
  additional_description TEXT,
  link_rewrite VARCHAR(128) NOT NULL,
  meta_title VARCHAR(255) DEFAULT NULL,
  meta_keywords VARCHAR(255) DEFAULT NULL,
  meta_description VARCHAR(512) DEFAULT NULL,
  PRIMARY KEY (id_category, id_shop, id_lang),
  KEY category_name (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE ps_category_product (
  id_category INT(10) UNSIGNED NOT NULL,
  id_product INT(10) UNSIGNED NOT NULL,
  position INT(10) UNSIGNED NOT NULL DEFAULT 0,
  PRIMARY KEY (id_category, id_product),
  KEY id_product (id_product),
  KEY id_category (id_category, position)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE ps_product (
  id_product INT(10) UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  id_supplier INT(10) UNSIGNED DEFAULT NULL,
  id_manufacturer INT(10) UNSIGNED DEFAULT NULL,
  id_category_default INT(10) UNSIGNED DEFAULT NULL,
  id_shop_default INT(10) UNSIGNED NOT NULL DEFAULT 1,
  id_tax_rules_group INT(11) UNSIGNED NOT NULL,
  on_sale TINYINT(1) UNSIGNED NOT NULL DEFAULT 0,
  online_only TINYINT(1) UNSIGNED NOT NULL DEFAULT 0,
  ean13 VARCHAR(13) DEFAULT NULL,
  isbn VARCHAR(32) DEFAULT NULL,
  upc VARCHAR(12) DEFAULT NULL,
  mpn VARCHAR(40) DEFAULT NULL,
  ecotax DECIMAL(17, 6) NOT NULL DEFAULT 0,
  quantity INT(10) NOT NULL DEFAULT 0,
  minimal_quantity INT(10) UNSIGNED NOT NULL DEFAULT 1,
  low_stock_threshold INT(10) DEFAULT NULL,
  low_stock_alert TINYINT(1) NOT NULL DEFAULT 0,
  price DECIMAL(20, 6) NOT NULL DEFAULT 0,
  wholesale_price DECIMAL(20, 6) NOT NULL DEFAULT 0,
  unity VARCHAR(255) DEFAULT NULL,
  unit_price DECIMAL(20, 6) NOT NULL DEFAULT 0,
  unit_price_ratio DECIMAL(20, 6) NOT NULL DEFAULT 0,
  additional_shipping_cost DECIMAL(20, 6) NOT NULL DEFAULT 0,
  reference VARCHAR(64) DEFAULT NULL,
  supplier_reference VARCHAR(64) DEFAULT NULL,
  location VARCHAR(255) NOT NULL DEFAULT '',
  width DECIMAL(20, 6) NOT NULL DEFAULT 0,
  height DECIMAL(20, 6) NOT NULL DEFAULT 0,
  depth DECIMAL(20, 6) NOT NULL DEFAULT 0,
  weight DECIMAL(20, 6) NOT NULL DEFAULT 0,
  out_of_stock INT(10) UNSIGNED NOT NULL DEFAULT 2,
  additional_delivery_times TINYINT(1) UNSIGNED NOT NULL DEFAULT 1,
  quantity_discount TINYINT(1) DEFAULT 0,
  customizable TINYINT(2) NOT NULL DEFAULT 0,
  uploadable_files TINYINT(4) NOT NULL DEFAULT 0,
  text_fields TINYINT(4) NOT NULL DEFAULT 0,
  active TINYINT(1) UNSIGNED NOT NULL DEFAULT 0,
  redirect_type ENUM('', '404', '410', '301-product', '302-product', '301-category', '302-category',
    '200-displayed', '404-displayed', '410-displayed', 'default') NOT NULL DEFAULT 'default',
  id_type_redirected INT(10) UNSIGNED NOT NULL DEFAULT 0,
  available_for_order TINYINT(1) NOT NULL DEFAULT 1,
  available_date DATE DEFAULT NULL,
  show_condition TINYINT(1) NOT NULL DEFAULT 0,
  `condition` ENUM('new', 'used', 'refurbished') NOT NULL DEFAULT 'new',
  show_price TINYINT(1) NOT NULL DEFAULT 1,
  indexed TINYINT(1) NOT NULL DEFAULT 0,
  visibility ENUM('both', 'catalog', 'search', 'none') NOT NULL DEFAULT 'both',
  cache_is_pack TINYINT(1) NOT NULL DEFAULT 0,
  cache_has_attachments TINYINT(1) NOT NULL DEFAULT 0,
  is_virtual TINYINT(1) NOT NULL DEFAULT 0,
  cache_default_attribute INT(10) UNSIGNED DEFAULT NULL,
  date_add DATETIME NOT NULL,
  date_upd DATETIME NOT NULL,
  advanced_stock_management TINYINT(1) NOT NULL DEFAULT 0,
  pack_stock_type INT(11) UNSIGNED NOT NULL DEFAULT 3,
  state INT(11) UNSIGNED NOT NULL DEFAULT 1,
  product_type ENUM('standard', 'pack', 'virtual', 'combinations', '') NOT NULL DEFAULT '',
  KEY reference_idx (reference),
  KEY supplier_reference_idx (supplier_reference),
  KEY product_supplier (id_supplier),
  KEY product_manufacturer (id_manufacturer, id_product),
  KEY id_category_default (id_category_default),
  KEY indexed (indexed),
  KEY date_add (date_add),
  KEY state (state, date_upd)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE ps_product_shop (
  id_product INT(10) UNSIGNED NOT NULL,
  id_shop INT(10) UNSIGNED NOT NULL,
  id_category_default INT(10) UNSIGNED DEFAULT NULL,
  id_tax_rules_group INT(11) UNSIGNED NOT NULL,
  on_sale TINYINT(1) UNSIGNED NOT NULL DEFAULT 0,
  online_only TINYINT(1) UNSIGNED NOT NULL DEFAULT 0,
  ecotax DECIMAL(17, 6) NOT NULL DEFAULT 0,
  minimal_quantity INT(10) UNSIGNED NOT NULL DEFAULT 1,
  low_stock_threshold INT(10) DEFAULT NULL,
  low_stock_alert TINYINT(1) NOT NULL DEFAULT 0,
  price DECIMAL(20, 6) NOT NULL DEFAULT 0,
  wholesale_price DECIMAL(20, 6) NOT NULL DEFAULT 0,
  unity VARCHAR(255) DEFAULT NULL,
  unit_price DECIMAL(20, 6) NOT NULL DEFAULT 0,
  unit_price_ratio DECIMAL(20, 6) NOT NULL DEFAULT 0,
  additional_shipping_cost DECIMAL(20, 6) NOT NULL DEFAULT 0,
  customizable TINYINT(2) NOT NULL DEFAULT 0,
  uploadable_files TINYINT(4) NOT NULL DEFAULT 0,
  text_fields TINYINT(4) NOT NULL DEFAULT 0,
  active TINYINT(1) UNSIGNED NOT NULL DEFAULT 0,
  redirect_type ENUM('', '404', '410', '301-product', '302-product', '301-category', '302-category',
    '200-displayed', '404-displayed', '410-displayed', 'default') NOT NULL DEFAULT 'default',
  id_type_redirected INT(10) UNSIGNED NOT NULL DEFAULT 0,
  available_for_order TINYINT(1) NOT NULL DEFAULT 1,
  available_date DATE DEFAULT NULL,
  show_condition TINYINT(1) NOT NULL DEFAULT 1,
  `condition` ENUM('new', 'used', 'refurbished') NOT NULL DEFAULT 'new',
  show_price TINYINT(1) NOT NULL DEFAULT 1,
  indexed TINYINT(1) NOT NULL DEFAULT 0,
  visibility ENUM('both', 'catalog', 'search', 'none') NOT NULL DEFAULT 'both',
  cache_default_attribute INT(10) UNSIGNED DEFAULT NULL,
  advanced_stock_management TINYINT(1) NOT NULL DEFAULT 0,
  date_add DATETIME NOT NULL,
  date_upd DATETIME NOT NULL,
  pack_stock_type INT(11) UNSIGNED NOT NULL DEFAULT 3,
  PRIMARY KEY (id_product, id_shop),
  KEY id_category_default (id_category_default),
  KEY date_add (date_add, active, visibility),
  KEY indexed (indexed, active, id_product)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE ps_product_lang (
  id_product INT(10) UNSIGNED NOT NULL,
  id_shop INT(11) UNSIGNED NOT NULL DEFAULT 1,
  id_lang INT(10) UNSIGNED NOT NULL,
  description TEXT,
  description_short TEXT,
  link_rewrite VARCHAR(128) NOT NULL,
  meta_description VARCHAR(512) DEFAULT NULL,
  meta_keywords VARCHAR(255) DEFAULT NULL,
  meta_title VARCHAR(128) DEFAULT NULL,
  name VARCHAR(128) NOT NULL,
  available_now VARCHAR(255) DEFAULT NULL,
  available_later VARCHAR(255) DEFAULT NULL,
  delivery_in_stock VARCHAR(255) DEFAULT NULL,
  delivery_out_stock VARCHAR(255) DEFAULT NULL,
  PRIMARY KEY (id_product, id_shop, id_lang),
  KEY id_lang (id_lang),
  KEY name (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE ps_product_attribute (
  id_product_attribute INT(10) UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  id_product INT(10) UNSIGNED NOT NULL,
  reference VARCHAR(64) DEFAULT NULL,
  supplier_reference VARCHAR(64) DEFAULT NULL,
  ean13 VARCHAR(13) DEFAULT NULL,
  isbn VARCHAR(32) DEFAULT NULL,
  upc VARCHAR(12) DEFAULT NULL,
  mpn VARCHAR(40) DEFAULT NULL,
  wholesale_price DECIMAL(20, 6) NOT NULL DEFAULT 0,
  price DECIMAL(20, 6) NOT NULL DEFAULT 0,
  ecotax DECIMAL(17, 6) NOT NULL DEFAULT 0,
  weight DECIMAL(20, 6) NOT NULL DEFAULT 0,
  unit_price_impact DECIMAL(20, 6) NOT NULL DEFAULT 0,
  default_on TINYINT(1) UNSIGNED DEFAULT NULL,
  minimal_quantity INT(10) UNSIGNED NOT NULL DEFAULT 1,
  low_stock_threshold INT(10) DEFAULT NULL,
  low_stock_alert TINYINT(1) NOT NULL DEFAULT 0,
  available_date DATE DEFAULT NULL,
  KEY product_attribute_product (id_product),
  KEY reference (reference),
  KEY supplier_reference (supplier_reference),
  UNIQUE KEY product_default (id_product, default_on),
  KEY id_product_id_product_attribute (id_product_attribute, id_product)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE ps_product_attribute_shop (
  id_product INT(10) UNSIGNED NOT NULL,
  id_product_attribute INT(10) UNSIGNED NOT NULL,
  id_shop INT(10) UNSIGNED NOT NULL,
  wholesale_price DECIMAL(20, 6) NOT NULL DEFAULT 0,
  price DECIMAL(20, 6) NOT NULL DEFAULT 0,
  ecotax DECIMAL(17, 6) NOT NULL DEFAULT 0,
  weight DECIMAL(20, 6) NOT NULL DEFAULT 0,
  unit_price_impact DECIMAL(20, 6) NOT NULL DEFAULT 0,
  default_on TINYINT(1) UNSIGNED DEFAULT NULL,
  minimal_quantity INT(10) UNSIGNED NOT NULL DEFAULT 1,
  low_stock_threshold INT(10) DEFAULT NULL,
  low_stock_alert TINYINT(1) NOT NULL DEFAULT 0,
  available_date DATE DEFAULT NULL,
  PRIMARY KEY (id_product_attribute, id_shop),
  UNIQUE KEY id_product (id_product, id_shop, default_on)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE ps_product_attribute_combination (
  id_attribute INT(10) UNSIGNED NOT NULL,
  id_product_attribute INT(10) UNSIGNED NOT NULL,
  PRIMARY KEY (id_attribute, id_product_attribute),
  KEY id_product_attribute (id_product_attribute)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE ps_product_attribute_image (
  id_product_attribute INT(10) UNSIGNED NOT NULL,
  id_image INT(10) UNSIGNED NOT NULL,
  PRIMARY KEY (id_product_attribute, id_image),
  KEY id_image (id_image)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE ps_attribute_group (
  id_attribute_group INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  is_color_group TINYINT(1) NOT NULL,
  group_type VARCHAR(255) NOT NULL,
  position INT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE ps_attribute_group_lang (
  id_attribute_group INT NOT NULL,
  id_lang INT NOT NULL,
  name VARCHAR(128) NOT NULL,
  public_name VARCHAR(64) NOT NULL,
  PRIMARY KEY (id_attribute_group, id_lang),
  KEY IDX_4653726C67A664FB (id_attribute_group),
  KEY IDX_4653726CBA299860 (id_lang)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE ps_attribute (
  id_attribute INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  id_attribute_group INT NOT NULL,
  color VARCHAR(32) NOT NULL,
  position INT NOT NULL,
  KEY attribute_group (id_attribute_group)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE ps_attribute_lang (
  id_attribute INT NOT NULL,
  id_lang INT NOT NULL,
  name VARCHAR(128) NOT NULL,
  PRIMARY KEY (id_attribute, id_lang),
  KEY IDX_3ABE46A77A4F53DC (id_attribute),
  KEY IDX_3ABE46A7BA299860 (id_lang)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE ps_image (
  id_image INT(10) UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  id_product INT(10) UNSIGNED NOT NULL,
  position SMALLINT(2) UNSIGNED NOT NULL DEFAULT 0,
  cover TINYINT(1) UNSIGNED DEFAULT NULL,
  KEY image_product (id_product),
  UNIQUE KEY id_product_cover (id_product, cover),
  UNIQUE KEY idx_product_image (id_image, id_product, cover)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE ps_image_shop (
  id_product INT(10) UNSIGNED NOT NULL,
  id_image INT(11) UNSIGNED NOT NULL,
  id_shop INT(11) UNSIGNED NOT NULL,
  cover TINYINT(1) UNSIGNED DEFAULT NULL,
  PRIMARY KEY (id_image, id_shop),
  UNIQUE KEY id_product (id_product, id_shop, cover),
  KEY id_shop (id_shop)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE ps_image_lang (
  id_image INT(10) UNSIGNED NOT NULL,
  id_lang INT(10) UNSIGNED NOT NULL,
  legend VARCHAR(128) DEFAULT NULL,
  PRIMARY KEY (id_image, id_lang),
  KEY id_image (id_image)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE ps_stock_available (
  id_stock_available INT(11) UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  id_product INT(11) UNSIGNED NOT NULL,
  id_product_attribute INT(11) UNSIGNED NOT NULL,
  id_shop INT(11) UNSIGNED NOT NULL,
  id_shop_group INT(11) UNSIGNED NOT NULL,
  quantity INT(10) NOT NULL DEFAULT 0,
  physical_quantity INT(11) NOT NULL DEFAULT 0,
  reserved_quantity INT(11) NOT NULL DEFAULT 0,
  depends_on_stock TINYINT(1) UNSIGNED NOT NULL DEFAULT 0,
  out_of_stock TINYINT(1) UNSIGNED NOT NULL DEFAULT 0,
  location VARCHAR(255) NOT NULL DEFAULT '',
  KEY id_shop (id_shop),
  KEY id_shop_group (id_shop_group),
  KEY id_product (id_product),
  KEY id_product_attribute (id_product_attribute),
  UNIQUE KEY product_sqlstock (id_product, id_product_attribute, id_shop, id_shop_group)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- Prices: taxes and special prices.

CREATE TABLE ps_tax (
  id_tax INT(10) UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  rate DECIMAL(10, 3) NOT NULL,
  active TINYINT(1) UNSIGNED NOT NULL DEFAULT 1,
  deleted TINYINT(1) UNSIGNED NOT NULL DEFAULT 0
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE ps_tax_rule (
  id_tax_rule INT(11) NOT NULL AUTO_INCREMENT PRIMARY KEY,
  id_tax_rules_group INT(11) NOT NULL,
  id_country INT(11) NOT NULL,
  id_state INT(11) NOT NULL,
  zipcode_from VARCHAR(12) NOT NULL,
  zipcode_to VARCHAR(12) NOT NULL,
  id_tax INT(11) NOT NULL,
  behavior INT(11) NOT NULL,
  description VARCHAR(100) NOT NULL,
  KEY id_tax_rules_group (id_tax_rules_group),
  KEY id_tax (id_tax),
  KEY category_getproducts (id_tax_rules_group, id_country, id_state, zipcode_from)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE ps_tax_rules_group (
  id_tax_rules_group INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name VARCHAR(50) NOT NULL,
  active INT NOT NULL,
  deleted TINYINT(1) UNSIGNED NOT NULL,
  date_add DATETIME NOT NULL,
  date_upd DATETIME NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE ps_specific_price_priority (
  id_specific_price_priority INT NOT NULL AUTO_INCREMENT,
  id_product INT NOT NULL,
  priority VARCHAR(80) NOT NULL,
  PRIMARY KEY (id_specific_price_priority, id_product),
  UNIQUE KEY id_product (id_product)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE ps_group (
  id_group INT(10) UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  reduction DECIMAL(5, 2) NOT NULL DEFAULT 0,
  price_display_method TINYINT NOT NULL DEFAULT 0,
  show_prices TINYINT(1) UNSIGNED NOT NULL DEFAULT 1,
  date_add DATETIME NOT NULL,
  date_upd DATETIME NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE ps_product_group_reduction_cache (
  id_product INT UNSIGNED NOT NULL,
  id_group INT UNSIGNED NOT NULL,
  reduction DECIMAL(5, 4) NOT NULL,
  PRIMARY KEY (id_product, id_group)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE ps_specific_price (
  id_specific_price INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  id_specific_price_rule INT(11) UNSIGNED NOT NULL,
  id_cart INT(11) UNSIGNED NOT NULL,
  id_product INT UNSIGNED NOT NULL,
  id_shop INT(11) UNSIGNED NOT NULL DEFAULT 1,
  id_shop_group INT(11) UNSIGNED NOT NULL,
  id_currency INT UNSIGNED NOT NULL,
  id_country INT UNSIGNED NOT NULL,
  id_group INT UNSIGNED NOT NULL,
  id_customer INT UNSIGNED NOT NULL,
  id_product_attribute INT UNSIGNED NOT NULL,
  price DECIMAL(20, 6) NOT NULL,
  from_quantity MEDIUMINT(8) UNSIGNED NOT NULL,
  reduction DECIMAL(20, 6) NOT NULL,
  reduction_tax TINYINT(1) NOT NULL DEFAULT 1,
  reduction_type ENUM('amount', 'percentage') NOT NULL,
  `from` DATETIME NOT NULL,
  `to` DATETIME NOT NULL,
  KEY id_product (id_product, id_shop, id_currency, id_country, id_group, id_customer, from_quantity, `from`, `to`),
  KEY from_quantity (from_quantity),
  KEY id_specific_price_rule (id_specific_price_rule),
  KEY id_cart (id_cart),
  KEY id_product_attribute (id_product_attribute),
  KEY id_shop (id_shop),
  KEY id_customer (id_customer),
  KEY `from` (`from`),
  KEY `to` (`to`),
  UNIQUE KEY id_product_2 (id_product, id_product_attribute, id_customer, id_cart, `from`, `to`, id_shop,
    id_shop_group, id_currency, id_country, id_group, from_quantity, id_specific_price_rule)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
