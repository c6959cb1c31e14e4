-- newest_rows: The row with the highest version of each cart.
SELECT l.id, l.cart_key, l.cart_version, l.status, l.attempts, l.next_attempt_at, l.lease_until, l.owner, l.address_hash, l.sent_at
  FROM cart_abandonment_log l
  JOIN (SELECT cart_key, MAX(cart_version) AS newest
  FROM cart_abandonment_log
  WHERE cart_key IN %s
  AND step = %s GROUP BY cart_key) m ON m.cart_key = l.cart_key
  AND m.newest = l.cart_version
  WHERE l.step = %s;
--   1: (1, 2)
--   2: 1
--   3: 1

-- last_mails: Cart and moment of its last mail, since a moment; not of one that is to be sent again.
SELECT cart_key, MAX(sent_at)
  FROM cart_abandonment_log
  WHERE cart_key IN %s
  AND sent_at >= %s
  AND status NOT IN %s GROUP BY cart_key;
--   1: (1, 2)
--   2: 2026-09-21 14:13:20
--   3: (retry, claimed)
