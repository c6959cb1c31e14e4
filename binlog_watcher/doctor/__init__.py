"""Checks before and beside the run: server, account, binlog settings, and a preset held against the live tables.

Imported by ``service`` and ``commands``. A check only looks and says what to do; it mends nothing.
"""
