-- Cartwake's own tables. One statement ends with a semicolon at the end of a line.
-- TIMESTAMP columns hold an instant; sessions read them in UTC.

CREATE TABLE IF NOT EXISTS cart_abandonment_meta (
  name  VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  value VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL
) ENGINE=InnoDB COMMENT='Cartwake: schema version, activation time, salts';

CREATE TABLE IF NOT EXISTS cart_abandonment_recipient (
  address_hash  BINARY(32) NOT NULL PRIMARY KEY COMMENT 'HMAC-SHA256 of the normalised address',
  last_mail_at  TIMESTAMP(6) NULL,
  suppressed_at TIMESTAMP(6) NULL,
  reason        VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NULL,
  address_hint  VARCHAR(255) NULL COMMENT 'masked, of suppressed addresses only'
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COMMENT='Cartwake: cool-down and suppression per address';

CREATE TABLE IF NOT EXISTS cart_abandonment_log (
  id         BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  user_id    BIGINT NULL,
  cart_total DECIMAL(14,2) NULL,
  email_sent TINYINT(1) NULL DEFAULT 0 COMMENT 'NULL: unknown',
  created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COMMENT='Cartwake: one row an episode';

CREATE TABLE IF NOT EXISTS cart_abandonment_click (
  id         BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  log_id     BIGINT UNSIGNED NOT NULL COMMENT 'the mail',
  kind       VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'cart, item, pick (recommended); open: the picture',
  link_no    SMALLINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'which of several links of the kind',
  clicked_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  flag       VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'not the customer: scanner, prefetch, head',
  KEY cartwake_mail (log_id, kind, flag)
) ENGINE=InnoDB COMMENT='Cartwake: links of mails that were followed';

CREATE TABLE IF NOT EXISTS cart_abandonment_cart (
  shop       VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'whose cart: the id of its preset',
  cart_key   VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  active_at  TIMESTAMP(6) NULL COMMENT 'last activity, where no table of the shop tells it',
  ordered_at TIMESTAMP(6) NULL COMMENT 'an order after that',
  filled_at  TIMESTAMP(6) NULL COMMENT 'when something was last put in, of a document',
  digest     BINARY(16)   NULL COMMENT 'of what is in a document',
  noted_at   TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  PRIMARY KEY (shop, cart_key),
  KEY cartwake_noted (noted_at)
) ENGINE=InnoDB COMMENT='Cartwake: what the binlog told of carts, for the next start';

CREATE TABLE IF NOT EXISTS cart_abandonment_returned (
  day   DATE         NOT NULL COMMENT 'UTC',
  kind  VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  mails INT UNSIGNED NOT NULL,
  PRIMARY KEY (day, kind)
) ENGINE=InnoDB COMMENT='Cartwake: mails that came back, by sort';

CREATE TABLE IF NOT EXISTS cart_abandonment_webhook (
  id              BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  log_id          BIGINT UNSIGNED NOT NULL COMMENT 'the row of the log that it is about',
  event           VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  about           BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'which of several of the row and the event',
  detail          VARCHAR(500) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'JSON: what the row does not say',
  happened_at     TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  status          VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'waiting' COMMENT 'waiting, told, dead',
  attempts        SMALLINT UNSIGNED NOT NULL DEFAULT 0,
  next_attempt_at TIMESTAMP(6) NULL DEFAULT CURRENT_TIMESTAMP(6),
  taken_by        VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NULL,
  UNIQUE KEY cartwake_fact (log_id, event, about),
  KEY cartwake_due (status, next_attempt_at),
  KEY cartwake_age (status, happened_at)
) ENGINE=InnoDB COMMENT='Cartwake: what webhooks tell of';
