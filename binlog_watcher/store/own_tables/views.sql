-- The owner's three monitoring queries; amounts of different currencies have rows of their own.
-- {orders}, {matches} and {bought_at} come from the Schema: the orders of an episode's cart or customer that count.
-- A conversion is an order within seven days after the episode was logged; EXISTS counts a cart once however many
-- orders follow. It stands in a derived table, since MariaDB takes its columns for ungrouped ones otherwise.

CREATE OR REPLACE SQL SECURITY INVOKER VIEW cart_abandonment_daily AS
SELECT e.day AS day,
       COUNT(*) AS abandoned_carts,
       COALESCE(SUM(e.cart_total), 0) AS abandoned_value,
       COALESCE(SUM(CASE WHEN e.bought THEN 0 ELSE e.cart_total END), 0) AS lost_revenue,
       e.currency AS currency
FROM (
  SELECT DATE(l.created_at) AS day, l.cart_total AS cart_total, l.currency AS currency,
         COALESCE(l.bought, EXISTS (
           SELECT 1 FROM {orders} o
           WHERE {matches} AND {bought_at} > l.created_at AND {bought_at} <= l.created_at + INTERVAL 7 DAY
         )) AS bought
  FROM cart_abandonment_log l
  WHERE l.reason IS NULL OR l.reason NOT IN ('superseded', 'bought_meanwhile', 'emptied', 'closed', 'declined')
) e
GROUP BY e.day, e.currency;

CREATE OR REPLACE SQL SECURITY INVOKER VIEW cart_abandonment_mails_daily AS
SELECT e.day AS day,
       COUNT(*) AS mails,
       COALESCE(SUM(e.sent), 0) AS successful,
       COALESCE(SUM(e.sent AND e.bought), 0) AS conversions
FROM (
  SELECT DATE(l.created_at) AS day, l.email_sent = 1 AS sent,
         COALESCE(l.converted, EXISTS (
           SELECT 1 FROM {orders} o
           WHERE {matches} AND {bought_at} > l.sent_at AND {bought_at} <= l.sent_at + INTERVAL 7 DAY
         )) AS bought
  FROM cart_abandonment_log l
  WHERE l.status IN ('sent', 'failed', 'unknown', 'retry', 'sending')
) e
GROUP BY e.day;

CREATE OR REPLACE SQL SECURITY INVOKER VIEW cart_abandonment_tiers AS
SELECT l.discount_percent AS discount_percent,
       COUNT(*) AS carts,
       ROUND(AVG(l.cart_total), 2) AS average_cart,
       COALESCE(SUM(l.email_sent = 1), 0) AS mails_sent,
       l.currency AS currency
FROM cart_abandonment_log l
WHERE l.discount_percent IS NOT NULL
GROUP BY l.discount_percent, l.currency;
