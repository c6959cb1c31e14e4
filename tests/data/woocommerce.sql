-- The tables of a WooCommerce shop (WordPress 6.9, WooCommerce 10) that Cartwake's preset for it reads.
--
-- The names, types, defaults, keys and indexes are facts of both schemas, written down here in our own layout. Every
-- column is there; what the two write besides (comments, reports, queues) is not. The collation is the one that
-- WordPress chooses where wp-config.php names none. The sessions have an index on session_expiry in later versions only. It
-- needs a session without NO_ZERO_DATE, as WordPress' own is.

CREATE TABLE wp_options (
  option_id bigint(20) unsigned NOT NULL AUTO_INCREMENT, option_name varchar(191) NOT NULL DEFAULT '',
  option_value longtext NOT NULL, autoload varchar(20) NOT NULL DEFAULT 'yes', PRIMARY KEY (option_id),
  UNIQUE KEY option_name (option_name), KEY autoload (autoload)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

CREATE TABLE wp_posts (
  ID bigint(20) unsigned NOT NULL AUTO_INCREMENT, post_author bigint(20) unsigned NOT NULL DEFAULT '0',
  post_date datetime NOT NULL DEFAULT '0000-00-00 00:00:00',
  post_date_gmt datetime NOT NULL DEFAULT '0000-00-00 00:00:00', post_content longtext NOT NULL,
  post_title text NOT NULL, post_excerpt text NOT NULL, post_status varchar(20) NOT NULL DEFAULT 'publish',
  comment_status varchar(20) NOT NULL DEFAULT 'open', ping_status varchar(20) NOT NULL DEFAULT 'open',
  post_password varchar(255) NOT NULL DEFAULT '', post_name varchar(200) NOT NULL DEFAULT '', to_ping text NOT NULL,
  pinged text NOT NULL, post_modified datetime NOT NULL DEFAULT '0000-00-00 00:00:00',
  post_modified_gmt datetime NOT NULL DEFAULT '0000-00-00 00:00:00', post_content_filtered longtext NOT NULL,
  post_parent bigint(20) unsigned NOT NULL DEFAULT '0', guid varchar(255) NOT NULL DEFAULT '',
  menu_order int(11) NOT NULL DEFAULT '0', post_type varchar(20) NOT NULL DEFAULT 'post',
  post_mime_type varchar(100) NOT NULL DEFAULT '', comment_count bigint(20) NOT NULL DEFAULT '0', PRIMARY KEY (ID),
  KEY post_name (post_name(191)), KEY type_status_date (post_type,post_status,post_date,ID),
  KEY post_parent (post_parent), KEY post_author (post_author),
  KEY type_status_author (post_type,post_status,post_author)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

CREATE TABLE wp_postmeta (
  meta_id bigint(20) unsigned NOT NULL AUTO_INCREMENT, post_id bigint(20) unsigned NOT NULL DEFAULT '0',
  meta_key varchar(255) DEFAULT NULL, meta_value longtext, PRIMARY KEY (meta_id), KEY post_id (post_id),
  KEY meta_key (meta_key(191))
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

CREATE TABLE wp_users (
  ID bigint(20) unsigned NOT NULL AUTO_INCREMENT, user_login varchar(60) NOT NULL DEFAULT '',
  user_pass varchar(255) NOT NULL DEFAULT '', user_nicename varchar(50) NOT NULL DEFAULT '',
  user_email varchar(100) NOT NULL DEFAULT '', user_url varchar(100) NOT NULL DEFAULT '',
  user_registered datetime NOT NULL DEFAULT '0000-00-00 00:00:00',
  user_activation_key varchar(255) NOT NULL DEFAULT '', user_status int(11) NOT NULL DEFAULT '0',
  display_name varchar(250) NOT NULL DEFAULT '', PRIMARY KEY (ID), KEY user_login_key (user_login),
  KEY user_nicename (user_nicename), KEY user_email (user_email)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

CREATE TABLE wp_usermeta (
  umeta_id bigint(20) unsigned NOT NULL AUTO_INCREMENT, user_id bigint(20) unsigned NOT NULL DEFAULT '0',
  meta_key varchar(255) DEFAULT NULL, meta_value longtext, PRIMARY KEY (umeta_id), KEY user_id (user_id),
  KEY meta_key (meta_key(191))
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

CREATE TABLE wp_terms (
  term_id bigint(20) unsigned NOT NULL AUTO_INCREMENT, name varchar(200) NOT NULL DEFAULT '',
  slug varchar(200) NOT NULL DEFAULT '', term_group bigint(10) NOT NULL DEFAULT 0, PRIMARY KEY (term_id),
  KEY slug (slug(191)), KEY name (name(191))
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

CREATE TABLE wp_term_taxonomy (
  term_taxonomy_id bigint(20) unsigned NOT NULL AUTO_INCREMENT, term_id bigint(20) unsigned NOT NULL DEFAULT 0,
  taxonomy varchar(32) NOT NULL DEFAULT '', description longtext NOT NULL,
  parent bigint(20) unsigned NOT NULL DEFAULT 0, count bigint(20) NOT NULL DEFAULT 0,
  PRIMARY KEY (term_taxonomy_id), UNIQUE KEY term_id_taxonomy (term_id,taxonomy), KEY taxonomy (taxonomy)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

CREATE TABLE wp_term_relationships (
  object_id bigint(20) unsigned NOT NULL DEFAULT 0, term_taxonomy_id bigint(20) unsigned NOT NULL DEFAULT 0,
  term_order int(11) NOT NULL DEFAULT 0, PRIMARY KEY (object_id,term_taxonomy_id),
  KEY term_taxonomy_id (term_taxonomy_id)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

CREATE TABLE wp_woocommerce_sessions (
  session_id bigint(20) unsigned NOT NULL AUTO_INCREMENT, session_key char(32) NOT NULL,
  session_value longtext NOT NULL, session_expiry bigint(20) unsigned NOT NULL, PRIMARY KEY (session_id),
  UNIQUE KEY session_key (session_key)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

CREATE TABLE wp_woocommerce_order_items (
  order_item_id bigint(20) unsigned NOT NULL AUTO_INCREMENT, order_item_name text NOT NULL,
  order_item_type varchar(200) NOT NULL DEFAULT '', order_id bigint(20) unsigned NOT NULL,
  PRIMARY KEY (order_item_id), KEY order_id (order_id)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

CREATE TABLE wp_wc_product_meta_lookup (
  product_id bigint(20) NOT NULL, sku varchar(100) DEFAULT '', global_unique_id varchar(100) DEFAULT '',
  `virtual` tinyint(1) DEFAULT 0, downloadable tinyint(1) DEFAULT 0, min_price decimal(19,4) DEFAULT NULL,
  max_price decimal(19,4) DEFAULT NULL, onsale tinyint(1) DEFAULT 0, stock_quantity double DEFAULT NULL,
  stock_status varchar(100) DEFAULT 'instock', rating_count bigint(20) DEFAULT 0,
  average_rating decimal(3,2) DEFAULT 0.00, total_sales bigint(20) DEFAULT 0, tax_status varchar(100) DEFAULT 'taxable',
  tax_class varchar(100) DEFAULT '', PRIMARY KEY (product_id), KEY `virtual` (`virtual`),
  KEY downloadable (downloadable), KEY stock_status (stock_status), KEY stock_quantity (stock_quantity),
  KEY onsale (onsale), KEY min_max_price (min_price,max_price), KEY sku (sku(50))
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

CREATE TABLE wp_wc_customer_lookup (
  customer_id bigint(20) unsigned NOT NULL AUTO_INCREMENT, user_id bigint(20) unsigned DEFAULT NULL,
  username varchar(60) NOT NULL DEFAULT '', first_name varchar(255) NOT NULL, last_name varchar(255) NOT NULL,
  email varchar(100) DEFAULT NULL, date_last_active timestamp NULL DEFAULT NULL,
  date_registered timestamp NULL DEFAULT NULL, country char(2) NOT NULL DEFAULT '',
  postcode varchar(20) NOT NULL DEFAULT '', city varchar(100) NOT NULL DEFAULT '',
  state varchar(100) NOT NULL DEFAULT '', PRIMARY KEY (customer_id), UNIQUE KEY user_id (user_id), KEY email (email)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

CREATE TABLE wp_wc_order_stats (
  order_id bigint(20) unsigned NOT NULL, parent_id bigint(20) unsigned NOT NULL DEFAULT 0,
  date_created datetime NOT NULL DEFAULT '0000-00-00 00:00:00',
  date_created_gmt datetime NOT NULL DEFAULT '0000-00-00 00:00:00', date_paid datetime DEFAULT '0000-00-00 00:00:00',
  date_completed datetime DEFAULT '0000-00-00 00:00:00', num_items_sold int(11) NOT NULL DEFAULT 0,
  total_sales double NOT NULL DEFAULT 0, tax_total double NOT NULL DEFAULT 0,
  shipping_total double NOT NULL DEFAULT 0, net_total double NOT NULL DEFAULT 0,
  returning_customer tinyint(1) DEFAULT NULL, status varchar(200) NOT NULL,
  customer_id bigint(20) unsigned NOT NULL, PRIMARY KEY (order_id), KEY date_created (date_created),
  KEY customer_id (customer_id), KEY status (status(191))
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

CREATE TABLE wp_wc_order_product_lookup (
  order_item_id bigint(20) unsigned NOT NULL, order_id bigint(20) unsigned NOT NULL,
  product_id bigint(20) unsigned NOT NULL, variation_id bigint(20) unsigned NOT NULL,
  customer_id bigint(20) unsigned DEFAULT NULL, date_created datetime NOT NULL DEFAULT '0000-00-00 00:00:00',
  product_qty int(11) NOT NULL, product_net_revenue double NOT NULL DEFAULT 0,
  product_gross_revenue double NOT NULL DEFAULT 0, coupon_amount double NOT NULL DEFAULT 0,
  tax_amount double NOT NULL DEFAULT 0, shipping_amount double NOT NULL DEFAULT 0,
  shipping_tax_amount double NOT NULL DEFAULT 0, PRIMARY KEY (order_item_id), KEY order_id (order_id),
  KEY product_id (product_id), KEY customer_id (customer_id), KEY date_created (date_created)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

CREATE TABLE wp_wc_orders (
  id bigint(20) unsigned NOT NULL, status varchar(20) DEFAULT NULL, currency varchar(10) DEFAULT NULL,
  type varchar(20) DEFAULT NULL, tax_amount decimal(26,8) DEFAULT NULL, total_amount decimal(26,8) DEFAULT NULL,
  customer_id bigint(20) unsigned DEFAULT NULL, billing_email varchar(320) DEFAULT NULL,
  date_created_gmt datetime DEFAULT NULL, date_updated_gmt datetime DEFAULT NULL,
  parent_order_id bigint(20) unsigned DEFAULT NULL, payment_method varchar(100) DEFAULT NULL,
  payment_method_title text, transaction_id varchar(100) DEFAULT NULL, ip_address varchar(100) DEFAULT NULL,
  user_agent text, customer_note text, PRIMARY KEY (id), KEY status (status), KEY date_created (date_created_gmt),
  KEY customer_id_billing_email (customer_id,billing_email(171)), KEY billing_email (billing_email(191)),
  KEY type_status_date (type,status,date_created_gmt), KEY parent_order_id (parent_order_id),
  KEY date_updated (date_updated_gmt)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

CREATE TABLE wp_wc_order_addresses (
  id bigint(20) unsigned NOT NULL AUTO_INCREMENT, order_id bigint(20) unsigned NOT NULL,
  address_type varchar(20) DEFAULT NULL, first_name text, last_name text, company text, address_1 text,
  address_2 text, city text, state text, postcode text, country text, email varchar(320) DEFAULT NULL,
  phone varchar(100) DEFAULT NULL, PRIMARY KEY (id), KEY order_id (order_id),
  UNIQUE KEY address_type_order_id (address_type,order_id), KEY email (email(191)), KEY phone (phone)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

CREATE TABLE wp_wc_order_operational_data (
  id bigint(20) unsigned NOT NULL AUTO_INCREMENT, order_id bigint(20) unsigned DEFAULT NULL,
  created_via varchar(100) DEFAULT NULL, woocommerce_version varchar(20) DEFAULT NULL,
  prices_include_tax tinyint(1) DEFAULT NULL, coupon_usages_are_counted tinyint(1) DEFAULT NULL,
  download_permission_granted tinyint(1) DEFAULT NULL, cart_hash varchar(100) DEFAULT NULL,
  new_order_email_sent tinyint(1) DEFAULT NULL, order_key varchar(100) DEFAULT NULL,
  order_stock_reduced tinyint(1) DEFAULT NULL, date_paid_gmt datetime DEFAULT NULL,
  date_completed_gmt datetime DEFAULT NULL, shipping_tax_amount decimal(26,8) DEFAULT NULL,
  shipping_total_amount decimal(26,8) DEFAULT NULL, discount_tax_amount decimal(26,8) DEFAULT NULL,
  discount_total_amount decimal(26,8) DEFAULT NULL, recorded_sales tinyint(1) DEFAULT NULL, PRIMARY KEY (id),
  UNIQUE KEY order_id (order_id), KEY order_key (order_key)
) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;
