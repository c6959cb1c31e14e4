-- begin: The row as the first instance fills it.
INSERT INTO cart_abandonment_meta (name, value)
  VALUES (%s, %s)
  ON DUPLICATE KEY UPDATE name = name;
--   1: mail_tokens
--   2: 60000000 1790000000000000

-- lock: Keep other instances from their tokens, and read what is left.
SELECT value
  FROM cart_abandonment_meta
  WHERE name = %s FOR UPDATE;
--   1: mail_tokens

-- leave: What is left now.
UPDATE cart_abandonment_meta
  SET value = %s
  WHERE name = %s;
--   1: 60000000 1790000000000000
--   2: mail_tokens
