"""The replication connection and its packets: positions, GTID sets, headers, anchors, failures.

Imported by everything in ``binlog``. What an event says about rows or carts does not belong here.
"""
