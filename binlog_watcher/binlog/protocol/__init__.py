"""The binlog's formats: event headers, payloads, GTIDs, positions. Pure.

Imported by everything in ``binlog``. Sockets belong in ``connection``; what an event says about rows or carts does
not belong here.
"""
