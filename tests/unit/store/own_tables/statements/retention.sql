-- rows_behind: The next rows that were created before a moment: id, creation, status, cart; the oldest first.
SELECT id, created_at, status, cart_key
  FROM cart_abandonment_log FORCE INDEX (cartwake_created)
  WHERE (created_at = %s
  AND id > %s
  OR created_at > %s)
  AND created_at < %s
  ORDER BY created_at, id LIMIT 100;
--   1: 2026-09-21 13:13:20
--   2: 7
--   3: 2026-09-21 13:13:20
--   4: 2026-09-21 14:13:20

-- how_far: Up to which row it came.
SELECT value
  FROM cart_abandonment_meta
  WHERE name = %s;
--   1: erased_until

-- came_to: It has come so far.
INSERT INTO cart_abandonment_meta (name, value)
  VALUES (%s, %s)
  ON DUPLICATE KEY UPDATE value = %s;
--   1: erased_until
--   2: 2026-09-21T13:13:20 7
--   3: 2026-09-21T13:13:20 7
