"""The composition root: opens the shop's MySQL, wires the parts, runs them in one TaskGroup, shuts down in order.

Imported by ``commands``, ``admin`` and ``answers``. Rules about carts and mails do not belong here: they are in
``recovery`` and ``core``.
"""
