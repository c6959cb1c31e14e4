-- rows_with_address: The rows that were logged with one of these addresses.
SELECT l.id, l.cart_key, l.user_id, l.address_hash
  FROM cart_abandonment_log l
  WHERE l.address_hash IN %s;
--   1: (0xaaaa…, 0xbbbb…)

-- rows_of_carts: The rows of these carts; not those of another shop, whose keys may be alike.
SELECT l.id, l.cart_key, l.user_id, l.address_hash
  FROM cart_abandonment_log l
  WHERE l.cart_key IN %s
  AND (l.owner IS NULL
  OR LOCATE(%s, l.owner) = 0
  OR SUBSTRING_INDEX(l.owner, %s, 1) = %s);
--   1: (1, 2)
--   2: -
--   3: -
--   4: shop

-- rows_of_users: The rows of these customers among those with an id in ``(after, until]``; not those of another shop.
SELECT l.id, l.cart_key, l.user_id, l.address_hash
  FROM cart_abandonment_log l
  WHERE l.id > %s
  AND l.id <= %s
  AND l.user_id IN %s
  AND (l.owner IS NULL
  OR LOCATE(%s, l.owner) = 0
  OR SUBSTRING_INDEX(l.owner, %s, 1) = %s);
--   1: 0
--   2: 20000
--   3: (1, 2)
--   4: -
--   5: -
--   6: shop

-- last_id: The highest id of the log.
SELECT COALESCE(MAX(id), 0)
  FROM cart_abandonment_log;

-- keys_of_others: Those of these carts that have other rows, too.
SELECT DISTINCT cart_key
  FROM cart_abandonment_log
  WHERE cart_key IN %s
  AND id NOT IN %s;
--   1: (1)
--   2: (1, 2)

-- whole_rows: All columns of these rows of the log.
SELECT *
  FROM cart_abandonment_log
  WHERE id IN %s
  ORDER BY id;
--   1: (1)

-- whole_visits: All columns of the visits by these mails' links.
SELECT *
  FROM cart_abandonment_click
  WHERE log_id IN %s
  ORDER BY id;
--   1: (1)

-- whole_notes: All columns of what is noted of these carts.
SELECT *
  FROM cart_abandonment_cart
  WHERE shop = %s
  AND cart_key IN %s
  ORDER BY cart_key;
--   1: shop
--   2: (1)

-- whole_recipients: All columns of what is known of these addresses.
SELECT *
  FROM cart_abandonment_recipient
  WHERE address_hash IN %s
  ORDER BY address_hash;
--   1: (0xaaaa…, 0xbbbb…)
