-- due: Ids of events that are due, the longest waiting first.
SELECT id
  FROM cart_abandonment_webhook
  WHERE status = %s
  AND next_attempt_at <= UTC_TIMESTAMP(6)
  ORDER BY next_attempt_at, id LIMIT %s;
--   1: waiting
--   2: 8

-- take: Take those of them that nobody else has taken meanwhile.
UPDATE cart_abandonment_webhook
  SET taken_by = %s, next_attempt_at = UTC_TIMESTAMP(6) + INTERVAL 60 SECOND
  WHERE id IN %s
  AND status = %s
  AND next_attempt_at <= UTC_TIMESTAMP(6);
--   1: me
--   2: (4, 7)
--   3: waiting

-- taken: What was taken, with what the log says of it; the id of the log is NULL where it has no such row any more.
SELECT w.id, w.event, w.happened_at, w.attempts, w.detail, w.log_id, l.id, l.cart_key, l.user_id, l.cart_total, l.currency, l.created_at, l.sent_at
  FROM cart_abandonment_webhook w
  LEFT JOIN cart_abandonment_log l ON l.id = w.log_id
  WHERE w.id IN %s
  AND w.taken_by = %s
  ORDER BY w.id;
--   1: (7, 4)
--   2: me

-- settle: These were told.
UPDATE cart_abandonment_webhook
  SET status = %s, attempts = attempts + 1, next_attempt_at = NULL, taken_by = NULL
  WHERE id IN %s;
--   1: told
--   2: (4, 7)

-- postpone: One was not: it is tried again later.
UPDATE cart_abandonment_webhook
  SET attempts = attempts + 1, taken_by = NULL, next_attempt_at = UTC_TIMESTAMP(6) + INTERVAL %s SECOND
  WHERE id = %s
  AND status = %s;
--   1: 300
--   2: 7
--   3: waiting

-- give_up: One was not, and is not tried again.
UPDATE cart_abandonment_webhook
  SET status = %s, attempts = attempts + 1, taken_by = NULL
  WHERE id = %s
  AND status = %s;
--   1: dead
--   2: 7
--   3: waiting

-- give_up_old: Some that have waited for too long.
UPDATE cart_abandonment_webhook
  SET status = %s, taken_by = NULL
  WHERE status = %s
  AND happened_at < UTC_TIMESTAMP(6) - INTERVAL 4 DAY LIMIT 1000;
--   1: dead
--   2: waiting

-- purge: Delete some in a state that are older.
DELETE
  FROM cart_abandonment_webhook
  WHERE status = %s
  AND happened_at < UTC_TIMESTAMP(6) - INTERVAL %s DAY LIMIT 1000;
--   1: told
--   2: 14

-- purge_behind: Delete some of what lies too far behind the newest row.
DELETE
  FROM cart_abandonment_webhook
  WHERE id <= %s LIMIT 1000;
--   1: 1000000

-- newest: The id of the newest row.
SELECT MAX(id)
  FROM cart_abandonment_webhook;

-- standing: How many wait, how many are dead, for how many minutes the oldest waits.
SELECT COALESCE(SUM(status = %s), 0), COALESCE(SUM(status = %s), 0), COALESCE(TIMESTAMPDIFF(MINUTE, MIN(IF(status = %s, happened_at, NULL)), UTC_TIMESTAMP()), 0)
  FROM cart_abandonment_webhook
  WHERE status IN %s;
--   1: waiting
--   2: dead
--   3: waiting
--   4: (waiting, dead)
