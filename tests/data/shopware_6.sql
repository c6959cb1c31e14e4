-- The tables of a Shopware 6.6 shop that Cartwake's preset for it reads; for 6.5's cart see tests/fakes/shopware/shop.py.
--
-- The names, types, defaults, keys and indexes are facts of its migrations (V6_3 to V6_6), written down here in our own
-- layout. Left out are tables that the preset does not read, foreign keys to these, and columns of products and
-- customers that nothing here writes. Most of its CHECKs for JSON are left out, too.

CREATE TABLE locale (
  id BINARY(16) NOT NULL, code VARCHAR(255) COLLATE utf8mb4_unicode_ci NOT NULL, created_at DATETIME(3) NOT NULL,
  updated_at DATETIME(3) NULL, PRIMARY KEY (id), UNIQUE KEY `uniq.code` (code)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE language (
  id BINARY(16) NOT NULL, name VARCHAR(50) COLLATE utf8mb4_unicode_ci NOT NULL, parent_id BINARY(16) NULL,
  locale_id BINARY(16) NOT NULL, translation_code_id BINARY(16) NULL, custom_fields JSON NULL,
  created_at DATETIME(3) NOT NULL, updated_at DATETIME(3) NULL, PRIMARY KEY (id),
  KEY `idx.language.translation_code_id` (translation_code_id),
  KEY `idx.language.language_id_parent_language_id` (id, parent_id),
  CONSTRAINT `fk.language.parent_id` FOREIGN KEY (parent_id) REFERENCES language (id) ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT `fk.language.locale_id` FOREIGN KEY (locale_id) REFERENCES locale (id) ON DELETE CASCADE ON UPDATE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE currency (
  id BINARY(16) NOT NULL, iso_code CHAR(3) NOT NULL, factor DOUBLE NOT NULL,
  symbol VARCHAR(255) COLLATE utf8mb4_unicode_ci NOT NULL, position INT(11) NOT NULL DEFAULT 1,
  item_rounding JSON NULL, total_rounding JSON NULL, tax_free_from DOUBLE DEFAULT 0, created_at DATETIME(3) NOT NULL,
  updated_at DATETIME(3) NULL, PRIMARY KEY (id), CONSTRAINT `uniq.currency.iso_code` UNIQUE (iso_code)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE sales_channel (
  id BINARY(16) NOT NULL, type_id BINARY(16) NOT NULL, short_name VARCHAR(45) NULL, configuration JSON NULL,
  access_key VARCHAR(255) COLLATE utf8mb4_unicode_ci NOT NULL, language_id BINARY(16) NOT NULL,
  currency_id BINARY(16) NOT NULL, active TINYINT(1) NOT NULL DEFAULT '1', created_at DATETIME(3) NOT NULL,
  updated_at DATETIME(3) NULL, PRIMARY KEY (id), UNIQUE `uniq.access_key` (access_key),
  CONSTRAINT `fk.sales_channel.currency_id` FOREIGN KEY (currency_id) REFERENCES currency (id) ON UPDATE CASCADE,
  CONSTRAINT `fk.sales_channel.language_id` FOREIGN KEY (language_id) REFERENCES language (id) ON UPDATE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE sales_channel_domain (
  id BINARY(16) NOT NULL PRIMARY KEY, sales_channel_id BINARY(16) NOT NULL, language_id BINARY(16) NOT NULL,
  url VARCHAR(255) NOT NULL, currency_id BINARY(16) NOT NULL, snippet_set_id BINARY(16) NOT NULL,
  hreflang_use_only_locale TINYINT(1) unsigned DEFAULT 0, custom_fields JSON NULL, created_at DATETIME(3) NOT NULL,
  updated_at DATETIME(3) NULL, CONSTRAINT `uniq.sales_channel_domain.url` UNIQUE (url),
  CONSTRAINT `fk.sales_channel_domain.language_id` FOREIGN KEY (language_id) REFERENCES language (id) ON UPDATE CASCADE,
  CONSTRAINT `fk.sales_channel_domain.sales_channel_id` FOREIGN KEY (sales_channel_id)
    REFERENCES sales_channel (id) ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT `fk.sales_channel_domain.currency_id` FOREIGN KEY (currency_id) REFERENCES currency (id) ON UPDATE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE customer_group (
  id BINARY(16) NOT NULL, display_gross TINYINT(1) NOT NULL DEFAULT 1, created_at DATETIME(3) NOT NULL,
  updated_at DATETIME(3) NULL, PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE customer_group_translation (
  customer_group_id BINARY(16) NOT NULL, language_id BINARY(16) NOT NULL,
  name VARCHAR(255) COLLATE utf8mb4_unicode_ci NULL, custom_fields JSON NULL, created_at DATETIME(3) NOT NULL,
  updated_at DATETIME(3) NULL, PRIMARY KEY (customer_group_id, language_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE customer (
  id BINARY(16) NOT NULL, auto_increment BIGINT unsigned NOT NULL AUTO_INCREMENT, customer_group_id BINARY(16) NOT NULL,
  sales_channel_id BINARY(16) NOT NULL, language_id BINARY(16) NOT NULL, default_billing_address_id BINARY(16) NOT NULL,
  default_shipping_address_id BINARY(16) NOT NULL, customer_number VARCHAR(255) COLLATE utf8mb4_unicode_ci NOT NULL,
  salutation_id BINARY(16) NULL, first_name VARCHAR(255) COLLATE utf8mb4_unicode_ci NOT NULL,
  last_name VARCHAR(255) COLLATE utf8mb4_unicode_ci NOT NULL, password VARCHAR(1024) COLLATE utf8mb4_unicode_ci NULL,
  email VARCHAR(254) COLLATE utf8mb4_unicode_ci NOT NULL, active TINYINT(1) NOT NULL DEFAULT 1,
  double_opt_in_registration TINYINT(1) NOT NULL DEFAULT 0, double_opt_in_email_sent_date DATETIME(3) NULL,
  double_opt_in_confirm_date DATETIME(3) NULL, hash VARCHAR(255) NULL UNIQUE, guest TINYINT(1) NOT NULL DEFAULT 0,
  first_login DATETIME(3) NULL, last_login DATETIME(3) NULL, newsletter_sales_channel_ids JSON NULL,
  last_order_date DATETIME(3), order_count INT(5) NOT NULL DEFAULT 0, order_total_amount DOUBLE DEFAULT 0,
  custom_fields JSON NULL, created_at DATETIME(3) NOT NULL, updated_at DATETIME(3) NULL, PRIMARY KEY (id),
  UNIQUE `uniq.auto_increment` (auto_increment), KEY `idx.firstlogin` (first_login), KEY `idx.lastlogin` (last_login),
  KEY `idx.customer.default_billing_address_id` (default_billing_address_id),
  KEY `idx.customer.default_shipping_address_id` (default_shipping_address_id), KEY `idx.email` (email),
  CONSTRAINT `fk.customer.customer_group_id` FOREIGN KEY (customer_group_id) REFERENCES customer_group (id) ON UPDATE CASCADE,
  CONSTRAINT `fk.customer.sales_channel_id` FOREIGN KEY (sales_channel_id) REFERENCES sales_channel (id) ON UPDATE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE newsletter_recipient (
  id BINARY(16) NOT NULL, email VARCHAR(255) COLLATE utf8mb4_unicode_ci NOT NULL,
  status VARCHAR(255) COLLATE utf8mb4_unicode_ci NOT NULL, hash VARCHAR(255) COLLATE utf8mb4_unicode_ci NOT NULL UNIQUE,
  language_id BINARY(16) NOT NULL, sales_channel_id BINARY(16) NOT NULL, custom_fields JSON NULL,
  confirmed_at DATETIME(3) NULL, created_at DATETIME(3) NOT NULL, updated_at DATETIME(3) NULL, PRIMARY KEY (id),
  KEY `idx.newsletter_recipient.email` (email)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE cart (
  token VARCHAR(50) COLLATE utf8mb4_unicode_ci NOT NULL, rule_ids JSON NOT NULL, created_at DATETIME(3) NOT NULL,
  compressed TINYINT(1) NOT NULL DEFAULT 0, payload LONGBLOB NULL, auto_increment BIGINT NOT NULL AUTO_INCREMENT UNIQUE,
  PRIMARY KEY (token), INDEX `idx.cart.created_at` (created_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE sales_channel_api_context (
  token VARCHAR(255) COLLATE utf8mb4_unicode_ci NOT NULL, payload JSON NOT NULL, sales_channel_id BINARY(16) NULL,
  customer_id BINARY(16) NULL, updated_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP, PRIMARY KEY (token),
  UNIQUE `uniq.sales_channel_api_context.sales_channel_id_customer_id` (sales_channel_id, customer_id),
  CONSTRAINT `fk.sales_channel_api_context.sales_channel_id` FOREIGN KEY (sales_channel_id)
    REFERENCES sales_channel (id) ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT `fk.sales_channel_api_context.customer_id` FOREIGN KEY (customer_id)
    REFERENCES customer (id) ON DELETE CASCADE ON UPDATE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE state_machine (
  id BINARY(16) NOT NULL, technical_name VARCHAR(255) COLLATE utf8mb4_unicode_ci NOT NULL,
  initial_state_id BINARY(16) NULL, created_at DATETIME(3) NOT NULL, updated_at DATETIME(3) NULL, PRIMARY KEY (id),
  UNIQUE `uniq.state_machine.technical_name` (technical_name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE state_machine_state (
  id BINARY(16) NOT NULL, technical_name VARCHAR(255) COLLATE utf8mb4_unicode_ci NOT NULL,
  state_machine_id BINARY(16) NOT NULL, created_at DATETIME(3) NOT NULL, updated_at DATETIME(3) NULL, PRIMARY KEY (id),
  KEY `idx.state_machine_state.state_machine_id` (state_machine_id),
  UNIQUE `uniq.technical_name_state_machine` (technical_name, state_machine_id),
  CONSTRAINT `fk.state_machine_state.state_machine_id` FOREIGN KEY (state_machine_id) REFERENCES state_machine (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `order` (
  id BINARY(16) NOT NULL, version_id BINARY(16) NOT NULL, state_id BINARY(16) NOT NULL,
  auto_increment BIGINT unsigned NOT NULL AUTO_INCREMENT, order_number VARCHAR(64), currency_id BINARY(16) NOT NULL,
  language_id BINARY(16) NOT NULL, currency_factor DOUBLE NULL, sales_channel_id BINARY(16) NOT NULL,
  billing_address_id BINARY(16) NOT NULL, billing_address_version_id BINARY(16) NOT NULL, price JSON NOT NULL,
  order_date_time DATETIME(3) NOT NULL,
  order_date DATE GENERATED ALWAYS AS (CONVERT(order_date_time, DATE)) STORED,
  amount_total DOUBLE GENERATED ALWAYS AS (JSON_UNQUOTE(JSON_EXTRACT(price, '$.totalPrice'))) VIRTUAL,
  amount_net DOUBLE GENERATED ALWAYS AS (JSON_UNQUOTE(JSON_EXTRACT(price, '$.netPrice'))) VIRTUAL,
  position_price DOUBLE GENERATED ALWAYS AS (JSON_UNQUOTE(JSON_EXTRACT(price, '$.positionPrice'))) VIRTUAL,
  tax_status VARCHAR(255) GENERATED ALWAYS AS (JSON_UNQUOTE(JSON_EXTRACT(price, '$.taxStatus'))) VIRTUAL,
  shipping_costs JSON NOT NULL,
  shipping_total DOUBLE GENERATED ALWAYS AS (JSON_UNQUOTE(JSON_EXTRACT(shipping_costs, '$.totalPrice'))) VIRTUAL,
  deep_link_code VARCHAR(32) NULL, custom_fields JSON NULL, affiliate_code VARCHAR(255) NULL,
  campaign_code VARCHAR(255) NULL, customer_comment LONGTEXT NULL, rule_ids JSON NULL, created_by_id BINARY(16) NULL,
  updated_by_id BINARY(16) NULL, item_rounding JSON NULL, total_rounding JSON NULL, source VARCHAR(255) NULL,
  created_at DATETIME(3) NOT NULL, updated_at DATETIME(3) NULL, PRIMARY KEY (id, version_id),
  INDEX `idx.state_index` (state_id), UNIQUE `uniq.auto_increment` (auto_increment),
  UNIQUE `uniq.deep_link_code` (deep_link_code, version_id), INDEX `idx.order_number` (order_number),
  INDEX `idx.order_date_currency_id` (order_date, currency_id),
  CONSTRAINT `char_length.order.deep_link_code` CHECK (CHAR_LENGTH(deep_link_code) = 32),
  CONSTRAINT `json.order.price` CHECK (JSON_VALID(price)),
  CONSTRAINT `json.order.shipping_costs` CHECK (JSON_VALID(shipping_costs)),
  CONSTRAINT `fk.order.currency_id` FOREIGN KEY (currency_id) REFERENCES currency (id) ON UPDATE CASCADE,
  CONSTRAINT `fk.order.sales_channel_id` FOREIGN KEY (sales_channel_id) REFERENCES sales_channel (id) ON UPDATE CASCADE,
  CONSTRAINT `fk.order.state_id` FOREIGN KEY (state_id) REFERENCES state_machine_state (id) ON UPDATE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE order_customer (
  id BINARY(16) NOT NULL, version_id BINARY(16) NOT NULL, customer_id BINARY(16) NULL, order_id BINARY(16) NOT NULL,
  order_version_id BINARY(16) NOT NULL, email VARCHAR(254) COLLATE utf8mb4_unicode_ci NOT NULL,
  salutation_id BINARY(16) NULL, first_name VARCHAR(255) COLLATE utf8mb4_unicode_ci NOT NULL,
  last_name VARCHAR(255) COLLATE utf8mb4_unicode_ci NOT NULL, title VARCHAR(100) COLLATE utf8mb4_unicode_ci NULL,
  company VARCHAR(255) COLLATE utf8mb4_unicode_ci NULL, vat_ids JSON NULL,
  customer_number VARCHAR(255) COLLATE utf8mb4_unicode_ci NULL, remote_address VARCHAR(255) NULL,
  custom_fields JSON NULL, created_at DATETIME(3) NOT NULL, updated_at DATETIME(3) NULL, PRIMARY KEY (id, version_id),
  CONSTRAINT `fk.order_customer.customer_id` FOREIGN KEY (customer_id)
    REFERENCES customer (id) ON DELETE SET NULL ON UPDATE CASCADE,
  CONSTRAINT `fk.order_customer.order_id` FOREIGN KEY (order_id, order_version_id)
    REFERENCES `order` (id, version_id) ON DELETE CASCADE ON UPDATE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE order_transaction (
  id BINARY(16) NOT NULL, version_id BINARY(16) NOT NULL, order_id BINARY(16) NOT NULL,
  order_version_id BINARY(16) NOT NULL, state_id BINARY(16) NOT NULL, payment_method_id BINARY(16) NOT NULL,
  amount JSON NOT NULL, custom_fields JSON NULL, validation_data JSON NULL, created_at DATETIME(3) NOT NULL,
  updated_at DATETIME(3) NULL, PRIMARY KEY (id, version_id), INDEX `idx.state_index` (state_id),
  CONSTRAINT `json.order_transaction.amount` CHECK (JSON_VALID(amount)),
  CONSTRAINT `fk.order_transaction.order_id` FOREIGN KEY (order_id, order_version_id)
    REFERENCES `order` (id, version_id) ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT `fk.order_transaction.state_id` FOREIGN KEY (state_id) REFERENCES state_machine_state (id) ON UPDATE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE media (
  id BINARY(16) NOT NULL, mime_type VARCHAR(255) COLLATE utf8mb4_unicode_ci NULL,
  file_extension VARCHAR(50) COLLATE utf8mb4_unicode_ci NULL, file_size INT(10) unsigned NULL, meta_data JSON NULL,
  file_name LONGTEXT COLLATE utf8mb4_unicode_ci NULL, media_type LONGBLOB NULL, thumbnails_ro LONGBLOB NULL,
  private TINYINT(1) NOT NULL DEFAULT 0, path VARCHAR(2048) NULL, uploaded_at DATETIME(3) NULL,
  created_at DATETIME(3) NOT NULL, updated_at DATETIME(3) NULL, PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE product (
  id BINARY(16) NOT NULL, version_id BINARY(16) NOT NULL, auto_increment INT(11) NOT NULL AUTO_INCREMENT UNIQUE,
  product_number VARCHAR(64) NULL, active TINYINT unsigned NULL, parent_id BINARY(16) NULL,
  parent_version_id BINARY(16) NULL, tax_id BINARY(16) NULL, product_media_id BINARY(16) NULL,
  product_media_version_id BINARY(16) NULL, category_tree JSON NULL, option_ids JSON NULL, property_ids JSON NULL,
  cover BINARY(16) NULL, visibilities BINARY(16) NULL, categories BINARY(16) NULL, translations BINARY(16) NULL,
  price JSON NULL, stock INT(11) NOT NULL, available_stock INT(11) NULL, available TINYINT(1) NOT NULL DEFAULT 1,
  restock_time INT(11) NULL, is_closeout TINYINT(1) NULL, purchase_steps INT(11) unsigned NULL,
  max_purchase INT(11) unsigned NULL, min_purchase INT(11) unsigned NULL, child_count INT(11),
  display_group VARCHAR(50) NULL, sales INT(11) NOT NULL DEFAULT 0, created_at DATETIME(3) NULL,
  updated_at DATETIME(3) NULL, PRIMARY KEY (id, version_id),
  CONSTRAINT `uniq.product.product_number__version_id` UNIQUE (product_number, version_id),
  CONSTRAINT `json.product.price` CHECK (JSON_VALID(price)),
  CONSTRAINT `fk.product.parent_id` FOREIGN KEY (parent_id, parent_version_id)
    REFERENCES product (id, version_id) ON DELETE CASCADE ON UPDATE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE product_translation (
  product_id BINARY(16) NOT NULL, product_version_id BINARY(16) NOT NULL, language_id BINARY(16) NOT NULL,
  name VARCHAR(255) COLLATE utf8mb4_unicode_ci NULL, keywords MEDIUMTEXT COLLATE utf8mb4_unicode_ci NULL,
  description MEDIUMTEXT COLLATE utf8mb4_unicode_ci NULL, meta_title VARCHAR(255) COLLATE utf8mb4_unicode_ci NULL,
  pack_unit VARCHAR(255) COLLATE utf8mb4_unicode_ci NULL, custom_fields JSON NULL, created_at DATETIME(3) NOT NULL,
  updated_at DATETIME(3) NULL, PRIMARY KEY (product_id, product_version_id, language_id),
  CONSTRAINT `fk.product_translation.language_id` FOREIGN KEY (language_id)
    REFERENCES language (id) ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT `fk.product_translation.product_id` FOREIGN KEY (product_id, product_version_id)
    REFERENCES product (id, version_id) ON DELETE CASCADE ON UPDATE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE product_media (
  id BINARY(16) NOT NULL, version_id BINARY(16) NOT NULL, position INT(11) NOT NULL DEFAULT 1,
  product_id BINARY(16) NOT NULL, product_version_id BINARY(16) NOT NULL, media_id BINARY(16) NOT NULL,
  custom_fields JSON NULL, created_at DATETIME(3) NOT NULL, updated_at DATETIME(3) NULL, PRIMARY KEY (id, version_id),
  CONSTRAINT `fk.product_media.media_id` FOREIGN KEY (media_id)
    REFERENCES media (id) ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT `fk.product_media.product_id` FOREIGN KEY (product_id, product_version_id)
    REFERENCES product (id, version_id) ON DELETE CASCADE ON UPDATE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE product_visibility (
  id BINARY(16) NOT NULL, product_id BINARY(16) NOT NULL, product_version_id BINARY(16) NOT NULL,
  sales_channel_id BINARY(16) NOT NULL, visibility INT(11) NOT NULL, created_at DATETIME(3) NOT NULL,
  updated_at DATETIME(3) NULL, PRIMARY KEY (id),
  UNIQUE `uniq.product_id__sales_channel_id` (product_id, product_version_id, sales_channel_id),
  KEY `idx.product_visibility.product_id` (product_id, product_version_id),
  KEY `idx.product_visibility.sales_channel_id` (sales_channel_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE property_group_option (
  id BINARY(16) NOT NULL, property_group_id BINARY(16) NOT NULL, color_hex_code VARCHAR(20) NULL,
  media_id BINARY(16) NULL, created_at DATETIME(3) NOT NULL, updated_at DATETIME(3) NULL, PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE property_group_option_translation (
  property_group_option_id BINARY(16) NOT NULL, language_id BINARY(16) NOT NULL,
  name VARCHAR(255) COLLATE utf8mb4_unicode_ci NULL, position INT(11) NOT NULL DEFAULT 1, custom_fields JSON NULL,
  created_at DATETIME(3) NOT NULL, updated_at DATETIME(3) NULL, PRIMARY KEY (property_group_option_id, language_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE product_option (
  product_id BINARY(16) NOT NULL, product_version_id BINARY(16) NOT NULL, property_group_option_id BINARY(16) NOT NULL,
  PRIMARY KEY (product_id, product_version_id, property_group_option_id),
  CONSTRAINT `fk.product_option.product_id` FOREIGN KEY (product_id, product_version_id)
    REFERENCES product (id, version_id) ON DELETE CASCADE ON UPDATE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE product_category (
  product_id BINARY(16) NOT NULL, product_version_id BINARY(16) NOT NULL, category_id BINARY(16) NOT NULL,
  category_version_id BINARY(16) NOT NULL, PRIMARY KEY (product_id, product_version_id, category_id, category_version_id),
  CONSTRAINT `fk.product_category.product_id` FOREIGN KEY (product_id, product_version_id)
    REFERENCES product (id, version_id) ON DELETE CASCADE ON UPDATE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE category_translation (
  category_id BINARY(16) NOT NULL, category_version_id BINARY(16) NOT NULL, language_id BINARY(16) NOT NULL,
  name VARCHAR(255) COLLATE utf8mb4_unicode_ci NULL, description LONGTEXT COLLATE utf8mb4_unicode_ci NULL,
  custom_fields JSON NULL, created_at DATETIME(3) NOT NULL, updated_at DATETIME(3) NULL,
  PRIMARY KEY (category_id, category_version_id, language_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
