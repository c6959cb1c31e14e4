"""The replication connection: opening the dump, packets off its socket, anchors, failures and what to do about them.

Imported by the reader, ``server_queries`` and ``doctor``. What the bytes of an event mean does not belong here.
"""
