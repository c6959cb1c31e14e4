-- Cartwake's own tables in layout 1, as the last version with it made them on MySQL (without the tables' collations).
CREATE TABLE `cart_abandonment_cart` (
  `shop` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'whose cart: the id of its preset',
  `cart_key` varchar(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  `active_at` timestamp(6) NULL DEFAULT NULL COMMENT 'last activity, where no table of the shop tells it',
  `ordered_at` timestamp(6) NULL DEFAULT NULL COMMENT 'an order after that',
  `noted_at` timestamp(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  PRIMARY KEY (`shop`,`cart_key`),
  KEY `cartwake_noted` (`noted_at`)
) ENGINE=InnoDB COMMENT='Cartwake: what the binlog told of carts, for the next start';

CREATE TABLE `cart_abandonment_log` (
  `id` bigint unsigned NOT NULL AUTO_INCREMENT,
  `user_id` bigint DEFAULT NULL,
  `cart_total` decimal(14,2) DEFAULT NULL,
  `email_sent` tinyint(1) DEFAULT '0',
  `created_at` timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  `cart_key` varchar(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  `cart_version` bigint NOT NULL COMMENT 'creation of the newest counted row, epoch microseconds',
  `step` smallint unsigned NOT NULL DEFAULT '1',
  `status` varchar(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `reason` varchar(32) CHARACTER SET ascii COLLATE ascii_bin DEFAULT NULL,
  `address_hash` binary(32) DEFAULT NULL,
  `owner` varchar(64) CHARACTER SET ascii COLLATE ascii_bin DEFAULT NULL,
  `lease_until` timestamp(6) NULL DEFAULT NULL,
  `attempts` smallint unsigned NOT NULL DEFAULT '0',
  `next_attempt_at` timestamp(6) NULL DEFAULT NULL,
  `error` varchar(500) CHARACTER SET utf8mb4 DEFAULT NULL,
  `message_id` varchar(255) CHARACTER SET ascii COLLATE ascii_bin DEFAULT NULL,
  `discount_percent` decimal(5,2) DEFAULT NULL,
  `item_count` int unsigned DEFAULT NULL,
  `currency` varchar(3) CHARACTER SET ascii COLLATE ascii_bin DEFAULT NULL,
  `last_activity_at` timestamp(6) NULL DEFAULT NULL,
  `sent_at` timestamp(6) NULL DEFAULT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `cartwake_episode` (`cart_key`,`cart_version`,`step`),
  KEY `cartwake_status` (`status`,`next_attempt_at`),
  KEY `cartwake_address` (`address_hash`,`status`),
  KEY `cartwake_owner` (`owner`),
  KEY `cartwake_created` (`created_at`)
) ENGINE=InnoDB COMMENT='Cartwake: one row an episode';

CREATE TABLE `cart_abandonment_meta` (
  `name` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `value` varchar(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  PRIMARY KEY (`name`)
) ENGINE=InnoDB COMMENT='Cartwake: schema version, activation time, salts';

CREATE TABLE `cart_abandonment_recipient` (
  `address_hash` binary(32) NOT NULL COMMENT 'HMAC-SHA256 of the normalised address',
  `last_mail_at` timestamp(6) NULL DEFAULT NULL,
  `suppressed_at` timestamp(6) NULL DEFAULT NULL,
  `reason` varchar(32) CHARACTER SET ascii COLLATE ascii_bin DEFAULT NULL,
  `address_hint` varchar(255) DEFAULT NULL COMMENT 'masked, of suppressed addresses only',
  PRIMARY KEY (`address_hash`)
) ENGINE=InnoDB COMMENT='Cartwake: cool-down and suppression per address';
