"""Composed → fenced → handed over → settled: the stages of a mail that is built, joined by queues.

Imported by ``composing``, ``mailing``, ``service`` and ``commands``. Which carts are mailed does not belong here, only
whether this mail may still leave, and what became of it.
"""
