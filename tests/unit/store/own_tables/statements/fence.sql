-- pass_fence: Set ``sending`` where the claim is still ours and nothing has changed since the decision: cart, orders, opt-out.
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
  AND NOT EXISTS (SELECT 1
  FROM cart_abandonment_recipient r
  WHERE r.address_hash = cart_abandonment_log.address_hash
  AND r.suppressed_at IS NOT NULL);
--   nobody: (0)
--   ids: (1, 2)
--   owner: me
--   sending: sending
--   before: (claimed)
--   id0: 1
--   id1: 2
--   customer0: 1
--   customer1: 2
--   rows_0: 1:11
--   rows_1: 3:33
--   customer_orders_0: 2:22
--   customer_orders_1: 0

-- pass_fence: Set ``sending`` where the claim is still ours and nothing has changed since the decision: cart, orders, opt-out.
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
  AND NOT EXISTS (SELECT 1
  FROM cart_abandonment_recipient r
  WHERE r.address_hash = cart_abandonment_log.address_hash
  AND r.suppressed_at IS NOT NULL);
--   nobody: (0)
--   ids: (1)
--   owner: me
--   sending: sending
--   before: (sending)
--   id0: 1
--   customer0: 1
--   rows_0: 1:11
--   customer_orders_0: 2:22

-- passed: Ids of those rows that are past the fence, and ours.
SELECT id
  FROM cart_abandonment_log
  WHERE id IN %s
  AND owner = %s
  AND status = %s;
--   1: (1, 2)
--   2: me
--   3: sending
