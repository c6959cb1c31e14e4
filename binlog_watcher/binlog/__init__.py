"""The binlog as an event source: ``source`` and ``reader`` follow it, ``decoder`` and ``lane`` turn it into events.

Below them: ``meaning`` (what a row means for the shop), ``decoding`` (bytes to rows), ``protocol`` (the connection).
Imported by ``service`` and ``doctor``; the only importer of pymysqlreplication. Timers and mails do not belong here.
"""

from binlog_watcher.binlog.protocol.stats import Stats
from binlog_watcher.binlog.source import BinlogSource

__all__ = ["BinlogSource", "Stats"]
