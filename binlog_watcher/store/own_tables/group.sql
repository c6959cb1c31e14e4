-- What instances that read from Kafka tell each other (docs/kafka.md). One statement ends with a semicolon at the end of
-- a line. The marks' only key column is an INT named mark: which partition one goes to follows from that.

CREATE TABLE IF NOT EXISTS cart_abandonment_mark (
  mark       INT UNSIGNED NOT NULL PRIMARY KEY,
  written_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)
) ENGINE=InnoDB COMMENT='Cartwake: written once a second, read by way of Kafka';

CREATE TABLE IF NOT EXISTS cart_abandonment_clock (
  group_name     VARCHAR(120) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  partition_name VARCHAR(160) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL COMMENT 'topic[number]',
  member         VARCHAR(96)  CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL COMMENT 'the instance that has it',
  clock_at       TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) COMMENT 'up to when its history is known, and noted',
  armed          INT UNSIGNED NOT NULL COMMENT 'its timers',
  troubles       INT UNSIGNED NOT NULL COMMENT 'how often records did not tell all, since the instance started',
  noted_at       TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  PRIMARY KEY (group_name, partition_name)
) ENGINE=InnoDB COMMENT='Cartwake: the partitions of a Kafka topic, and who has them';
