"""The stream as a state machine: events go in, the shop's changes come out at the end of each transaction. Pure.

Imported by the reader and ``delivery``. Knows no socket; what a row means for a cart belongs in ``meaning``.
"""
