"""The binlog as an event source: ``source`` runs ``reader`` in a thread, which hydrates, follows and delivers.

Below them: ``transactions`` (events in, the shop's changes out), ``meaning`` (what a row means for the shop),
``decoding`` (bytes to rows), ``protocol`` (the formats) are pure; ``connection`` and ``server_queries`` do the talking.
Imported by ``service`` and ``doctor``; the only importer of pymysqlreplication. Timers and mails do not belong here.
"""

from binlog_watcher.binlog.options import SourceOptions, Tuning
from binlog_watcher.binlog.source import BinlogSource

__all__ = ["BinlogSource", "SourceOptions", "Tuning"]
