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
