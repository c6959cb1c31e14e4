"""What a preset asks of its rows, as SQL: when a cart is open, an order counts, and which rows are meant at all. Pure.

The columns themselves are compared, with values of their types: so an index can be used.
"""

from binlog_watcher.shop.fields import Condition
from binlog_watcher.shop.schema import Schema
from binlog_watcher.store.shop_tables.columns import ShopColumns, named

Value = int | str | tuple[int | str | bytes, ...]

EVERYTHING = "TRUE"
"""What nothing is asked of."""

_SECTIONS = {
    "h": "cart", "o": "orders", "p": "products", "u": "customers", "w": "customers", "i": "order_items",
}  # fmt: skip
"""Alias of a table, as in ``queries``, → section of the preset. ``w``: customers who have an address."""


class ConditionSql:
    """``constants``: the values that are compared with, as named parameters of every statement."""

    def __init__(self, schema: Schema, columns: ShopColumns) -> None:
        self.constants: dict[str, Value] = {}
        self._sections = _SECTIONS | {"l": "cart" if schema.lines is None else "lines"}
        self._asked = {place: conditions for place, _, conditions in schema.conditions()}
        for place, table, conditions in schema.conditions():
            for nth, condition in enumerate(conditions):
                if condition.is_null is None:
                    column = columns.get(table, condition.column)
                    given = condition.among or condition.not_in or ()
                    self.constants[_constant(place, nth)] = column.values(given)

    def holds(self, alias: str, place: str) -> str:
        """SQL for the conditions at a place of the preset, such as ``orders.bought``; it may be NULL for false."""
        found = [
            _one(alias, _constant(place, nth), one) for nth, one in enumerate(self._asked.get(place, ()))
        ]
        return f"({' AND '.join(found)})" if len(found) > 1 else "".join(found) or EVERYTHING

    def meant(self, alias: str) -> str:
        """``… AND`` its filter: what goes behind another condition on the rows of an alias. Empty without one."""
        place = f"{self._sections[alias]}.only"
        return f" AND {self.holds(alias, place)}" if place in self._asked else ""


def _constant(place: str, nth: int) -> str:
    section, _, field = place.partition(".")
    name = f"only_{section}" if field == "only" else field.replace(".", "_")
    return f"{name}_{nth + 1}" if nth else name


def _one(alias: str, constant: str, condition: Condition) -> str:
    column = named(alias, condition.column)
    if condition.is_null is not None:
        return f"{column} IS {'' if condition.is_null else 'NOT '}NULL"
    if condition.among is not None:
        return f"{column} IN %({constant})s"
    return f"({column} IS NULL OR {column} NOT IN %({constant})s)"
