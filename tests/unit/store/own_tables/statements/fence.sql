-- pass_fence: Set ``sending`` where the claim is still ours and nothing has changed since the decision: cart, orders, customer.
UPDATE cart_abandonment_log
  SET status = %(sending)s, attempts = attempts + 1, lease_until = UTC_TIMESTAMP(6) + INTERVAL 3600000000 MICROSECOND
  WHERE id IN %(ids)s
  AND owner = %(owner)s
  AND status IN %(before)s
  AND NOT lease_until <= UTC_TIMESTAMP(6)
  AND ELT(FIELD(cart_abandonment_log.id, %(id0)s, %(id1)s), %(rows_0)s, %(rows_1)s) = (SELECT IF(COUNT(*) = 0, '0', CONCAT_WS(':', COUNT(*), SUM(CRC32(CONCAT_WS(',', COALESCE(l.`id`, '-'), COALESCE(l.`product_id`, '-'), COALESCE(l.`quantity`, '-'), COALESCE(l.`created_at`, '-'))))))
  FROM `cart` l
  WHERE l.`user_id` = CAST(cart_abandonment_log.cart_key AS SIGNED))
  AND ELT(FIELD(cart_abandonment_log.id, %(id0)s, %(id1)s), %(customer_orders_0)s, %(customer_orders_1)s) = (SELECT IF(COUNT(*) = 0, '0', CONCAT_WS(':', COUNT(*), SUM(CRC32(CONCAT_WS(',', COALESCE(o.`id`, '-'), COALESCE(o.`created_at`, '-'))))))
  FROM `orders` o
  WHERE TRUE
  AND o.`user_id` = CAST(cart_abandonment_log.cart_key AS SIGNED))
  AND ELT(FIELD(cart_abandonment_log.id, %(id0)s, %(id1)s), %(customer_0)s, %(customer_1)s) = (SELECT IF(COUNT(*) = 0, '0', CONCAT_WS(':', COUNT(*), SUM(CRC32(CONCAT_WS(',', COALESCE(CAST(u.`id` AS BINARY), '-'), COALESCE(CAST(u.`email` AS BINARY), '-'), COALESCE(CAST(u.`name` AS BINARY), '-'), COALESCE(CAST(u.`role` AS BINARY), '-'))))))
  FROM `users` u
  WHERE u.`id` = CAST(ELT(FIELD(cart_abandonment_log.id, %(id0)s, %(id1)s), %(customer_row0)s, %(customer_row1)s) AS SIGNED))
  AND ELT(FIELD(cart_abandonment_log.id, %(id0)s, %(id1)s), %(account_orders_0)s, %(account_orders_1)s) = (SELECT IF(COUNT(*) = 0, '0', CONCAT_WS(':', COUNT(*), SUM(CRC32(CONCAT_WS(',', COALESCE(o.`id`, '-'), COALESCE(o.`created_at`, '-'))))))
  FROM (SELECT %(whose0)s AS whose, %(address0)s AS address
  UNION ALL SELECT %(whose1)s AS whose, %(address1)s AS address) v
  STRAIGHT_JOIN `users` w ON w.`email` = CONVERT(v.address USING utf8mb4) COLLATE utf8mb4_0900_ai_ci
  AND CONVERT(LOWER(w.`email`) USING utf8mb4) COLLATE utf8mb4_bin = CONVERT(LOWER(CONVERT(v.address USING utf8mb4) COLLATE utf8mb4_0900_ai_ci) USING utf8mb4) COLLATE utf8mb4_bin
  STRAIGHT_JOIN `orders` o ON o.`user_id` = w.`id`
  WHERE TRUE
  AND v.whose = cart_abandonment_log.id)
  AND NOT EXISTS (SELECT 1
  FROM cart_abandonment_recipient r
  WHERE r.address_hash = cart_abandonment_log.address_hash
  AND r.suppressed_at IS NOT NULL);
