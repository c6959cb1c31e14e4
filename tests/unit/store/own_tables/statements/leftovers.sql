-- close_rows: Open rows that will not be mailed any more; of claims only those that nobody holds.
UPDATE cart_abandonment_log
  SET status = %s, reason = %s, lease_until = NULL, next_attempt_at = NULL
  WHERE id IN %s
  AND (status = %s
  OR status = %s
  AND (id IN %s
  OR lease_until <= UTC_TIMESTAMP(6)));
--   1: skipped
--   2: emptied
--   3: (7, 4, 5)
--   4: retry
--   5: claimed
--   6: (4)

-- mails_in_hand: Id, owner, lease of the mails between fence and outcome.
SELECT id, owner, lease_until, address_hash
  FROM cart_abandonment_log
  WHERE status = %s;
--   1: sending

-- lock_unreported: Lock those of these rows whose outcome was not told meanwhile: id, address.
SELECT id, address_hash
  FROM cart_abandonment_log
  WHERE id IN %s
  AND status = %s FOR UPDATE;
--   1: (1, 2)
--   2: sending

-- count_as_mailed: The cool-down of these addresses begins now.
UPDATE cart_abandonment_recipient
  SET last_mail_at = %s
  WHERE address_hash IN %s;
--   1: 2026-09-21 14:13:20
--   2: (0xaaaa…, 0xbbbb…)

-- give_up: Nobody will tell how these hand-overs ended.
UPDATE cart_abandonment_log
  SET status = %s, reason = %s, email_sent = NULL, sent_at = %s, lease_until = NULL, error = %s
  WHERE id IN %s
  AND status = %s;
--   1: unknown
--   2: unreported
--   3: 2026-09-21 14:13:20
--   4: the connection or the process ended inside the hand-over to SMTP
--   5: (1, 2)
--   6: sending

-- waiting: Cart, status, lease, owner of retries that are due and out of the cool-down, and of all claims.
SELECT cart_key, status, lease_until, owner
  FROM cart_abandonment_log l
  WHERE status = %s
  AND next_attempt_at <= %s
  AND NOT EXISTS (SELECT 1
  FROM cart_abandonment_recipient r
  WHERE r.address_hash = l.address_hash
  AND r.last_mail_at > %s
  AND (l.sent_at IS NULL
  OR r.last_mail_at <> l.sent_at))
  OR status = %s;
--   1: retry
--   2: 2026-09-21 14:13:20
--   3: 2026-09-21 13:13:20
--   4: claimed
