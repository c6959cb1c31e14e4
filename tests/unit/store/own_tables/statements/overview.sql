-- mails_by_day: What ``cart_abandonment_mails_daily`` shows, of the days that the window touches, newest first.
SELECT DATE(l.created_at) AS day, COUNT(*), COALESCE(SUM(l.email_sent = 1), 0), COALESCE(SUM(l.email_sent = 1
  AND COALESCE(l.converted, EXISTS (SELECT 1
  FROM `orders` o
  WHERE (o.`user_id` = l.user_id)
  AND TRUE
  AND o.`created_at` > l.sent_at
  AND o.`created_at` <= l.sent_at + INTERVAL 7 DAY))), 0)
  FROM cart_abandonment_log l IGNORE INDEX (cartwake_status)
  WHERE l.created_at >= %(first_day)s
  AND l.status IN %(statuses)s GROUP BY day
  ORDER BY day DESC;
--   nobody: (0)
--   first_day: 2026-09-21 00:00:00
--   statuses: (sent, failed, unknown, retry, sending)

-- mails_by_day: What ``cart_abandonment_mails_daily`` shows, of the days that the window touches, newest first.
SELECT DATE(l.created_at) AS day, COUNT(*), COALESCE(SUM(l.email_sent = 1), 0), COALESCE(SUM(l.email_sent = 1
  AND COALESCE(NULL, EXISTS (SELECT 1
  FROM `orders` o
  WHERE (o.`user_id` = l.user_id)
  AND TRUE
  AND o.`created_at` > l.sent_at
  AND o.`created_at` <= l.sent_at + INTERVAL 7 DAY))), 0)
  FROM cart_abandonment_log l IGNORE INDEX (cartwake_status)
  WHERE l.created_at >= %(first_day)s
  AND l.status IN %(statuses)s GROUP BY day
  ORDER BY day DESC;
--   nobody: (0)
--   first_day: 2026-09-21 00:00:00
--   statuses: (sent, failed, unknown, retry, sending)

-- lateness_steps: How many mails were how late, in steps of a hundredth; the latest of each step, the earliest step first.
SELECT COUNT(*), MAX(late)
  FROM (SELECT GREATEST(TIMESTAMPDIFF(MICROSECOND, last_activity_at, sent_at) - %s, 1) AS late
  FROM cart_abandonment_log IGNORE INDEX (cartwake_status)
  WHERE created_at >= %s
  AND status = %s
  AND attempts = 1
  AND last_activity_at IS NOT NULL) mails GROUP BY FLOOR(LN(late) * 100)
  ORDER BY 2;
--   1: 3600000000
--   2: 2026-09-21 14:13:20
--   3: sent
