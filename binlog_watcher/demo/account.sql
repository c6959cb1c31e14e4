-- What a shop gives Cartwake, and no more: `cartwake grants` prints it for yours.
-- The account itself comes first: CREATE USER … IDENTIFIED BY …

-- To follow the binlog.
GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO 'cartwake'@'%';

-- The shop's tables: read only.
GRANT SELECT ON `shop`.`cart` TO 'cartwake'@'%';
GRANT SELECT ON `shop`.`users` TO 'cartwake'@'%';
GRANT SELECT ON `shop`.`products` TO 'cartwake'@'%';
GRANT SELECT ON `shop`.`orders` TO 'cartwake'@'%';

-- Cartwake's own tables. CREATE also lets the rights be given before they exist.
GRANT SELECT, INSERT, UPDATE, CREATE, ALTER ON `shop`.`cart_abandonment_log` TO 'cartwake'@'%';
GRANT SELECT, INSERT, UPDATE, CREATE, ALTER ON `shop`.`cart_abandonment_recipient` TO 'cartwake'@'%';
GRANT SELECT, INSERT, UPDATE, CREATE, ALTER ON `shop`.`cart_abandonment_meta` TO 'cartwake'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER ON `shop`.`cart_abandonment_cart` TO 'cartwake'@'%';
GRANT SELECT, INSERT, DELETE, CREATE, ALTER ON `shop`.`cart_abandonment_click` TO 'cartwake'@'%';
GRANT SELECT, INSERT, UPDATE, CREATE, ALTER ON `shop`.`cart_abandonment_returned` TO 'cartwake'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER ON `shop`.`cart_abandonment_webhook` TO 'cartwake'@'%';

-- Its views. DROP is what replacing one asks for.
GRANT SELECT, CREATE, CREATE VIEW, DROP ON `shop`.`cart_abandonment_daily` TO 'cartwake'@'%';
GRANT SELECT, CREATE, CREATE VIEW, DROP ON `shop`.`cart_abandonment_mails_daily` TO 'cartwake'@'%';
GRANT SELECT, CREATE, CREATE VIEW, DROP ON `shop`.`cart_abandonment_tiers` TO 'cartwake'@'%';
GRANT SELECT, CREATE, CREATE VIEW, DROP ON `shop`.`cart_abandonment_orders` TO 'cartwake'@'%';
GRANT SELECT, CREATE, CREATE VIEW, DROP ON `shop`.`cart_abandonment_carts` TO 'cartwake'@'%';
GRANT SELECT, CREATE, CREATE VIEW, DROP ON `shop`.`cart_abandonment_bought` TO 'cartwake'@'%';
GRANT SELECT, CREATE, CREATE VIEW, DROP ON `shop`.`cart_abandonment_recovered` TO 'cartwake'@'%';
GRANT SELECT, CREATE, CREATE VIEW, DROP ON `shop`.`cart_abandonment_left_again` TO 'cartwake'@'%';
GRANT SELECT, CREATE, CREATE VIEW, DROP ON `shop`.`cart_abandonment_lost` TO 'cartwake'@'%';
