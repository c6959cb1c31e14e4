-- What a shop gives Cartwake, and no more. The demo and docker/compose.yaml both use this file;
-- for another shop, replace `shop` by its database.
GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO 'cartwake'@'%';

-- The shop's tables: read only.
GRANT SELECT ON `shop`.`cart` TO 'cartwake'@'%';
GRANT SELECT ON `shop`.`users` TO 'cartwake'@'%';
GRANT SELECT ON `shop`.`products` TO 'cartwake'@'%';
GRANT SELECT ON `shop`.`orders` TO 'cartwake'@'%';

-- Cartwake's own tables and views. CREATE also lets the rights be given before they exist; DROP is what replacing a
-- view asks for.
GRANT SELECT, INSERT, UPDATE, CREATE, ALTER ON `shop`.`cart_abandonment_log` TO 'cartwake'@'%';
GRANT SELECT, INSERT, UPDATE, CREATE, ALTER ON `shop`.`cart_abandonment_recipient` TO 'cartwake'@'%';
GRANT SELECT, INSERT, UPDATE, CREATE, ALTER ON `shop`.`cart_abandonment_meta` TO 'cartwake'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER ON `shop`.`cart_abandonment_cart` TO 'cartwake'@'%';
GRANT SELECT, INSERT, CREATE, ALTER ON `shop`.`cart_abandonment_click` TO 'cartwake'@'%';
GRANT SELECT, INSERT, UPDATE, CREATE, ALTER ON `shop`.`cart_abandonment_returned` TO 'cartwake'@'%';
GRANT SELECT, CREATE, CREATE VIEW, DROP ON `shop`.`cart_abandonment_daily` TO 'cartwake'@'%';
GRANT SELECT, CREATE, CREATE VIEW, DROP ON `shop`.`cart_abandonment_mails_daily` TO 'cartwake'@'%';
GRANT SELECT, CREATE, CREATE VIEW, DROP ON `shop`.`cart_abandonment_tiers` TO 'cartwake'@'%';
