"""Reads of the shop's own tables, compiled from a Schema: due carts, scans over all carts, column types.

Imported by ``own_tables`` and ``recovery``. Never writes, never locks a row.
"""
