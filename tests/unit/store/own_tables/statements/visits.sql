-- mail: Cart, owner and age in seconds of a mail.
SELECT cart_key, owner, TIMESTAMPDIFF(SECOND, COALESCE(sent_at, created_at), UTC_TIMESTAMP())
  FROM cart_abandonment_log
  WHERE id = %s;
--   1: 1

-- click: Keep a visit, unless too many of the kind are kept, or the mail was erased.
INSERT INTO cart_abandonment_click (log_id, kind, link_no, clicked_at, flag) SELECT %s, %s, %s, UTC_TIMESTAMP(6), %s
  FROM (SELECT COUNT(*) AS kept
  FROM (SELECT 1
  FROM cart_abandonment_click
  WHERE log_id = %s
  AND kind = %s
  AND flag <=> %s LIMIT 50) c) n
  WHERE n.kept < 50
  AND NOT EXISTS (SELECT 1
  FROM cart_abandonment_log l
  WHERE l.id = %s
  AND l.cart_key LIKE %s);
--   1: 1
--   2: cart
--   3: 0
--   4: scanner
--   5: 1
--   6: cart
--   7: scanner
--   8: 1
--   9: erased:%

-- lock_mail: Nobody else leaves this mail's cart meanwhile.
SELECT 1
  FROM cart_abandonment_log
  WHERE id = %s FOR UPDATE;
--   1: 1

-- newest_row: Id, version, reason of a cart's row with the highest version, and now.
SELECT id, cart_version, reason, UTC_TIMESTAMP(6)
  FROM cart_abandonment_log
  WHERE cart_key = %s
  AND step = %s
  ORDER BY cart_version DESC LIMIT 1;
--   1: 1
--   2: 1

-- decline_again: What was left before is left as it is now.
UPDATE cart_abandonment_log
  SET cart_version = %s
  WHERE id = %s;
--   1: 1790000000000000
--   2: 2

-- close_open: Open rows of a cart will never be mailed; those of another shop, whose keys may be alike, stay.
UPDATE cart_abandonment_log l
  SET l.status = %s, l.reason = %s, l.lease_until = NULL, l.next_attempt_at = NULL
  WHERE l.cart_key = %s
  AND l.step = %s
  AND l.status IN %s
  AND (l.owner IS NULL
  OR LOCATE(%s, l.owner) = 0
  OR SUBSTRING_INDEX(l.owner, %s, 1) = %s);
--   1: skipped
--   2: declined
--   3: 1
--   4: 1
--   5: (retry, claimed)
--   6: -
--   7: -
--   8: shop

-- decline: A row for what is in a mail's cart now: it counts as handled, so nothing up to this moment is mailed.
INSERT INTO cart_abandonment_log (cart_key, user_id, cart_version, step, status, reason, address_hash, owner, email_sent) SELECT l.cart_key, l.user_id, %s, l.step, %s, %s, l.address_hash, l.owner, 0
  FROM cart_abandonment_log l
  WHERE l.id = %s
  ON DUPLICATE KEY UPDATE id = cart_abandonment_log.id;
--   1: 1790000000000000
--   2: skipped
--   3: declined
--   4: 1

-- followed: Of how many mails since a moment a customer followed a link, a recommendation's, and loaded the picture.
SELECT COUNT(DISTINCT IF(c.kind = %s, NULL, c.log_id)), COUNT(DISTINCT IF(c.kind = %s, c.log_id, NULL)), COUNT(DISTINCT IF(c.kind = %s, c.log_id, NULL))
  FROM cart_abandonment_click c
  STRAIGHT_JOIN cart_abandonment_log l ON l.id = c.log_id
  WHERE c.flag IS NULL
  AND l.created_at >= %s
  AND l.email_sent = 1;
--   1: open
--   2: pick
--   3: open
--   4: 2026-09-21 14:13:20
