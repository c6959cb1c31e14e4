-- claiming: INSERT and UPDATE on the log, SELECT on the recipients.
INSERT INTO cart_abandonment_log (cart_key, cart_version, status) SELECT '', 0, ''
  FROM cart_abandonment_recipient
  WHERE FALSE
  ON DUPLICATE KEY UPDATE cart_version = cart_abandonment_log.cart_version;

-- locking_addresses: INSERT and UPDATE on the recipients, SELECT on the meta table.
INSERT INTO cart_abandonment_recipient (address_hash) SELECT ''
  FROM cart_abandonment_meta
  WHERE FALSE
  ON DUPLICATE KEY UPDATE address_hash = cart_abandonment_recipient.address_hash;

-- keeping_facts: INSERT and UPDATE on the meta table, SELECT on the log.
INSERT INTO cart_abandonment_meta (name, value) SELECT '', ''
  FROM cart_abandonment_log
  WHERE FALSE
  ON DUPLICATE KEY UPDATE value = cart_abandonment_meta.value;

-- keeping_notes: INSERT, UPDATE and SELECT on the notes.
INSERT INTO cart_abandonment_cart (shop, cart_key) SELECT '', ''
  FROM cart_abandonment_meta
  WHERE FALSE
  ON DUPLICATE KEY UPDATE noted_at = cart_abandonment_cart.noted_at;

-- forgetting: DELETE on the notes.
DELETE
  FROM cart_abandonment_cart
  WHERE FALSE;

-- keeping_clicks: INSERT and SELECT on the followed links.
INSERT INTO cart_abandonment_click (log_id, kind) SELECT log_id, kind
  FROM cart_abandonment_click
  WHERE FALSE;

-- forgetting_clicks: DELETE on the followed links.
DELETE
  FROM cart_abandonment_click
  WHERE FALSE;

-- counting_returned: INSERT, UPDATE and SELECT on the count of mails that come back.
INSERT INTO cart_abandonment_returned (day, kind, mails) SELECT UTC_DATE(), '', 0
  FROM cart_abandonment_meta
  WHERE FALSE
  ON DUPLICATE KEY UPDATE mails = cart_abandonment_returned.mails;

-- keeping_events: INSERT, UPDATE and SELECT on what webhooks tell of.
INSERT INTO cart_abandonment_webhook (log_id, event) SELECT 0, ''
  FROM cart_abandonment_meta
  WHERE FALSE
  ON DUPLICATE KEY UPDATE attempts = cart_abandonment_webhook.attempts;

-- forgetting_events: DELETE on what webhooks tell of.
DELETE
  FROM cart_abandonment_webhook
  WHERE FALSE;
