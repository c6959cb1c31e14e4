-- lock_addresses: Lock the rows of these addresses, new or not: no other instance claims for them meanwhile.
INSERT INTO cart_abandonment_recipient (address_hash)
  VALUES (%s), (%s)
  ON DUPLICATE KEY UPDATE address_hash = address_hash;
--   1: 0xaaaa…
--   2: 0xbbbb…

-- mails_under_way: Address, cart, status of mails that are being sent, or are claimed by a lease that has not ended.
SELECT address_hash, cart_key, status
  FROM cart_abandonment_log
  WHERE address_hash IN %s
  AND (status = %s
  OR (status = %s
  AND NOT lease_until <= UTC_TIMESTAMP(6)));
--   1: (0xaaaa…, 0xbbbb…)
--   2: sending
--   3: claimed

-- insert: Make rows for new episodes; one that is there already stays as it is.
INSERT INTO cart_abandonment_log (cart_key, user_id, cart_version, step, status, reason, address_hash, owner, cart_total, discount_percent, item_count, currency, last_activity_at, store, language, attempts, email_sent, lease_until)
  VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 0, 0, UTC_TIMESTAMP(6) + INTERVAL 3600000000 MICROSECOND), (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 0, 0, UTC_TIMESTAMP(6) + INTERVAL 3600000000 MICROSECOND)
  ON DUPLICATE KEY UPDATE id = id;
--   1: 1
--   2: 1
--   3: 1790000000000000
--   4: 1
--   5: claimed
--   6: None
--   7: 0xbbbb…
--   8: me
--   9: 39.98
--   10: 10
--   11: 2
--   12: EUR
--   13: 2026-09-21 14:13:20
--   14: None
--   15: None
--   16: 2
--   17: 2
--   18: 1790000000000000
--   19: 1
--   20: claimed
--   21: None
--   22: 0xaaaa…
--   23: me
--   24: 39.98
--   25: 10
--   26: 2
--   27: EUR
--   28: 2026-09-21 14:13:20
--   29: None
--   30: None

-- erased_versions: Name and highest version of those of these carts that were erased.
SELECT cart_key, MAX(cart_version)
  FROM cart_abandonment_log
  WHERE cart_key IN %s
  AND step = %s GROUP BY cart_key;
--   1: (erased:a, erased:b)
--   2: 1

-- inserted: Id, cart, version of the claims of these carts that are ours.
SELECT id, cart_key, cart_version
  FROM cart_abandonment_log
  WHERE cart_key IN %s
  AND owner = %s
  AND status = %s
  AND step = %s;
--   1: (1, 2)
--   2: me
--   3: claimed
--   4: 1

-- rows_of: Id, cart, version of the rows of these carts.
SELECT id, cart_key, cart_version
  FROM cart_abandonment_log
  WHERE cart_key IN %s
  AND cart_version IN %s
  AND step = %s;
--   1: (1, 2)
--   2: (1790000000000000, 1790000000000000)
--   3: 1

-- take_over: Claim open rows for the cart as it is now; a claim only from the dead owner that was seen, or after its lease.
UPDATE (SELECT %s AS id, %s AS owner, %s AS dead, %s AS hash, %s AS total, %s AS percent, %s AS items, %s AS currency, %s AS activity, %s AS store, %s AS language
  UNION ALL SELECT %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s
  UNION ALL SELECT %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) v
  STRAIGHT_JOIN cart_abandonment_log l ON l.id = v.id
  SET l.status = %s, l.owner = %s, l.lease_until = UTC_TIMESTAMP(6) + INTERVAL 3600000000 MICROSECOND, l.reason = NULL, l.next_attempt_at = NULL, l.address_hash = v.hash, l.cart_total = v.total, l.discount_percent = v.percent, l.item_count = v.items, l.currency = v.currency, l.last_activity_at = v.activity, l.store = v.store, l.language = v.language
  WHERE l.status = %s
  OR (l.status = %s
  AND (v.dead
  AND l.owner = v.owner
  OR l.lease_until <= UTC_TIMESTAMP(6)));
--   1: 4
--   2: gone
--   3: True
--   4: 0xbbbb…
--   5: 39.98
--   6: 10
--   7: 2
--   8: EUR
--   9: 2026-09-21 14:13:20
--   10: None
--   11: None
--   12: 5
--   13: there
--   14: False
--   15: 0xbbbb…
--   16: 39.98
--   17: 10
--   18: 2
--   19: EUR
--   20: 2026-09-21 14:13:20
--   21: None
--   22: None
--   23: 7
--   24: there
--   25: False
--   26: 0xaaaa…
--   27: 39.98
--   28: 10
--   29: 2
--   30: EUR
--   31: 2026-09-21 14:13:20
--   32: None
--   33: None
--   34: claimed
--   35: me
--   36: retry
--   37: claimed

-- taken_over: Ids of those rows that are ours now; one that someone else was faster to take has another owner.
SELECT id
  FROM cart_abandonment_log
  WHERE id IN %s
  AND owner = %s
  AND status = %s;
--   1: (7, 4, 5)
--   2: me
--   3: claimed

-- supersede: Older open versions of these carts will never be mailed; those of another shop, whose keys may be alike, stay.
UPDATE (SELECT %s AS cart_key, %s AS version
  UNION ALL SELECT %s, %s) v
  STRAIGHT_JOIN cart_abandonment_log l ON l.cart_key = v.cart_key COLLATE utf8mb4_bin
  SET l.status = %s, l.reason = %s, l.lease_until = NULL, l.next_attempt_at = NULL
  WHERE l.step = %s
  AND l.cart_version < v.version
  AND l.status IN %s
  AND (l.owner IS NULL
  OR LOCATE(%s, l.owner) = 0
  OR SUBSTRING_INDEX(l.owner, %s, 1) = %s);
--   1: 1
--   2: 1790000000000000
--   3: 2
--   4: 1790000000000000
--   5: skipped
--   6: superseded
--   7: 1
--   8: (retry, claimed)
--   9: -
--   10: -
--   11: shop

-- insert: Make rows for new episodes; one that is there already stays as it is.
INSERT INTO cart_abandonment_log (cart_key, user_id, cart_version, step, status, reason, address_hash, owner, cart_total, discount_percent, item_count, currency, last_activity_at, store, language, attempts, email_sent, lease_until)
  VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 0, 0, NULL), (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 0, 0, NULL)
  ON DUPLICATE KEY UPDATE id = id;
--   1: 1
--   2: 1
--   3: 1790000000000000
--   4: 1
--   5: skipped
--   6: no_address
--   7: 0xbbbb…
--   8: me
--   9: 39.98
--   10: 10
--   11: 2
--   12: EUR
--   13: 2026-09-21 14:13:20
--   14: None
--   15: None
--   16: 2
--   17: 2
--   18: 1790000000000000
--   19: 1
--   20: skipped
--   21: no_address
--   22: 0xaaaa…
--   23: me
--   24: 39.98
--   25: 10
--   26: 2
--   27: EUR
--   28: 2026-09-21 14:13:20
--   29: None
--   30: None

-- skip_begun: Open rows of episodes that are not mailed after all.
UPDATE cart_abandonment_log
  SET status = %s, reason = %s, lease_until = NULL, next_attempt_at = NULL
  WHERE id IN %s
  AND status IN %s;
--   1: skipped
--   2: role
--   3: (7, 4)
--   4: (retry, claimed)
