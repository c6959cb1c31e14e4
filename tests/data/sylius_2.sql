-- The tables of a Sylius 2.0 shop that Cartwake's preset for it reads or watches, and what its statements write with them.
--
-- The names, types, defaults and indexes are facts of Sylius' migrations for MySQL. Foreign keys are left out, their
-- indexes are not: Doctrine itself deletes what hangs on a cart. Sylius 1.12 to 1.14 has the same, without
-- sylius_product_image.position.

CREATE TABLE `sylius_channel` (
  `id` INT AUTO_INCREMENT NOT NULL,
  `shop_billing_data_id` INT DEFAULT NULL,
  `channel_price_history_config_id` INT DEFAULT NULL,
  `default_locale_id` INT NOT NULL,
  `base_currency_id` INT NOT NULL,
  `default_tax_zone_id` INT DEFAULT NULL,
  `menu_taxon_id` INT DEFAULT NULL,
  `code` VARCHAR(255) NOT NULL,
  `name` VARCHAR(255) NOT NULL,
  `color` VARCHAR(255) DEFAULT NULL,
  `description` LONGTEXT DEFAULT NULL,
  `enabled` TINYINT(1) NOT NULL,
  `hostname` VARCHAR(255) DEFAULT NULL,
  `created_at` DATETIME NOT NULL,
  `updated_at` DATETIME DEFAULT NULL,
  `theme_name` VARCHAR(255) DEFAULT NULL,
  `tax_calculation_strategy` VARCHAR(255) NOT NULL,
  `contact_email` VARCHAR(255) DEFAULT NULL,
  `contact_phone_number` VARCHAR(255) DEFAULT NULL,
  `skipping_shipping_step_allowed` TINYINT(1) NOT NULL,
  `skipping_payment_step_allowed` TINYINT(1) NOT NULL,
  `account_verification_required` TINYINT(1) NOT NULL,
  `shipping_address_in_checkout_required` TINYINT(1) DEFAULT 0 NOT NULL,
  UNIQUE INDEX UNIQ_16C8119E77153098 (code),
  UNIQUE INDEX UNIQ_16C8119EB5282EDF (shop_billing_data_id),
  UNIQUE INDEX UNIQ_16C8119E75F20EAE (channel_price_history_config_id),
  INDEX IDX_16C8119E743BF776 (default_locale_id),
  INDEX IDX_16C8119E3101778E (base_currency_id),
  INDEX IDX_16C8119EA978C17 (default_tax_zone_id),
  INDEX IDX_16C8119EF242B1E6 (menu_taxon_id),
  INDEX IDX_16C8119EE551C011 (hostname),
  PRIMARY KEY(id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `sylius_locale` (
  `id` INT AUTO_INCREMENT NOT NULL,
  `code` VARCHAR(12) NOT NULL,
  `created_at` DATETIME NOT NULL,
  `updated_at` DATETIME DEFAULT NULL,
  UNIQUE INDEX UNIQ_7BA1286477153098 (code),
  PRIMARY KEY(id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `sylius_currency` (
  `id` INT AUTO_INCREMENT NOT NULL,
  `code` VARCHAR(3) NOT NULL,
  `created_at` DATETIME NOT NULL,
  `updated_at` DATETIME DEFAULT NULL,
  UNIQUE INDEX UNIQ_96EDD3D077153098 (code),
  PRIMARY KEY(id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `sylius_exchange_rate` (
  `id` INT AUTO_INCREMENT NOT NULL,
  `source_currency` INT NOT NULL,
  `target_currency` INT NOT NULL,
  `ratio` NUMERIC(10, 5) NOT NULL,
  `created_at` DATETIME NOT NULL,
  `updated_at` DATETIME DEFAULT NULL,
  INDEX IDX_5F52B852A76BEED (source_currency),
  INDEX IDX_5F52B85B3FD5856 (target_currency),
  UNIQUE INDEX UNIQ_5F52B852A76BEEDB3FD5856 (source_currency, target_currency),
  PRIMARY KEY(id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `sylius_customer` (
  `id` INT AUTO_INCREMENT NOT NULL,
  `customer_group_id` INT DEFAULT NULL,
  `default_address_id` INT DEFAULT NULL,
  `email` VARCHAR(255) NOT NULL,
  `email_canonical` VARCHAR(255) NOT NULL,
  `first_name` VARCHAR(255) DEFAULT NULL,
  `last_name` VARCHAR(255) DEFAULT NULL,
  `birthday` DATETIME DEFAULT NULL,
  `gender` VARCHAR(1) DEFAULT 'u' NOT NULL,
  `created_at` DATETIME NOT NULL,
  `updated_at` DATETIME DEFAULT NULL,
  `phone_number` VARCHAR(255) DEFAULT NULL,
  `subscribed_to_newsletter` TINYINT(1) NOT NULL,
  UNIQUE INDEX UNIQ_7E82D5E6E7927C74 (email),
  UNIQUE INDEX UNIQ_7E82D5E6A0D96FBF (email_canonical),
  INDEX IDX_7E82D5E6D2919A68 (customer_group_id),
  UNIQUE INDEX UNIQ_7E82D5E6BD94FB16 (default_address_id),
  INDEX created_at_index (created_at),
  PRIMARY KEY(id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `sylius_address` (
  `id` INT AUTO_INCREMENT NOT NULL,
  `customer_id` INT DEFAULT NULL,
  `first_name` VARCHAR(255) NOT NULL,
  `last_name` VARCHAR(255) NOT NULL,
  `phone_number` VARCHAR(255) DEFAULT NULL,
  `street` VARCHAR(255) NOT NULL,
  `company` VARCHAR(255) DEFAULT NULL,
  `city` VARCHAR(255) NOT NULL,
  `postcode` VARCHAR(255) NOT NULL,
  `created_at` DATETIME NOT NULL,
  `updated_at` DATETIME DEFAULT NULL,
  `country_code` VARCHAR(255) NOT NULL,
  `province_code` VARCHAR(255) DEFAULT NULL,
  `province_name` VARCHAR(255) DEFAULT NULL,
  INDEX IDX_B97FF0589395C3F3 (customer_id),
  PRIMARY KEY(id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `sylius_order` (
  `id` INT AUTO_INCREMENT NOT NULL,
  `shipping_address_id` INT DEFAULT NULL,
  `billing_address_id` INT DEFAULT NULL,
  `channel_id` INT DEFAULT NULL,
  `promotion_coupon_id` INT DEFAULT NULL,
  `customer_id` INT DEFAULT NULL,
  `number` VARCHAR(255) DEFAULT NULL,
  `notes` LONGTEXT DEFAULT NULL,
  `state` VARCHAR(255) NOT NULL,
  `checkout_completed_at` DATETIME DEFAULT NULL,
  `items_total` INT NOT NULL,
  `adjustments_total` INT NOT NULL,
  `total` INT NOT NULL,
  `created_at` DATETIME NOT NULL,
  `updated_at` DATETIME DEFAULT NULL,
  `currency_code` VARCHAR(3) NOT NULL,
  `locale_code` VARCHAR(255) NOT NULL,
  `checkout_state` VARCHAR(255) NOT NULL,
  `payment_state` VARCHAR(255) NOT NULL,
  `shipping_state` VARCHAR(255) NOT NULL,
  `created_by_guest` TINYINT(1) DEFAULT 1 NOT NULL,
  `token_value` VARCHAR(255) DEFAULT NULL,
  `customer_ip` VARCHAR(255) DEFAULT NULL,
  UNIQUE INDEX UNIQ_6196A1F996901F54 (number),
  UNIQUE INDEX UNIQ_6196A1F9BEA95C75 (token_value),
  UNIQUE INDEX UNIQ_6196A1F94D4CFF2B (shipping_address_id),
  UNIQUE INDEX UNIQ_6196A1F979D0C0E4 (billing_address_id),
  INDEX IDX_6196A1F972F5A1AA (channel_id),
  INDEX IDX_6196A1F917B24436 (promotion_coupon_id),
  INDEX IDX_6196A1F99395C3F3 (customer_id),
  INDEX IDX_6196A1F9A393D2FB43625D9F (state, updated_at),
  PRIMARY KEY(id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `sylius_order_item` (
  `id` INT AUTO_INCREMENT NOT NULL,
  `order_id` INT NOT NULL,
  `variant_id` INT NOT NULL,
  `quantity` INT NOT NULL,
  `unit_price` INT NOT NULL,
  `original_unit_price` INT DEFAULT NULL,
  `units_total` INT NOT NULL,
  `adjustments_total` INT NOT NULL,
  `total` INT NOT NULL,
  `is_immutable` TINYINT(1) NOT NULL,
  `product_name` VARCHAR(255) DEFAULT NULL,
  `variant_name` VARCHAR(255) DEFAULT NULL,
  `version` INT DEFAULT 1 NOT NULL,
  INDEX IDX_77B587ED8D9F6D38 (order_id),
  INDEX IDX_77B587ED3B69A9AF (variant_id),
  PRIMARY KEY(id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `sylius_order_item_unit` (
  `id` INT AUTO_INCREMENT NOT NULL,
  `order_item_id` INT NOT NULL,
  `shipment_id` INT DEFAULT NULL,
  `adjustments_total` INT NOT NULL,
  `created_at` DATETIME NOT NULL,
  `updated_at` DATETIME DEFAULT NULL,
  INDEX IDX_82BF226EE415FB15 (order_item_id),
  INDEX IDX_82BF226E7BE036FC (shipment_id),
  PRIMARY KEY(id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `sylius_adjustment` (
  `id` INT AUTO_INCREMENT NOT NULL,
  `order_id` INT DEFAULT NULL,
  `order_item_id` INT DEFAULT NULL,
  `order_item_unit_id` INT DEFAULT NULL,
  `shipment_id` INT DEFAULT NULL,
  `type` VARCHAR(255) NOT NULL,
  `label` VARCHAR(255) DEFAULT NULL,
  `amount` INT NOT NULL,
  `is_neutral` TINYINT(1) NOT NULL,
  `is_locked` TINYINT(1) NOT NULL,
  `origin_code` VARCHAR(255) DEFAULT NULL,
  `details` JSON NOT NULL,
  `created_at` DATETIME NOT NULL,
  `updated_at` DATETIME DEFAULT NULL,
  INDEX IDX_ACA6E0F28D9F6D38 (order_id),
  INDEX IDX_ACA6E0F2E415FB15 (order_item_id),
  INDEX IDX_ACA6E0F2F720C233 (order_item_unit_id),
  INDEX IDX_ACA6E0F27BE036FC (shipment_id),
  PRIMARY KEY(id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `sylius_payment` (
  `id` INT AUTO_INCREMENT NOT NULL,
  `method_id` INT DEFAULT NULL,
  `order_id` INT NOT NULL,
  `currency_code` VARCHAR(3) NOT NULL,
  `amount` INT NOT NULL,
  `state` VARCHAR(255) NOT NULL,
  `details` JSON NOT NULL,
  `created_at` DATETIME NOT NULL,
  `updated_at` DATETIME DEFAULT NULL,
  INDEX IDX_D9191BD419883967 (method_id),
  INDEX IDX_D9191BD48D9F6D38 (order_id),
  PRIMARY KEY(id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `sylius_product` (
  `id` INT AUTO_INCREMENT NOT NULL,
  `main_taxon_id` INT DEFAULT NULL,
  `code` VARCHAR(255) NOT NULL,
  `created_at` DATETIME NOT NULL,
  `updated_at` DATETIME DEFAULT NULL,
  `enabled` TINYINT(1) NOT NULL,
  `variant_selection_method` VARCHAR(255) NOT NULL,
  `average_rating` DOUBLE PRECISION DEFAULT '0' NOT NULL,
  UNIQUE INDEX UNIQ_677B9B7477153098 (code),
  INDEX IDX_677B9B74731E505 (main_taxon_id),
  PRIMARY KEY(id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `sylius_product_translation` (
  `id` INT AUTO_INCREMENT NOT NULL,
  `translatable_id` INT NOT NULL,
  `name` VARCHAR(255) NOT NULL,
  `slug` VARCHAR(255) NOT NULL,
  `description` LONGTEXT DEFAULT NULL,
  `meta_keywords` VARCHAR(255) DEFAULT NULL,
  `meta_description` VARCHAR(255) DEFAULT NULL,
  `short_description` LONGTEXT DEFAULT NULL,
  `locale` VARCHAR(255) NOT NULL,
  INDEX IDX_105A9082C2AC5D3 (translatable_id),
  UNIQUE INDEX UNIQ_105A9084180C698989D9B62 (locale, slug),
  UNIQUE INDEX sylius_product_translation_uniq_trans (translatable_id, locale),
  PRIMARY KEY(id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `sylius_product_variant` (
  `id` INT AUTO_INCREMENT NOT NULL,
  `product_id` INT NOT NULL,
  `tax_category_id` INT DEFAULT NULL,
  `shipping_category_id` INT DEFAULT NULL,
  `code` VARCHAR(255) NOT NULL,
  `created_at` DATETIME NOT NULL,
  `updated_at` DATETIME DEFAULT NULL,
  `position` INT NOT NULL,
  `enabled` TINYINT(1) NOT NULL,
  `version` INT DEFAULT 1 NOT NULL,
  `on_hold` INT NOT NULL,
  `on_hand` INT NOT NULL,
  `tracked` TINYINT(1) NOT NULL,
  `width` DOUBLE PRECISION DEFAULT NULL,
  `height` DOUBLE PRECISION DEFAULT NULL,
  `depth` DOUBLE PRECISION DEFAULT NULL,
  `weight` DOUBLE PRECISION DEFAULT NULL,
  `shipping_required` TINYINT(1) NOT NULL,
  UNIQUE INDEX UNIQ_A29B52377153098 (code),
  INDEX IDX_A29B5234584665A (product_id),
  INDEX IDX_A29B5239DF894ED (tax_category_id),
  INDEX IDX_A29B5239E2D1A41 (shipping_category_id),
  PRIMARY KEY(id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `sylius_product_variant_translation` (
  `id` INT AUTO_INCREMENT NOT NULL,
  `translatable_id` INT NOT NULL,
  `name` VARCHAR(255) DEFAULT NULL,
  `locale` VARCHAR(255) NOT NULL,
  INDEX IDX_8DC18EDC2C2AC5D3 (translatable_id),
  UNIQUE INDEX sylius_product_variant_translation_uniq_trans (translatable_id, locale),
  PRIMARY KEY(id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `sylius_product_option_value` (
  `id` INT AUTO_INCREMENT NOT NULL,
  `option_id` INT NOT NULL,
  `code` VARCHAR(255) NOT NULL,
  UNIQUE INDEX UNIQ_F7FF7D4B77153098 (code),
  INDEX IDX_F7FF7D4BA7C41D6F (option_id),
  PRIMARY KEY(id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `sylius_product_option_value_translation` (
  `id` INT AUTO_INCREMENT NOT NULL,
  `translatable_id` INT NOT NULL,
  `value` VARCHAR(255) NOT NULL,
  `locale` VARCHAR(255) NOT NULL,
  INDEX IDX_8D4382DC2C2AC5D3 (translatable_id),
  UNIQUE INDEX sylius_product_option_value_translation_uniq_trans (translatable_id, locale),
  PRIMARY KEY(id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `sylius_product_variant_option_value` (
  `variant_id` INT NOT NULL,
  `option_value_id` INT NOT NULL,
  INDEX IDX_76CDAFA13B69A9AF (variant_id),
  INDEX IDX_76CDAFA1D957CA06 (option_value_id),
  PRIMARY KEY(variant_id, option_value_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `sylius_channel_pricing` (
  `id` INT AUTO_INCREMENT NOT NULL,
  `product_variant_id` INT NOT NULL,
  `price` INT DEFAULT NULL,
  `original_price` INT DEFAULT NULL,
  `minimum_price` INT DEFAULT 0,
  `lowest_price_before_discount` INT DEFAULT NULL,
  `channel_code` VARCHAR(255) NOT NULL,
  INDEX IDX_7801820CA80EF684 (product_variant_id),
  UNIQUE INDEX product_variant_channel_idx (product_variant_id, channel_code),
  PRIMARY KEY(id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `sylius_product_channels` (
  `product_id` INT NOT NULL,
  `channel_id` INT NOT NULL,
  INDEX IDX_F9EF269B4584665A (product_id),
  INDEX IDX_F9EF269B72F5A1AA (channel_id),
  PRIMARY KEY(product_id, channel_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `sylius_product_image` (
  `id` INT AUTO_INCREMENT NOT NULL,
  `owner_id` INT NOT NULL,
  `type` VARCHAR(255) DEFAULT NULL,
  `path` VARCHAR(255) NOT NULL,
  `position` INT NOT NULL,
  INDEX IDX_88C64B2D7E3C61F9 (owner_id),
  PRIMARY KEY(id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `sylius_product_image_product_variants` (
  `image_id` INT NOT NULL,
  `variant_id` INT NOT NULL,
  INDEX IDX_8FFDAE8D3DA5256D (image_id),
  INDEX IDX_8FFDAE8D3B69A9AF (variant_id),
  PRIMARY KEY(image_id, variant_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `sylius_taxon_translation` (
  `id` INT AUTO_INCREMENT NOT NULL,
  `translatable_id` INT NOT NULL,
  `name` VARCHAR(255) NOT NULL,
  `slug` VARCHAR(255) NOT NULL,
  `description` LONGTEXT DEFAULT NULL,
  `locale` VARCHAR(255) NOT NULL,
  INDEX IDX_1487DFCF2C2AC5D3 (translatable_id),
  UNIQUE INDEX slug_uidx (locale, slug),
  UNIQUE INDEX sylius_taxon_translation_uniq_trans (translatable_id, locale),
  PRIMARY KEY(id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
