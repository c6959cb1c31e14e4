"""A cart's way from its timer to the outcome of its mail, and what feeds the timers: hydration, reconciliation.

Imported by ``service`` and ``commands``. Knows no SQL (that is ``store``) and no bytes of the binlog.
"""
