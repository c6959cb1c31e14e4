-- write_marks: Each is written anew.
INSERT INTO cart_abandonment_mark (mark, written_at)
  VALUES (%s, UTC_TIMESTAMP(6)), (%s, UTC_TIMESTAMP(6))
  ON DUPLICATE KEY UPDATE written_at = UTC_TIMESTAMP(6);
--   1: 3
--   2: 0

-- write_clocks: None goes back: whoever was away and believes that a partition is still its own changes nothing.
INSERT INTO cart_abandonment_clock (group_name, partition_name, member, clock_at, armed, troubles, noted_at) SELECT %s, v.partition_name, %s, CAST(v.clock_at AS DATETIME(6)), v.armed, %s, UTC_TIMESTAMP(6)
  FROM (SELECT %s AS partition_name, %s AS clock_at, %s AS armed
  UNION ALL SELECT %s, %s, %s) v
  ON DUPLICATE KEY UPDATE member = IF(CAST(v.clock_at AS DATETIME(6)) >= cart_abandonment_clock.clock_at, %s, cart_abandonment_clock.member), armed = IF(CAST(v.clock_at AS DATETIME(6)) >= cart_abandonment_clock.clock_at, v.armed, cart_abandonment_clock.armed), troubles = IF(CAST(v.clock_at AS DATETIME(6)) >= cart_abandonment_clock.clock_at, %s, cart_abandonment_clock.troubles), noted_at = IF(CAST(v.clock_at AS DATETIME(6)) >= cart_abandonment_clock.clock_at, UTC_TIMESTAMP(6), cart_abandonment_clock.noted_at), clock_at = IF(CAST(v.clock_at AS DATETIME(6)) >= cart_abandonment_clock.clock_at, CAST(v.clock_at AS DATETIME(6)), cart_abandonment_clock.clock_at);
--   1: cartwake
--   2: shop@1
--   3: 2
--   4: carts[0]
--   5: 2026-09-21 14:13:20
--   6: 7
--   7: carts[1]
--   8: 2026-09-21 14:13:20
--   9: 0
--   10: shop@1
--   11: 2

-- read_clocks: Of all partitions that anybody of the group has, or had.
SELECT partition_name, member, clock_at, armed, troubles, noted_at
  FROM cart_abandonment_clock
  WHERE group_name = %s
  ORDER BY partition_name;
--   1: cartwake

-- newest_mark: When a mark was written last.
SELECT MAX(written_at)
  FROM cart_abandonment_mark;
