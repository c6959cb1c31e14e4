-- mailed: The address that a row's mail went to.
SELECT address_hash
  FROM cart_abandonment_log
  WHERE id = %s;
--   1: 7

-- note_bounce: That the row's mail bounced, unless that is known: only a hard bounce is news after a soft one.
UPDATE cart_abandonment_log
  SET bounce = %s, bounced_at = UTC_TIMESTAMP(6)
  WHERE id = %s
  AND (bounce IS NULL
  OR bounce = %s
  AND %s = %s);
--   1: hard
--   2: 7
--   3: soft
--   4: hard
--   5: hard

-- suppress: Never mail an address again whose mails have bounced too often. What was suppressed before stays as it is.
UPDATE cart_abandonment_recipient r
  SET r.suppressed_at = UTC_TIMESTAMP(6), r.reason = %s, r.address_hint = %s
  WHERE r.address_hash = %s
  AND r.suppressed_at IS NULL
  AND (%s > 0
  AND (SELECT COUNT(*)
  FROM cart_abandonment_log l
  WHERE l.address_hash = r.address_hash
  AND l.bounce IN %s
  AND l.bounced_at > UTC_TIMESTAMP(6) - INTERVAL %s DAY) >= %s
  OR %s > 0
  AND (SELECT COUNT(*)
  FROM cart_abandonment_log l
  WHERE l.address_hash = r.address_hash
  AND l.bounce IN %s
  AND l.bounced_at > UTC_TIMESTAMP(6) - INTERVAL %s DAY) >= %s);
--   1: bounced
--   2: a***@example.com
--   3: 0xaaaa…
--   4: 1
--   5: (hard)
--   6: 180
--   7: 1
--   8: 3
--   9: (hard, soft)
--   10: 30
--   11: 3

-- count: So many more mails of that sort today (UTC).
INSERT INTO cart_abandonment_returned (day, kind, mails)
  VALUES (UTC_DATE(), %s, %s)
  ON DUPLICATE KEY UPDATE mails = mails + %s;
--   1: hard
--   2: 1
--   3: 1

-- expired: Some of the addresses that have been suppressed for bounces, and nothing else, for so long.
SELECT address_hash
  FROM cart_abandonment_recipient
  WHERE reason = %s
  AND suppressed_at < UTC_TIMESTAMP(6) - INTERVAL %s DAY LIMIT %s;
--   1: bounced
--   2: 180
--   3: 500

-- lift: Mail these again, if that is still so.
UPDATE cart_abandonment_recipient
  SET suppressed_at = NULL, reason = NULL, address_hint = NULL
  WHERE address_hash IN %s
  AND reason = %s
  AND suppressed_at < UTC_TIMESTAMP(6) - INTERVAL %s DAY;
--   1: (0xaaaa…, 0xbbbb…)
--   2: bounced
--   3: 180

-- returned_since: How many mails of each sort came back, since the day of that moment (UTC).
SELECT kind, SUM(mails)
  FROM cart_abandonment_returned
  WHERE day >= %s GROUP BY kind
  ORDER BY 2 DESC, 1;
--   1: 2026-09-21