--   nobody: (0)
--   id0: 1
--   id1: 2
--   customer_row0: 1
--   customer_row1: 2
--   addresses: (ada@example.com, ada@example.com)
--   whose0: 1
--   address0: ada@example.com
--   whose1: 2
--   address1: ada@example.com
--   rows_0: 1:11
--   rows_1: 3:33
--   customer_orders_0: 2:22
--   customer_orders_1: 0
--   customer_0: 1:5
--   customer_1: 1:6
--   account_orders_0: 0
--   account_orders_1: 0
--   ids: (1, 2)
--   owner: me
--   sending: sending
--   before: (claimed)

-- pass_fence: Set ``sending`` where the claim is still ours and nothing has changed since the decision: cart, orders, customer.
UPDATE cart_abandonment_log
  SET status = %(sending)s, lease_until = UTC_TIMESTAMP(6) + INTERVAL 3600000000 MICROSECOND
  WHERE id IN %(ids)s
  AND owner = %(owner)s
  AND status IN %(before)s
  AND NOT lease_until <= UTC_TIMESTAMP(6)
  AND ELT(FIELD(cart_abandonment_log.id, %(id0)s), %(rows_0)s) = (SELECT IF(COUNT(*) = 0, '0', CONCAT_WS(':', COUNT(*), SUM(CRC32(CONCAT_WS(',', COALESCE(l.`id`, '-'), COALESCE(l.`product_id`, '-'), COALESCE(l.`quantity`, '-'), COALESCE(l.`created_at`, '-'))))))
  FROM `cart` l
  WHERE l.`user_id` = CAST(cart_abandonment_log.cart_key AS SIGNED))
  AND ELT(FIELD(cart_abandonment_log.id, %(id0)s), %(customer_orders_0)s) = (SELECT IF(COUNT(*) = 0, '0', CONCAT_WS(':', COUNT(*), SUM(CRC32(CONCAT_WS(',', COALESCE(o.`id`, '-'), COALESCE(o.`created_at`, '-'))))))
  FROM `orders` o
  WHERE TRUE
  AND o.`user_id` = CAST(cart_abandonment_log.cart_key AS SIGNED))
  AND ELT(FIELD(cart_abandonment_log.id, %(id0)s), %(customer_0)s) = (SELECT IF(COUNT(*) = 0, '0', CONCAT_WS(':', COUNT(*), SUM(CRC32(CONCAT_WS(',', COALESCE(CAST(u.`id` AS BINARY), '-'), COALESCE(CAST(u.`email` AS BINARY), '-'), COALESCE(CAST(u.`name` AS BINARY), '-'), COALESCE(CAST(u.`role` AS BINARY), '-'))))))
  FROM `users` u
  WHERE u.`id` = CAST(ELT(FIELD(cart_abandonment_log.id, %(id0)s), %(customer_row0)s) AS SIGNED))
  AND ELT(FIELD(cart_abandonment_log.id, %(id0)s), %(account_orders_0)s) = (SELECT IF(COUNT(*) = 0, '0', CONCAT_WS(':', COUNT(*), SUM(CRC32(CONCAT_WS(',', COALESCE(o.`id`, '-'), COALESCE(o.`created_at`, '-'))))))
  FROM (SELECT %(whose0)s AS whose, %(address0)s AS address) v
  STRAIGHT_JOIN `users` w ON w.`email` = CONVERT(v.address USING utf8mb4) COLLATE utf8mb4_0900_ai_ci
  AND CONVERT(LOWER(w.`email`) USING utf8mb4) COLLATE utf8mb4_bin = CONVERT(LOWER(CONVERT(v.address USING utf8mb4) COLLATE utf8mb4_0900_ai_ci) USING utf8mb4) COLLATE utf8mb4_bin
  STRAIGHT_JOIN `orders` o ON o.`user_id` = w.`id`
  WHERE TRUE
  AND v.whose = cart_abandonment_log.id)
  AND NOT EXISTS (SELECT 1
  FROM cart_abandonment_recipient r
  WHERE r.address_hash = cart_abandonment_log.address_hash
  AND r.suppressed_at IS NOT NULL);
