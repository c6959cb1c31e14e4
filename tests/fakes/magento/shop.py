"""Writes to a live database what Magento 2.4 writes: the same tables, columns, statements, and their order.

What is left out (payments, order addresses, grids, sequences, reservations) is in tables that nobody here reads.
"""

from fakes.magento.installation import Installation
from fakes.magento.orders import Orders


class Magento(Installation, Orders):
    """The shop.

    All times are written by the server as UTC, so the session's time_zone must be '+00:00', as Magento sets it.
    """
