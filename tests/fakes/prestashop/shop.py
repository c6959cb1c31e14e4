"""A PrestaShop 8 shop on a live server: its tables, its fixed data, and its writes as it makes them.

What is written, in which order and by which statements follows PrestaShop 8.2: ``Cart``, ``Context``, ``Customer``,
``PaymentModule``, ``Order`` and ``OrderHistory``. It opens no transactions: every statement commits by itself, so an
order is a dozen of them. Tables that are not in ``prestashop_8.sql`` (payments, invoices, carriers) are left out.
"""

from fakes.prestashop.customers import Customers
from fakes.prestashop.installation import Installation
from fakes.prestashop.orders import Orders
from fakes.prestashop.prices import Prices
from fakes.prestashop.shops import Shops


class PrestaShop(Installation, Customers, Orders, Prices, Shops):
    """Writes to a shop as PrestaShop 8 does; ``minutes_ago`` dates what is written."""
