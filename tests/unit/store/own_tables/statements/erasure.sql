-- addresses: The addresses of these rows, so that they can be locked before the rows.
SELECT DISTINCT address_hash
  FROM cart_abandonment_log
  WHERE id IN %s
  AND address_hash IS NOT NULL;
--   1: (1, 2)

-- lock_rows: Lock those of these rows that are not erased yet.
SELECT id, cart_key, cart_version, step, status, attempts > 0
  OR sent_at IS NOT NULL
  OR email_sent IS NULL
  OR email_sent <> 0
  OR bounce IS NOT NULL
  FROM cart_abandonment_log
  WHERE id IN %s
  AND cart_key NOT LIKE %s
  ORDER BY id FOR UPDATE;
--   1: (1, 2)
--   2: erased:%

-- taken_names: Name, version, step of the rows that have these names already.
SELECT cart_key, cart_version, step
  FROM cart_abandonment_log
  WHERE cart_key IN %s;
--   1: (erased:a, erased:b)

-- followed_by_orders: Id of each row, and whether an order followed within seven days of the row, and of its mail.
SELECT l.id, EXISTS (SELECT 1
  FROM `orders` o
  WHERE (o.`user_id` = l.user_id)
  AND TRUE
  AND o.`created_at` > l.created_at
  AND o.`created_at` <= l.created_at + INTERVAL 7 DAY), EXISTS (SELECT 1
  FROM `orders` o
  WHERE (o.`user_id` = l.user_id)
  AND TRUE
  AND o.`created_at` > l.sent_at
  AND o.`created_at` <= l.sent_at + INTERVAL 7 DAY)
  FROM cart_abandonment_log l
  WHERE l.id IN %(ids)s;
--   nobody: (0)
--   ids: (1, 2)

-- blank: Take out of rows what names a person. ``rows``: id, new key, whether mailed, bought, converted.
UPDATE (SELECT %s AS id, %s AS name, %s AS mailed, %s AS bought, %s AS converted
  UNION ALL SELECT %s, %s, %s, %s, %s) v
  STRAIGHT_JOIN cart_abandonment_log l ON l.id = v.id
  SET l.cart_key = v.name, l.user_id = NULL, l.address_hash = IF(v.mailed, l.address_hash, NULL), l.error = NULL, l.message_id = NULL, l.lease_until = NULL, l.next_attempt_at = NULL, l.owner = IF(LOCATE(%s, l.owner) > 0, CONCAT(SUBSTRING_INDEX(l.owner, %s, 1), %s), NULL), l.bought = v.bought, l.converted = v.converted;
--   1: 1
--   2: erased:a
--   3: True
--   4: False
--   5: True
--   6: 2
--   7: erased:b
--   8: False
--   9: False
--   10: False
--   11: -
--   12: -
--   13: -

-- counted_visits: Mail, kind, and the mail's moment of the visits that a report counts.
SELECT DISTINCT c.log_id, c.kind, l.created_at
  FROM cart_abandonment_click c
  STRAIGHT_JOIN cart_abandonment_log l ON l.id = c.log_id
  WHERE c.log_id IN %s
  AND c.flag IS NULL;
--   1: (1, 2)

-- forget_flagged: Delete some of the visits by these mails' links that count for nothing.
DELETE
  FROM cart_abandonment_click
  WHERE log_id IN %s
  AND flag IS NOT NULL LIMIT 1000;
--   1: (1, 2)

-- forget_visits: Delete all visits by these mails' links.
DELETE
  FROM cart_abandonment_click
  WHERE log_id IN %s;
--   1: (1, 2)

-- keep_visits: Of each of these mails one visit of a kind, without when it was. ``visits``: mail, kind, the mail's moment.
INSERT INTO cart_abandonment_click (log_id, kind, link_no, clicked_at)
  VALUES (%s, %s, 0, %s);
--   1: 1
--   2: cart
--   3: 2026-09-21 14:13:20

-- forget_hints: The addresses of these hashes are shown no more, not even masked.
UPDATE cart_abandonment_recipient
  SET address_hint = NULL
  WHERE address_hash IN %s
  AND address_hint IS NOT NULL;
--   1: (0xaaaa…, 0xbbbb…)

-- mark_handled: What is in these carts up to a version is never mailed. ``carts``: name, version.
INSERT INTO cart_abandonment_log (cart_key, cart_version, step, status, reason, owner, email_sent)
  VALUES (%s, %s, %s, %s, %s, %s, 0)
  ON DUPLICATE KEY UPDATE id = id;
--   1: erased:a
--   2: 1790000000000000
--   3: 1
--   4: skipped
--   5: declined
--   6: shop-
