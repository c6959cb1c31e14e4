-- The tables beside the sample shop's, and the procedures that trade in them; $$ ends a statement.
-- Two players trade at once. Of `sessions` and `inventory` each has rows of its own, every second one, so that
-- nobody waits for locks.

CREATE TABLE sessions (id INT UNSIGNED NOT NULL PRIMARY KEY, user_id INT UNSIGNED NULL, store_id SMALLINT NOT NULL,
  language CHAR(5) NOT NULL, currency CHAR(3) NOT NULL, ip VARBINARY(16) NULL, agent VARCHAR(255) NULL,
  referrer VARCHAR(255) NULL, is_bot BOOL NOT NULL DEFAULT 0, data MEDIUMTEXT NOT NULL,
  started_at DATETIME(3) NOT NULL, updated_at DATETIME(3) NOT NULL, expires_at DATETIME(3) NULL)
$$

CREATE TABLE page_views (id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, session_id INT UNSIGNED,
  user_id INT UNSIGNED NULL, store_id SMALLINT NOT NULL DEFAULT 1, url VARCHAR(255) NOT NULL,
  route VARCHAR(80) NOT NULL DEFAULT 'product.show', referrer VARCHAR(255) NULL, agent VARCHAR(255) NOT NULL,
  campaign VARCHAR(80) NULL, device ENUM('phone', 'tablet', 'desktop') NOT NULL, country CHAR(2) NULL,
  status SMALLINT NOT NULL DEFAULT 200, took FLOAT NOT NULL, at TIMESTAMP(3) NOT NULL)
$$

CREATE TABLE audit_log (id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  what ENUM('login', 'search', 'payment') NOT NULL, actor_id INT UNSIGNED NULL, actor_type VARCHAR(20) NULL,
  object_id BIGINT UNSIGNED NULL, object_type VARCHAR(40) NULL, request_id CHAR(36) NOT NULL,
  ip VARBINARY(16) NULL, document JSON NOT NULL, at DATETIME(6) NOT NULL)
$$

CREATE TABLE inventory (id INT UNSIGNED NOT NULL PRIMARY KEY, product_id INT UNSIGNED NOT NULL,
  warehouse CHAR(8) NOT NULL, bin VARCHAR(20) NULL, stock INT NOT NULL, reserved INT NOT NULL DEFAULT 0,
  incoming INT NOT NULL DEFAULT 0, reorder_at INT NOT NULL DEFAULT 5, cost DECIMAL(10,4) NOT NULL,
  currency CHAR(3) NOT NULL DEFAULT 'EUR', is_active BOOL NOT NULL DEFAULT 1, counted_at DATE NULL,
  updated_at TIMESTAMP(3) NULL)
$$

CREATE TABLE order_items (id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, order_id INT UNSIGNED,
  product_id INT UNSIGNED NOT NULL, variant_id INT UNSIGNED NULL, sku VARCHAR(64) NOT NULL DEFAULT 'SKU-1',
  name VARCHAR(200) NOT NULL DEFAULT 'A product', quantity SMALLINT NOT NULL, price DECIMAL(10,2) NOT NULL,
  currency CHAR(3) NOT NULL DEFAULT 'EUR', tax_rate DECIMAL(5,2) NOT NULL DEFAULT 19, tax DECIMAL(10,2) NULL,
  discount DECIMAL(10,2) NOT NULL DEFAULT 0, weight FLOAT NULL, options JSON NULL,
  status ENUM('new', 'sent', 'back') NOT NULL DEFAULT 'new', created_at TIMESTAMP NULL, updated_at TIMESTAMP NULL)
$$

