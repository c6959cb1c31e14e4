-- given_up: Ids of Cartwake's own rows in these states, newest first.
SELECT id
  FROM cart_abandonment_log
  WHERE status IN %s
  AND (reason IS NULL
  OR reason <> %s)
  ORDER BY id DESC LIMIT %s;
--   1: (failed)
--   2: imported
--   3: 20

-- details: All that a human wants to know of these rows, and whether the cart was logged again since; newest first.
SELECT l.id, l.cart_key, l.user_id, l.status, l.reason, l.cart_total, l.currency, l.attempts, l.error, l.message_id, l.created_at, l.sent_at, l.last_activity_at, l.owner, (SELECT MAX(n.id)
  FROM cart_abandonment_log n
  WHERE n.cart_key = l.cart_key
  AND n.step = l.step
  AND n.cart_version > l.cart_version)
  FROM cart_abandonment_log l
  WHERE l.id IN %s
  ORDER BY l.id DESC;
--   1: (1, 2)

-- carts: Cart and address of these rows.
SELECT cart_key, address_hash
  FROM cart_abandonment_log
  WHERE id IN %s;
--   1: (1, 2)

-- lock_carts: Lock all rows of these carts: no newer one is just being made.
SELECT id
  FROM cart_abandonment_log
  WHERE cart_key IN %s
  AND step = %s FOR UPDATE;
--   1: (1, 2)
--   2: 1

-- due_again: Rows that were given up are due now, with all their attempts, and no instance's, but still their shop's.
UPDATE cart_abandonment_log
  SET status = %s, reason = NULL, attempts = 0, owner = IF(LOCATE(%s, owner) > 0, CONCAT(SUBSTRING_INDEX(owner, %s, 1), %s), NULL), lease_until = NULL, next_attempt_at = UTC_TIMESTAMP(6)
  WHERE id IN %s
  AND status IN %s;
--   1: retry
--   2: -
--   3: -
--   4: -
--   5: (1, 2)
--   6: (failed, unknown)
