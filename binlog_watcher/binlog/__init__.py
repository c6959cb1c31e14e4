"""The binlog as an event source: the only importer of pymysqlreplication."""

from binlog_watcher.binlog.source import BinlogSource
from binlog_watcher.binlog.stats import Stats

__all__ = ["BinlogSource", "Stats"]
