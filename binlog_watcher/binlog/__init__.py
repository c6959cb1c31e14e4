"""The binlog as an event source: the only importer of pymysqlreplication."""
