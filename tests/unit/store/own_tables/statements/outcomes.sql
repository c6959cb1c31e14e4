-- addresses: The addresses of these rows, so that they can be locked before the rows.
SELECT address_hash
  FROM cart_abandonment_log
  WHERE id IN %s
  AND address_hash IS NOT NULL;
--   1: (2, 3)

-- lock_rows: Lock these rows and read what they say: id, owner, status, moment of a mail, address.
SELECT id, owner, status, sent_at, address_hash
  FROM cart_abandonment_log
  WHERE id IN %s
  ORDER BY id FOR UPDATE;
--   1: (2, 3)

-- take_back_mails: The last mail to these addresses is another than that of these rows, which never left; or there is none.
UPDATE cart_abandonment_recipient r
  SET r.last_mail_at = (SELECT MAX(l.sent_at)
  FROM cart_abandonment_log l
  WHERE l.address_hash = r.address_hash
  AND l.status IN %s
  AND l.id NOT IN %s)
  WHERE r.address_hash IN %s;
--   1: (sent, unknown)
--   2: (2, 3)
--   3: (0xbbbb…)

-- write: Write outcomes to rows that are ours, and what was sent to any; and when an address was mailed last.
UPDATE (SELECT %s AS id, %s AS status, %s AS reason, %s AS error, %s AS email_sent, %s AS sent_at, %s AS message_id, %s AS next_attempt_at, %s AS hash, %s AS mailed_at, %s AS uncounted
  UNION ALL SELECT %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s
  UNION ALL SELECT %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) v
  LEFT JOIN cart_abandonment_recipient r ON r.address_hash = v.hash
  AND v.mailed_at IS NOT NULL
  AND (r.last_mail_at IS NULL
  OR r.last_mail_at < CAST(v.mailed_at AS DATETIME(6)))
  LEFT JOIN cart_abandonment_log l ON l.id = v.id
  AND (l.owner = %s
  AND l.status IN %s
  OR v.status = %s
  AND l.status IN %s)
  SET r.last_mail_at = v.mailed_at, l.status = v.status, l.reason = v.reason, l.error = v.error, l.email_sent = v.email_sent, l.sent_at = v.sent_at, l.message_id = COALESCE(v.message_id, l.message_id), l.next_attempt_at = v.next_attempt_at, l.attempts = l.attempts - LEAST(l.attempts, v.uncounted), l.lease_until = NULL;
--   1: 1
--   2: sent
--   3: None
--   4: None
--   5: 1
--   6: 2026-09-21 14:13:20
--   7: <m1@example.com>
--   8: None
--   9: 0xaaaa…
--   10: 2026-09-21 14:13:20
--   11: False
--   12: 2
--   13: retry
--   14: None
--   15: 451 later
--   16: None
--   17: 2026-09-21 13:13:20
--   18: <m2@example.com>
--   19: 2026-09-21 15:13:20
--   20: None
--   21: None
--   22: False
--   23: 3
--   24: failed
--   25: None
--   26: 550 no
--   27: 0
--   28: None
--   29: None
--   30: None
--   31: None
--   32: None
--   33: False
--   34: me
--   35: (claimed, sending, unknown)
--   36: sent
--   37: (claimed, sending, sent, retry, failed, skipped, unknown)

-- give_back: Rows of ours that were given up are due again, but for those of carts that have a newer one.
UPDATE cart_abandonment_log l
  LEFT JOIN cart_abandonment_log n ON n.cart_key = l.cart_key
  AND n.step = l.step
  AND n.cart_version > l.cart_version
  SET l.status = %s, l.reason = %s, l.next_attempt_at = %s, l.attempts = l.attempts - LEAST(l.attempts, 1)
  WHERE l.id IN %s
  AND l.owner = %s
  AND l.status IN %s
  AND n.id IS NULL;
--   1: retry
--   2: smtp_stopped
--   3: 2026-09-21 14:13:20
--   4: (1, 2)
--   5: me
--   6: (failed)

-- suppress_bounced: Never mail an address again to which so many mails bounced since the last one that did not.
UPDATE cart_abandonment_recipient r
  SET r.suppressed_at = UTC_TIMESTAMP(6), r.reason = %s, r.address_hint = %s
  WHERE r.address_hash = %s
  AND r.suppressed_at IS NULL
  AND (SELECT COUNT(*)
  FROM cart_abandonment_log l
  WHERE l.address_hash = r.address_hash
  AND l.status = %s
  AND l.reason = %s
  AND (r.last_mail_at IS NULL
  OR l.created_at > r.last_mail_at)) >= %s;
--   1: bounced
--   2: a***@example.com
--   3: 0xaaaa…
--   4: failed
--   5: bounced
--   6: 2
