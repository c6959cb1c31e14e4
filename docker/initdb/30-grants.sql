-- The least that Cartwake works with. For another shop: replace `shop` by its database.

-- To follow the binlog, and to ask where it ends.
GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO 'cartwake'@'%';

-- To read carts, customers, products and orders. Cartwake never writes to the shop's own tables.
GRANT SELECT ON `shop`.`cart` TO 'cartwake'@'%';
GRANT SELECT ON `shop`.`users` TO 'cartwake'@'%';
GRANT SELECT ON `shop`.`products` TO 'cartwake'@'%';
GRANT SELECT ON `shop`.`orders` TO 'cartwake'@'%';

-- Its own tables: created at the first start, altered in place by later versions. CREATE also lets these rights
-- be given before the tables exist.
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER ON `shop`.`cart_abandonment_log` TO 'cartwake'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER ON `shop`.`cart_abandonment_recipient` TO 'cartwake'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER ON `shop`.`cart_abandonment_meta` TO 'cartwake'@'%';

-- Its monitoring views; DROP is what replacing a view asks for.
GRANT SELECT, CREATE, CREATE VIEW, DROP ON `shop`.`cart_abandonment_daily` TO 'cartwake'@'%';
GRANT SELECT, CREATE, CREATE VIEW, DROP ON `shop`.`cart_abandonment_mails_daily` TO 'cartwake'@'%';
GRANT SELECT, CREATE, CREATE VIEW, DROP ON `shop`.`cart_abandonment_tiers` TO 'cartwake'@'%';
