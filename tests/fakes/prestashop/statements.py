"""Statements as PrestaShop sends them, each for itself, and the ids that it gives."""

from itertools import count
from typing import Any

from fakes.shop_statements import Run, insert, update

# PrestaShop empties its session's sql_mode, and writes dates of zeros. Each statement here does that for itself, in
# the words of either server, since the caller's connection may be strict, and another one for every statement. MySQL's
# hint takes no empty mode; this one refuses nothing either.
_MODE = "'NO_ENGINE_SUBSTITUTION'"
SHOP_MODE = f"/*M! SET STATEMENT sql_mode = {_MODE} FOR */ "
HINT = f"/*+ SET_VAR(sql_mode = {_MODE}) */ "

ZERO_DATE = "0000-00-00"
ZERO_TIME = "0000-00-00 00:00:00"
"""What PrestaShop writes for a date that it does not have."""

_FIRST_IDS = {
    "customer": 31,
    "guest": 301,
    "cart": 501,
    "cart_rule": 61,
    "orders": 7001,
    "order_detail": 90_001,
    "order_invoice": 1,
    "stock_available": 1,
    "specific_price": 801,
    "address": 901,
    "tax": 2,
}
"""Each table has a range of its own, so that one id taken for another is noticed."""


class Writer:
    """Executes single statements, in the shop's sql_mode."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._ids = {table: count(first) for table, first in _FIRST_IDS.items()}

    def _next(self, table: str) -> int:
        return next(self._ids[table])

    def _insert(self, table: str, **values: Any) -> None:
        self._run(*insert(f"{SHOP_MODE}INSERT {HINT}INTO ps_{table}", values))

    def _update(self, table: str, row: int, **values: Any) -> None:
        key = "id_order" if table == "orders" else f"id_{table}"
        self._run(*update(f"{SHOP_MODE}UPDATE {HINT}ps_{table}", key, row, values))