--   nobody: (0)
--   id0: 1
--   customer_row0: 1
--   addresses: (ada@example.com)
--   whose0: 1
--   address0: ada@example.com
--   rows_0: 1:11
--   customer_orders_0: 2:22
--   customer_0: 1:5
--   account_orders_0: 0
--   ids: (1)
--   owner: me
--   sending: sending
--   before: (sending)

-- unchanged_parts: What the fence would compare for a cart, with or without a row: whether each part is the same. Reads only.
SELECT ELT(FIELD(c.id, %(id0)s), %(rows_0)s) = (SELECT IF(COUNT(*) = 0, '0', CONCAT_WS(':', COUNT(*), SUM(CRC32(CONCAT_WS(',', COALESCE(l.`id`, '-'), COALESCE(l.`product_id`, '-'), COALESCE(l.`quantity`, '-'), COALESCE(l.`created_at`, '-'))))))
  FROM `cart` l
  WHERE l.`user_id` = CAST(c.cart_key AS SIGNED)) AS `rows`, ELT(FIELD(c.id, %(id0)s), %(customer_orders_0)s) = (SELECT IF(COUNT(*) = 0, '0', CONCAT_WS(':', COUNT(*), SUM(CRC32(CONCAT_WS(',', COALESCE(o.`id`, '-'), COALESCE(o.`created_at`, '-'))))))
  FROM `orders` o
  WHERE TRUE
  AND o.`user_id` = CAST(c.cart_key AS SIGNED)) AS `customer_orders`, ELT(FIELD(c.id, %(id0)s), %(customer_0)s) = (SELECT IF(COUNT(*) = 0, '0', CONCAT_WS(':', COUNT(*), SUM(CRC32(CONCAT_WS(',', COALESCE(CAST(u.`id` AS BINARY), '-'), COALESCE(CAST(u.`email` AS BINARY), '-'), COALESCE(CAST(u.`name` AS BINARY), '-'), COALESCE(CAST(u.`role` AS BINARY), '-'))))))
  FROM `users` u
  WHERE u.`id` = CAST(ELT(FIELD(c.id, %(id0)s), %(customer_row0)s) AS SIGNED)) AS `customer`, ELT(FIELD(c.id, %(id0)s), %(account_orders_0)s) = (SELECT IF(COUNT(*) = 0, '0', CONCAT_WS(':', COUNT(*), SUM(CRC32(CONCAT_WS(',', COALESCE(o.`id`, '-'), COALESCE(o.`created_at`, '-'))))))
  FROM (SELECT %(whose0)s AS whose, %(address0)s AS address) v
  STRAIGHT_JOIN `users` w ON w.`email` = CONVERT(v.address USING utf8mb4) COLLATE utf8mb4_0900_ai_ci
  AND CONVERT(LOWER(w.`email`) USING utf8mb4) COLLATE utf8mb4_bin = CONVERT(LOWER(CONVERT(v.address USING utf8mb4) COLLATE utf8mb4_0900_ai_ci) USING utf8mb4) COLLATE utf8mb4_bin
  STRAIGHT_JOIN `orders` o ON o.`user_id` = w.`id`
  WHERE TRUE
  AND v.whose = c.id) AS `account_orders`
  FROM (SELECT %(id0)s AS id, %(cart_key)s AS cart_key) c;
--   nobody: (0)
--   id0: 0
--   customer_row0: 1
--   addresses: (ada@example.com)
--   whose0: 0
--   address0: ada@example.com
--   rows_0: 1:11
--   customer_orders_0: 2:22
--   customer_0: 1:5
--   account_orders_0: 0
--   cart_key: 1

-- passed: Ids of those rows that are past the fence, and ours.
SELECT id
  FROM cart_abandonment_log
  WHERE id IN %s
  AND owner = %s
  AND status = %s;
--   1: (1, 2)
--   2: me
--   3: sending
