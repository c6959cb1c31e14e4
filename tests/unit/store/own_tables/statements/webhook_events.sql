-- note: Write facts down; one that is there already stays as it is.
INSERT INTO cart_abandonment_webhook (log_id, event, about, detail)
  VALUES (%s, %s, %s, %s), (%s, %s, %s, %s)
  ON DUPLICATE KEY UPDATE id = id;
--   1: 3
--   2: mail.sent
--   3: 0
--   4: None
--   5: 7
--   6: mail.sent
--   7: 0
--   8: {"reason": null}

-- note_click: Write down the visit that this session has just kept.
INSERT INTO cart_abandonment_webhook (log_id, event, about, detail) SELECT c.log_id, %s, c.id, %s
  FROM cart_abandonment_click c
  WHERE c.id = LAST_INSERT_ID();
--   1: link.clicked
--   2: {"link": "item"}

-- note_suppression: Write down that an address was suppressed just now, at the newest row of the log with it, if there is one.
INSERT INTO cart_abandonment_webhook (log_id, event, about, detail) SELECT l.id, %s, UNIX_TIMESTAMP(), %s
  FROM cart_abandonment_log l
  WHERE l.address_hash = %s
  ORDER BY l.id DESC LIMIT 1
  ON DUPLICATE KEY UPDATE id = cart_abandonment_webhook.id;
--   1: customer.unsubscribed
--   2: {"reason": "unsubscribed"}
--   3: 0xaaaa…

-- forget: Delete all that is about these rows of the log, told or not.
DELETE
  FROM cart_abandonment_webhook
  WHERE log_id IN %s;
--   1: (7, 4)
