-- write: Note what there is of these carts: the latest activity, and the order after it, if any.
INSERT INTO cart_abandonment_cart (shop, cart_key, active_at, ordered_at, filled_at, digest, noted_at) SELECT %s, v.cart_key, CAST(v.active AS DATETIME(6)), CAST(v.ordered AS DATETIME(6)), COALESCE(CAST(v.filled AS DATETIME(6)), IF(v.digest IS NULL, NULL, CAST(v.active AS DATETIME(6)))), UNHEX(v.digest), UTC_TIMESTAMP(6)
  FROM (SELECT %s AS cart_key, %s AS active, %s AS ordered, %s AS filled, %s AS digest
  UNION ALL SELECT %s, %s, %s, %s, %s) v
  ON DUPLICATE KEY UPDATE active_at = GREATEST(COALESCE(cart_abandonment_cart.active_at, CAST(v.active AS DATETIME(6))), COALESCE(CAST(v.active AS DATETIME(6)), cart_abandonment_cart.active_at)), ordered_at = CAST(v.ordered AS DATETIME(6)), filled_at = COALESCE(CAST(v.filled AS DATETIME(6)), cart_abandonment_cart.filled_at, IF(v.digest IS NULL, NULL, CAST(v.active AS DATETIME(6)))), digest = COALESCE(UNHEX(v.digest), cart_abandonment_cart.digest), noted_at = UTC_TIMESTAMP(6);
--   1: shop
--   2: 1
--   3: 2026-09-21 14:13:20
--   4: None
--   5: None
--   6: None
--   7: two
--   8: None
--   9: 2026-09-21 14:13:20
--   10: None
--   11: None

-- revive: Erased carts that are used again have their keys again; ``names``: that of each key.
UPDATE IGNORE (SELECT %s AS cart_key, %s AS name
  UNION ALL SELECT %s, %s) v
  STRAIGHT_JOIN cart_abandonment_cart n ON n.shop = %s
  AND n.cart_key = v.name COLLATE utf8mb4_bin
  SET n.cart_key = v.cart_key;
--   1: 1
--   2: erased:a
--   3: two
--   4: erased:b
--   5: shop

-- take_back_orders: No order followed these carts' last activity after all.
UPDATE cart_abandonment_cart
  SET ordered_at = NULL
  WHERE shop = %s
  AND cart_key IN %s
  AND ordered_at IS NOT NULL;
--   1: shop
--   2: (1, two)

-- read: Cart, activity, order after it, when it was filled, digest: of those of these carts that there is a note of.
SELECT cart_key, active_at, ordered_at, filled_at, digest
  FROM cart_abandonment_cart
  WHERE shop = %s
  AND cart_key IN %s;
--   1: shop
--   2: (1, two)

-- purge: Delete notes that were written before a moment, some at a time; those of documents are asked about first.
DELETE
  FROM cart_abandonment_cart
  WHERE noted_at < %s
  AND digest IS NULL LIMIT 1000;
--   1: 2026-09-21 14:13:20

-- old_documents: Some of the carts with a note of their document that was written before a moment.
SELECT cart_key
  FROM cart_abandonment_cart
  WHERE shop = %s
  AND noted_at < %s
  AND digest IS NOT NULL
  AND cart_key NOT LIKE %s LIMIT 1000;
--   1: shop
--   2: 2026-09-21 14:13:20
--   3: erased:%

-- last_note: When the last note of a shop was written.
SELECT MAX(noted_at)
  FROM cart_abandonment_cart
  WHERE shop = %s;
--   1: shop

-- form_noted: The form by which all documents of a shop were noted, if they were.
SELECT value
  FROM cart_abandonment_meta
  WHERE name = %s;
--   1: documents.shop

-- note_form: All documents of a shop are noted by a form.
INSERT INTO cart_abandonment_meta (name, value)
  VALUES (%s, %s)
  ON DUPLICATE KEY UPDATE value = %s;
--   1: documents.shop
--   2: ab12
--   3: ab12

-- forms_of_others: The facts of the meta table that say that all documents of other shops were noted.
SELECT name
  FROM cart_abandonment_meta
  WHERE name LIKE %s
  AND name <> %s
  AND value <> '';
--   1: documents.%
--   2: documents.shop

-- forget_shop: Delete some of a shop's notes.
DELETE
  FROM cart_abandonment_cart
  WHERE shop = %s LIMIT 1000;
--   1: other

-- active_between: The carts behind ``last`` whose last activity lies in a span, in the order of their keys; not erased ones.
SELECT cart_key
  FROM cart_abandonment_cart
  WHERE shop = %s
  AND noted_at > %s
  AND active_at > %s
  AND active_at <= %s
  AND cart_key > %s
  AND cart_key NOT LIKE %s
  ORDER BY cart_key LIMIT %s;
--   1: shop
--   2: 2026-09-21 13:13:20
--   3: 2026-09-21 13:13:20
--   4: 2026-09-21 14:13:20
--   5: 1
--   6: erased:%
--   7: 20

-- renew: These notes hold as if they were written now.
UPDATE cart_abandonment_cart
  SET noted_at = UTC_TIMESTAMP(6)
  WHERE shop = %s
  AND cart_key IN %s;
--   1: shop
--   2: (two)

-- forget: Delete the notes of these carts, but for those that were written since a moment.
DELETE
  FROM cart_abandonment_cart
  WHERE shop = %s
  AND cart_key IN %s
  AND noted_at < %s;
--   1: shop
--   2: (one)
--   3: 2026-09-21 14:13:20
