-- The owner's three monitoring queries. {orders}, {orders_user} and {orders_created} come from the Schema.
-- A conversion is an order within seven days after the episode was logged; EXISTS counts a cart once
-- however many orders follow.

CREATE OR REPLACE SQL SECURITY INVOKER VIEW cart_abandonment_daily AS
SELECT DATE(l.created_at) AS day,
       COUNT(*) AS abandoned_carts,
       COALESCE(SUM(l.cart_total), 0) AS abandoned_value,
       COALESCE(SUM(CASE WHEN EXISTS (
           SELECT 1 FROM {orders} o
           WHERE o.{orders_user} = l.user_id AND o.{orders_created} > l.created_at
             AND o.{orders_created} <= l.created_at + INTERVAL 7 DAY
         ) THEN 0 ELSE l.cart_total END), 0) AS lost_revenue
FROM cart_abandonment_log l
WHERE l.reason IS NULL OR l.reason NOT IN ('superseded', 'bought_meanwhile', 'emptied')
GROUP BY DATE(l.created_at);

CREATE OR REPLACE SQL SECURITY INVOKER VIEW cart_abandonment_mails_daily AS
SELECT DATE(l.created_at) AS day,
       COUNT(*) AS mails,
       COALESCE(SUM(l.email_sent = 1), 0) AS successful,
       COALESCE(SUM(l.email_sent = 1 AND EXISTS (
         SELECT 1 FROM {orders} o
         WHERE o.{orders_user} = l.user_id AND o.{orders_created} > l.sent_at
           AND o.{orders_created} <= l.sent_at + INTERVAL 7 DAY
       )), 0) AS conversions
FROM cart_abandonment_log l
WHERE l.status IN ('sent', 'failed', 'unknown', 'retry', 'sending')
GROUP BY DATE(l.created_at);

CREATE OR REPLACE SQL SECURITY INVOKER VIEW cart_abandonment_tiers AS
SELECT l.discount_percent AS discount_percent,
       COUNT(*) AS carts,
       ROUND(AVG(l.cart_total), 2) AS average_cart,
       COALESCE(SUM(l.email_sent = 1), 0) AS mails_sent
FROM cart_abandonment_log l
WHERE l.discount_percent IS NOT NULL
GROUP BY l.discount_percent;
