"""Named locks of MySQL (GET_LOCK): who is alive, who leads, who changes our tables.

Imported by ``own_tables`` and ``service``. A lock here tells others something; it protects no row.
"""
