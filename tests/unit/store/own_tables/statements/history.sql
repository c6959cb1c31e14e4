-- rows_of_carts: All rows of these carts, the newest first. ``with_bounces``: the log has the columns of them.
SELECT id, cart_key, status, reason, cart_total, currency, attempts, error, message_id, created_at, last_activity_at, sent_at, next_attempt_at, lease_until, owner, bounce, bounced_at
  FROM cart_abandonment_log
  WHERE cart_key IN %s
  ORDER BY id DESC LIMIT %s;
--   1: (1, 2)
--   2: 100

-- key_of: How the cart of a row is spelled there: a shop may hold several spellings for the same.
SELECT cart_key
  FROM cart_abandonment_log
  WHERE id = %s;
--   1: 1

-- visits_of: Visits by the links of these rows' mails: row, kind, flag, the first one, how many.
SELECT log_id, kind, flag, MIN(clicked_at), COUNT(*)
  FROM cart_abandonment_click
  WHERE log_id IN %s GROUP BY log_id, kind, flag;
--   1: (1, 2)

-- suppression: Since when and why the address is suppressed.
SELECT suppressed_at, reason
  FROM cart_abandonment_recipient
  WHERE address_hash = %s
  AND suppressed_at IS NOT NULL;
--   1: 0xaaaa…

-- mail_at: Row and cart of the mail that went to an address at a moment.
SELECT id, cart_key
  FROM cart_abandonment_log
  WHERE address_hash = %s
  AND sent_at = %s
  ORDER BY id DESC LIMIT 1;
--   1: 0xaaaa…
--   2: 2026-09-21 14:13:20

-- carts_mailed_to: The carts that were logged with an address, the newest first.
SELECT cart_key, MAX(id)
  FROM cart_abandonment_log
  WHERE address_hash = %s GROUP BY cart_key
  ORDER BY 2 DESC LIMIT %s;
--   1: 0xaaaa…
--   2: 20

-- carts_of_user: The carts that were logged for a customer whose id is a number, the newest first; goes over the whole log.
SELECT cart_key, MAX(id)
  FROM cart_abandonment_log
  WHERE user_id = %s GROUP BY cart_key
  ORDER BY 2 DESC LIMIT %s;
--   1: 7
--   2: 20
