"""From a claimed cart to the bytes of its mail: recommend → write → render → build, in a thread or in workers.

Imported by ``composing``, ``episodes``, ``service`` and ``commands``. Knows neither MySQL nor SMTP: a message is only
computed here.
"""
