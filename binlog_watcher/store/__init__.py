"""Every SQL statement on the shop's tables and on our own; rows become dataclasses here and nowhere else.

``database``: sessions and errors; ``times``: TIMESTAMP and DATETIME columns; ``tables``: our tables, their versions
and views; ``shop``: reads of the shop; ``log``: our log, with its values in ``log_rows`` and its statements
in ``claims``, ``handover`` (fence and outcomes) and ``leftovers``; ``recipients``: addresses.
"""
