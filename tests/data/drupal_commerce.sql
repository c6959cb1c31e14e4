-- The tables of a Drupal Commerce shop (2.x and 3.x on Drupal 10 and 11) that Cartwake's preset for it reads, or that a cart's
-- save writes.
--
-- The names, types, keys and indexes are facts of what Drupal makes of the entities' field definitions, written down here in our
-- own layout. The modules are those of a usual shop: cart, checkout, order, price, product, promotion, store, and profile; the
-- fields `body` and `field_images` are as the field UI makes them. Drupal keeps its moments as seconds since 1970.

CREATE TABLE commerce_order (
  order_id int unsigned NOT NULL AUTO_INCREMENT, type varchar(32) CHARACTER SET ascii NOT NULL,
  uuid varchar(128) CHARACTER SET ascii NOT NULL, version int DEFAULT NULL, order_number varchar(255) DEFAULT NULL,
  store_id int unsigned DEFAULT NULL, uid int unsigned DEFAULT NULL, mail varchar(254) DEFAULT NULL,
  ip_address varchar(128) DEFAULT NULL, billing_profile__target_id int unsigned DEFAULT NULL,
  billing_profile__target_revision_id int unsigned DEFAULT NULL, total_price__number decimal(19,6) DEFAULT NULL,
  total_price__currency_code varchar(3) DEFAULT NULL, total_paid__number decimal(19,6) DEFAULT NULL,
  total_paid__currency_code varchar(3) DEFAULT NULL, state varchar(255) CHARACTER SET ascii DEFAULT NULL, data longblob,
  locked tinyint DEFAULT NULL, created int DEFAULT NULL, changed int DEFAULT NULL, placed int DEFAULT NULL,
  completed int DEFAULT NULL, customer_comments longtext, cart tinyint DEFAULT NULL,
  checkout_flow varchar(255) CHARACTER SET ascii DEFAULT NULL, checkout_step varchar(255) DEFAULT NULL,
  PRIMARY KEY (order_id), UNIQUE KEY commerce_order_field__uuid__value (uuid),
  KEY commerce_order_field__type__target_id (type), KEY commerce_order_field__store_id__target_id (store_id),
  KEY commerce_order_field__uid__target_id (uid), KEY commerce_order_field__state__value (state),
  KEY commerce_order_field__billing_profile__target_id (billing_profile__target_id),
  KEY commerce_order_field__checkout_flow__target_id (checkout_flow(191))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE commerce_order__adjustments (
  bundle varchar(128) CHARACTER SET ascii NOT NULL DEFAULT '', deleted tinyint NOT NULL DEFAULT '0', entity_id int unsigned NOT NULL,
  revision_id int unsigned NOT NULL, langcode varchar(32) CHARACTER SET ascii NOT NULL DEFAULT '', delta int unsigned NOT NULL,
  adjustments_value blob NOT NULL, PRIMARY KEY (entity_id, deleted, delta, langcode), KEY bundle (bundle),
  KEY revision_id (revision_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE commerce_order__order_items (
  bundle varchar(128) CHARACTER SET ascii NOT NULL DEFAULT '', deleted tinyint NOT NULL DEFAULT '0', entity_id int unsigned NOT NULL,
  revision_id int unsigned NOT NULL, langcode varchar(32) CHARACTER SET ascii NOT NULL DEFAULT '', delta int unsigned NOT NULL,
  order_items_target_id int unsigned NOT NULL, PRIMARY KEY (entity_id, deleted, delta, langcode), KEY bundle (bundle),
  KEY revision_id (revision_id), KEY order_items_target_id (order_items_target_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE commerce_order_item (
  order_item_id int unsigned NOT NULL AUTO_INCREMENT, type varchar(32) CHARACTER SET ascii NOT NULL,
  uuid varchar(128) CHARACTER SET ascii NOT NULL, order_id int unsigned DEFAULT NULL, purchased_entity int unsigned DEFAULT NULL,
  title varchar(512) DEFAULT NULL, quantity decimal(17,2) unsigned DEFAULT NULL, unit_price__number decimal(19,6) DEFAULT NULL,
  unit_price__currency_code varchar(3) DEFAULT NULL, overridden_unit_price tinyint DEFAULT NULL,
  total_price__number decimal(19,6) DEFAULT NULL, total_price__currency_code varchar(3) DEFAULT NULL,
  uses_legacy_adjustments tinyint DEFAULT NULL, data longblob, created int DEFAULT NULL, changed int DEFAULT NULL,
  locked tinyint DEFAULT NULL, PRIMARY KEY (order_item_id), UNIQUE KEY commerce_order_item_field__uuid__value (uuid),
  KEY commerce_order_item_field__type__target_id (type), KEY commerce_order_item_field__order_id__target_id (order_id),
  KEY commerce_order_item_field__purchased_entity__target_id (purchased_entity)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE commerce_order_item__adjustments (
  bundle varchar(128) CHARACTER SET ascii NOT NULL DEFAULT '', deleted tinyint NOT NULL DEFAULT '0', entity_id int unsigned NOT NULL,
  revision_id int unsigned NOT NULL, langcode varchar(32) CHARACTER SET ascii NOT NULL DEFAULT '', delta int unsigned NOT NULL,
  adjustments_value blob NOT NULL, PRIMARY KEY (entity_id, deleted, delta, langcode), KEY bundle (bundle),
  KEY revision_id (revision_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE commerce_product__body (
  bundle varchar(128) CHARACTER SET ascii NOT NULL DEFAULT '', deleted tinyint NOT NULL DEFAULT '0', entity_id int unsigned NOT NULL,
  revision_id int unsigned NOT NULL, langcode varchar(32) CHARACTER SET ascii NOT NULL DEFAULT '', delta int unsigned NOT NULL,
  body_value longtext NOT NULL, body_summary longtext, body_format varchar(255) CHARACTER SET ascii DEFAULT NULL,
  PRIMARY KEY (entity_id, deleted, delta, langcode), KEY bundle (bundle), KEY revision_id (revision_id),
  KEY body_format (body_format)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE commerce_product__field_images (
  bundle varchar(128) CHARACTER SET ascii NOT NULL DEFAULT '', deleted tinyint NOT NULL DEFAULT '0', entity_id int unsigned NOT NULL,
  revision_id int unsigned NOT NULL, langcode varchar(32) CHARACTER SET ascii NOT NULL DEFAULT '', delta int unsigned NOT NULL,
  field_images_target_id int unsigned NOT NULL, field_images_alt varchar(512) DEFAULT NULL,
  field_images_title varchar(1024) DEFAULT NULL, field_images_width int unsigned DEFAULT NULL,
  field_images_height int unsigned DEFAULT NULL, PRIMARY KEY (entity_id, deleted, delta, langcode), KEY bundle (bundle),
  KEY revision_id (revision_id), KEY field_images_target_id (field_images_target_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE commerce_product__stores (
  bundle varchar(128) CHARACTER SET ascii NOT NULL DEFAULT '', deleted tinyint NOT NULL DEFAULT '0', entity_id int unsigned NOT NULL,
  revision_id int unsigned NOT NULL, langcode varchar(32) CHARACTER SET ascii NOT NULL DEFAULT '', delta int unsigned NOT NULL,
  stores_target_id int unsigned NOT NULL, PRIMARY KEY (entity_id, deleted, delta, langcode), KEY bundle (bundle),
  KEY revision_id (revision_id), KEY stores_target_id (stores_target_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE commerce_product__variations (
  bundle varchar(128) CHARACTER SET ascii NOT NULL DEFAULT '', deleted tinyint NOT NULL DEFAULT '0', entity_id int unsigned NOT NULL,
  revision_id int unsigned NOT NULL, langcode varchar(32) CHARACTER SET ascii NOT NULL DEFAULT '', delta int unsigned NOT NULL,
  variations_target_id int unsigned NOT NULL, PRIMARY KEY (entity_id, deleted, delta, langcode), KEY bundle (bundle),
  KEY revision_id (revision_id), KEY variations_target_id (variations_target_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE commerce_product_field_data (
  product_id int unsigned NOT NULL, type varchar(32) CHARACTER SET ascii NOT NULL, langcode varchar(12) CHARACTER SET ascii NOT NULL,
  status tinyint NOT NULL, uid int unsigned NOT NULL, title varchar(255) NOT NULL, created int DEFAULT NULL,
  changed int DEFAULT NULL, default_langcode tinyint NOT NULL, PRIMARY KEY (product_id, langcode),
  KEY commerce_product__id__default_langcode__langcode (product_id, default_langcode, langcode),
  KEY commerce_product_field__type__target_id (type), KEY commerce_product_field__uid__target_id (uid),
  KEY commerce_product__status_type (status, type, product_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE commerce_product_variation__field_images (
  bundle varchar(128) CHARACTER SET ascii NOT NULL DEFAULT '', deleted tinyint NOT NULL DEFAULT '0', entity_id int unsigned NOT NULL,
  revision_id int unsigned NOT NULL, langcode varchar(32) CHARACTER SET ascii NOT NULL DEFAULT '', delta int unsigned NOT NULL,
  field_images_target_id int unsigned NOT NULL, field_images_alt varchar(512) DEFAULT NULL,
  field_images_title varchar(1024) DEFAULT NULL, field_images_width int unsigned DEFAULT NULL,
  field_images_height int unsigned DEFAULT NULL, PRIMARY KEY (entity_id, deleted, delta, langcode), KEY bundle (bundle),
  KEY revision_id (revision_id), KEY field_images_target_id (field_images_target_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE commerce_product_variation_field_data (
  variation_id int unsigned NOT NULL, type varchar(32) CHARACTER SET ascii NOT NULL,
  langcode varchar(12) CHARACTER SET ascii NOT NULL, status tinyint NOT NULL, uid int unsigned NOT NULL,
  product_id int unsigned DEFAULT NULL, sku varchar(255) NOT NULL, title varchar(255) NOT NULL,
  list_price__number decimal(19,6) DEFAULT NULL, list_price__currency_code varchar(3) DEFAULT NULL,
  price__number decimal(19,6) DEFAULT NULL, price__currency_code varchar(3) DEFAULT NULL, created int DEFAULT NULL,
  changed int DEFAULT NULL, default_langcode tinyint NOT NULL, PRIMARY KEY (variation_id, langcode),
  KEY commerce_product_variation__id__default_langcode__langcode (variation_id, default_langcode, langcode),
  KEY commerce_product_variation_field__type__target_id (type), KEY commerce_product_variation_field__uid__target_id (uid),
  KEY commerce_product_variation_field__product_id__target_id (product_id),
  KEY commerce_product_variation__status_type (status, type, variation_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE file_managed (
  fid int unsigned NOT NULL AUTO_INCREMENT, uuid varchar(128) CHARACTER SET ascii NOT NULL,
  langcode varchar(12) CHARACTER SET ascii NOT NULL, uid int unsigned DEFAULT NULL, filename varchar(255) DEFAULT NULL,
  uri varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL, filemime varchar(255) CHARACTER SET ascii DEFAULT NULL,
  filesize bigint unsigned DEFAULT NULL, status tinyint NOT NULL, created int DEFAULT NULL, changed int NOT NULL,
  PRIMARY KEY (fid), UNIQUE KEY file_field__uuid__value (uuid), KEY file_field__uid__target_id (uid), KEY file_field__uri (uri(191)),
  KEY file_field__status (status), KEY file_field__changed (changed)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE path_alias (
  id int unsigned NOT NULL AUTO_INCREMENT, revision_id int unsigned DEFAULT NULL, uuid varchar(128) CHARACTER SET ascii NOT NULL,
  langcode varchar(12) CHARACTER SET ascii NOT NULL, path varchar(255) DEFAULT NULL, alias varchar(255) DEFAULT NULL,
  status tinyint NOT NULL, PRIMARY KEY (id), UNIQUE KEY path_alias_field__uuid__value (uuid),
  UNIQUE KEY path_alias__revision_id (revision_id), KEY path_alias__status (status, id),
  KEY path_alias__alias_langcode_id_status (alias(191), langcode, id, status),
  KEY path_alias__path_langcode_id_status (path(191), langcode, id, status)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE profile (
  profile_id int unsigned NOT NULL AUTO_INCREMENT, revision_id int unsigned DEFAULT NULL,
  type varchar(32) CHARACTER SET ascii NOT NULL, uuid varchar(128) CHARACTER SET ascii NOT NULL, uid int unsigned DEFAULT NULL,
  status tinyint NOT NULL, is_default tinyint DEFAULT NULL, data longblob, created int DEFAULT NULL, changed int DEFAULT NULL,
  PRIMARY KEY (profile_id), UNIQUE KEY profile_field__uuid__value (uuid), UNIQUE KEY profile__revision_id (revision_id),
  KEY profile_field__type__target_id (type), KEY profile_field__uid__target_id (uid)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE profile__address (
  bundle varchar(128) CHARACTER SET ascii NOT NULL DEFAULT '', deleted tinyint NOT NULL DEFAULT '0', entity_id int unsigned NOT NULL,
  revision_id int unsigned NOT NULL, langcode varchar(32) CHARACTER SET ascii NOT NULL DEFAULT '', delta int unsigned NOT NULL,
  address_langcode varchar(32) DEFAULT NULL, address_country_code varchar(2) DEFAULT NULL,
  address_administrative_area varchar(255) DEFAULT NULL, address_locality varchar(255) DEFAULT NULL,
  address_dependent_locality varchar(255) DEFAULT NULL, address_postal_code varchar(255) DEFAULT NULL,
  address_sorting_code varchar(255) DEFAULT NULL, address_address_line1 varchar(255) DEFAULT NULL,
  address_address_line2 varchar(255) DEFAULT NULL, address_address_line3 varchar(255) DEFAULT NULL,
  address_organization varchar(255) DEFAULT NULL, address_given_name varchar(255) DEFAULT NULL,
  address_additional_name varchar(255) DEFAULT NULL, address_family_name varchar(255) DEFAULT NULL,
  PRIMARY KEY (entity_id, deleted, delta, langcode), KEY bundle (bundle), KEY revision_id (revision_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE user__roles (
  bundle varchar(128) CHARACTER SET ascii NOT NULL DEFAULT '', deleted tinyint NOT NULL DEFAULT '0', entity_id int unsigned NOT NULL,
  revision_id int unsigned NOT NULL, langcode varchar(32) CHARACTER SET ascii NOT NULL DEFAULT '', delta int unsigned NOT NULL,
  roles_target_id varchar(255) CHARACTER SET ascii NOT NULL, PRIMARY KEY (entity_id, deleted, delta, langcode),
  KEY bundle (bundle), KEY revision_id (revision_id), KEY roles_target_id (roles_target_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE users_field_data (
  uid int unsigned NOT NULL, langcode varchar(12) CHARACTER SET ascii NOT NULL,
  preferred_langcode varchar(12) CHARACTER SET ascii DEFAULT NULL, preferred_admin_langcode varchar(12) CHARACTER SET ascii DEFAULT NULL,
  name varchar(60) NOT NULL, pass varchar(255) DEFAULT NULL, mail varchar(254) DEFAULT NULL, timezone varchar(32) DEFAULT NULL,
  status tinyint DEFAULT NULL, created int NOT NULL, changed int DEFAULT NULL, access int NOT NULL, login int DEFAULT NULL,
  init varchar(254) DEFAULT NULL, default_langcode tinyint NOT NULL, PRIMARY KEY (uid, langcode),
  UNIQUE KEY user__name (name, langcode), KEY user__id__default_langcode__langcode (uid, default_langcode, langcode),
  KEY user_field__mail (mail(191)), KEY user_field__created (created), KEY user_field__access (access)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
