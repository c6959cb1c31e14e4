"""Our tables: the log with its claims, fence and outcomes, recipients, meta, and the views on them.

Imported by ``recovery``, ``service`` and ``commands``. Decisions do not belong here: they are made in ``core``.
"""
