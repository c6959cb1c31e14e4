-- forget_notes: Delete the notes of these carts, but for those of documents.
DELETE
  FROM cart_abandonment_cart
  WHERE shop = %s
  AND cart_key IN %s
  AND digest IS NULL;
--   1: shop
--   2: (1, two)

-- noted_documents: Lock the notes of the documents among these carts.
SELECT cart_key
  FROM cart_abandonment_cart
  WHERE shop = %s
  AND cart_key IN %s
  AND digest IS NOT NULL FOR UPDATE;
--   1: shop
--   2: (1, two)

-- forget_named_notes: Delete what was noted of these carts before they were used again.
DELETE
  FROM cart_abandonment_cart
  WHERE shop = %s
  AND cart_key IN %s;
--   1: shop
--   2: (erased:a)

-- name_notes: Give the notes of documents their new names. ``names``: key, name.
UPDATE (SELECT %s AS cart_key, %s AS name) v
  STRAIGHT_JOIN cart_abandonment_cart n ON n.shop = %s
  AND n.cart_key = v.cart_key COLLATE utf8mb4_bin
  SET n.cart_key = v.name;
--   1: two
--   2: erased:a
--   3: shop