INSERT INTO sessions WITH RECURSIVE n AS (SELECT 1 i UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
  SELECT i, i, 1, 'de_DE', 'EUR', UNHEX('7F000001'), REPEAT('a', 100), NULL, 0, REPEAT('x', 2100), NOW(3), NOW(3),
         NULL FROM n
$$

INSERT INTO inventory (id, product_id, warehouse, bin, stock, cost, updated_at)
  WITH RECURSIVE n AS (SELECT 1 i UNION ALL SELECT i + 1 FROM n WHERE i < 4000)
  SELECT i, i, CONCAT('WH', i % 7), 'A-12-3', 100, 9.99, NOW(3) FROM n
$$

CREATE PROCEDURE make_noise(player INT, OUT changed INT)
BEGIN
  DECLARE dice, a INT UNSIGNED;
  SET dice = FLOOR(RAND() * 100), a = FLOOR(RAND() * 1000000);
  IF dice < 45 THEN
    INSERT INTO page_views (session_id, url, referrer, agent, device, took, at)
      SELECT a % 977, CONCAT('/product/', a + n, '?from=list&page=', n), REPEAT('r', 60),
             CONCAT('Mozilla/5.0 ', REPEAT('a', 130)), 1 + n % 3, RAND(), NOW(3)
      FROM (VALUES ROW(1), ROW(2), ROW(3), ROW(4), ROW(5), ROW(6)) AS rows_(n);
  ELSEIF dice < 65 THEN
    SET a = player + 2 * (a % 996);
    UPDATE sessions SET data = CONCAT(a, RAND(), REPEAT(CHAR(97 + a % 26), 2080)), updated_at = NOW(3)
      WHERE id IN (a, a + 2, a + 4, a + 6);
  ELSEIF dice < 80 THEN
    INSERT INTO audit_log (what, actor_id, request_id, document, at)
      SELECT 1 + n % 3, a, UUID(),
             JSON_OBJECT('query', REPEAT('q', 540), 'n', n, 'tags', JSON_ARRAY(a, 'x', NULL)), NOW(6)
      FROM (VALUES ROW(1), ROW(2), ROW(3)) AS rows_(n);
  ELSE
    SET a = player + 2 * (a % 1996);
    UPDATE inventory SET stock = stock + 1, updated_at = NOW(3)
      WHERE id IN (a, a + 2, a + 4, a + 6);
  END IF;
  SET changed = ROW_COUNT();
END
$$

CREATE PROCEDURE go_shopping(player INT, INOUT line INT UNSIGNED, OUT changed INT)
BEGIN
  DECLARE dice, who, stock_id INT UNSIGNED;
  SET dice = FLOOR(RAND() * 100), who = 1 + FLOOR(RAND() * 50000), changed = 1;
  IF dice < 12 THEN
    SET stock_id = player + 2 * (who % 1996);
    START TRANSACTION;
    INSERT INTO orders (user_id, total_amount) VALUES (who, 10 + who % 500);
    INSERT INTO order_items (order_id, product_id, quantity, price)
      VALUES (LAST_INSERT_ID(), 1, 1, 9.90), (LAST_INSERT_ID(), 2, 3, 19.90), (LAST_INSERT_ID(), 3, 1, 4.50);
    UPDATE inventory SET stock = stock - 1, updated_at = NOW(3)
      WHERE id IN (stock_id, stock_id + 2, stock_id + 4);
    COMMIT;
    SET changed = 7;
  ELSEIF dice < 24 AND line > 0 THEN
    UPDATE cart SET quantity = quantity + 1 WHERE id = line;
  ELSEIF dice < 30 AND line > 0 THEN
    DELETE FROM cart WHERE id = line;
    SET line = 0;
  ELSE
    INSERT INTO cart (user_id, product_id) VALUES (who, 1 + who % 270);
    SET line = LAST_INSERT_ID();
  END IF;
END
$$

CREATE PROCEDURE play(player INT, noise INT, watched INT)
BEGIN
  DECLARE line INT UNSIGNED DEFAULT 0;
  DECLARE changed, done INT DEFAULT 0;
  DECLARE total BIGINT DEFAULT 0;
  WHILE done < noise + watched DO
    -- Spread evenly: a shopping transaction whenever its share has grown by one.
    IF done * watched DIV (noise + watched) < (done + 1) * watched DIV (noise + watched) THEN
      CALL go_shopping(player, line, changed);
    ELSE
      CALL make_noise(player, changed);
    END IF;
    SET total = total + changed, done = done + 1;
  END WHILE;
  SELECT total;
END
