-- rivals: Ids of these rows, and of others of the same customers and carts, that have not been settled.
SELECT id
  FROM cart_abandonment_log
  WHERE id IN %s
  AND ordered IS NULL UNION SELECT r.id
  FROM cart_abandonment_log l
  JOIN cart_abandonment_log r ON r.user_id = l.user_id
  WHERE l.id IN %s
  AND r.ordered IS NULL UNION SELECT r.id
  FROM cart_abandonment_log l
  JOIN cart_abandonment_log r ON r.cart_key = l.cart_key
  WHERE l.id IN %s
  AND r.ordered IS NULL;
--   1: (1, 2)
--   2: (1, 2)
--   3: (1, 2)

-- outcomes: Of each row ``among`` that is of ``ids`` or shares an order with one: what is ``Settled``.
WITH pairs AS (SELECT l.id AS log_id, o.order_id AS order_id, o.bought_at AS bought_at, COALESCE(o.amount, l.cart_total) AS amount, IF(o.amount IS NULL, l.currency, COALESCE(o.currency, l.currency)) AS currency, l.sent_at AS sent_at, COALESCE(l.status = %(mailed)s
  AND NOT l.bounce <=> 'hard'
  AND o.bought_at > l.sent_at
  AND o.bought_at <= l.sent_at + INTERVAL 5 DAY, 0) AS by_mail, EXISTS (SELECT 1
  FROM cart_abandonment_click c
  WHERE c.log_id = l.id
  AND c.flag IS NULL
  AND c.kind <> 'open'
  AND c.clicked_at <= o.bought_at) AS clicked
  FROM (SELECT o.`id` AS order_id, NULL AS cart, o.`user_id` AS customer, o.`created_at` AS bought_at, CAST(o.`total_amount` AS DECIMAL(14,2)) AS amount, NULL AS currency
  FROM `orders` o
  WHERE TRUE
  AND TRUE) o
  JOIN cart_abandonment_log l ON l.user_id = o.customer
  WHERE l.id IN %(among)s
  AND l.ordered IS NULL
  AND o.bought_at > l.created_at
  AND o.bought_at <= COALESCE(l.sent_at, l.created_at) + INTERVAL 5 DAY), mine AS (SELECT m.log_id, m.order_id, m.bought_at, m.amount, m.currency, m.clicked
  FROM (SELECT n.*, ROW_NUMBER() OVER (PARTITION BY n.log_id, n.by_mail, n.nth_mail = 1
  ORDER BY n.bought_at, n.order_id) AS nth_order
  FROM (SELECT p.*, ROW_NUMBER() OVER (PARTITION BY p.order_id, p.by_mail
  ORDER BY p.clicked DESC, p.sent_at DESC, p.log_id DESC) AS nth_mail
  FROM pairs p) n) m
  WHERE m.by_mail = 1
  AND m.nth_mail = 1
  AND m.nth_order = 1) SELECT l.id, p.log_id IS NOT NULL, EXISTS (SELECT 1
  FROM cart_abandonment_log n
  WHERE n.cart_key = l.cart_key
  AND n.step = l.step
  AND n.cart_version > l.cart_version
  AND (n.reason IS NULL
  OR n.reason NOT IN ('superseded', 'bought_meanwhile', 'emptied', 'closed', 'declined'))
  AND n.created_at >= l.created_at
  AND n.created_at <= l.created_at + INTERVAL 5 DAY), r.amount, r.currency, r.clicked
  FROM cart_abandonment_log l
  LEFT JOIN (SELECT DISTINCT log_id
  FROM pairs) p ON p.log_id = l.id
  LEFT JOIN mine r ON r.log_id = l.id
  WHERE l.id IN %(ids)s
  OR (l.id IN %(among)s
  AND EXISTS (SELECT 1
  FROM pairs a
  JOIN pairs b ON b.order_id = a.order_id
  WHERE a.log_id = l.id
  AND b.log_id IN %(ids)s));
--   nobody: (0)
--   mailed: sent
--   ids: (1, 2)
--   among: (1, 2, 3)

-- keep: Write it to the rows; what was recovered is cut to what the column holds.
UPDATE (SELECT %s AS id, %s AS ordered, %s AS again, %s AS recovered, %s AS currency, %s AS clicked) v
  STRAIGHT_JOIN cart_abandonment_log l ON l.id = v.id
  SET l.ordered = v.ordered, l.left_again = v.again, l.recovered = v.recovered, l.recovered_in = v.currency, l.recovered_click = v.clicked;
--   1: 1
--   2: True
--   3: False
--   4: 90
--   5: EUR
--   6: True
