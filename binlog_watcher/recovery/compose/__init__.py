"""Claimed → composed: recommend → write → render → build, in a thread or in worker processes.

Imported by ``mailing`` and ``service``. Knows neither MySQL nor SMTP: a message is only computed here.
"""
