"""Statements as Drupal's entity storage sends them: each save is a transaction, and writes all of an entity."""

import contextlib
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any
from uuid import uuid4

from fakes.php import Object, serialized
from fakes.shop_statements import Run, insert, update


def adjustment(
    kind: str, amount: str, *, included: bool = False, label: str = "", currency: str = "USD"
) -> bytes:
    """What the order's processors make: the amount for all pieces of a line."""
    price = Object("Drupal\\commerce_price\\Price", {"*number": amount, "*currencyCode": currency})
    return serialized(
        Object(
            "Drupal\\commerce_order\\Adjustment",
            {
                "*type": kind, "*label": label or kind, "*amount": price, "*percentage": "0.1", "*sourceId": "1",
                "*included": included, "*locked": False,
            },
        )
    )  # fmt: skip


class Writer:
    """Inserts and saves entities, and their fields of several values, which have tables of their own."""

    def __init__(self, run: Run) -> None:
        self._run = run

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._run("START TRANSACTION")
        yield
        self._run("COMMIT")

    def _insert(self, table: str, **values: Any) -> int:
        if table in {"commerce_order", "commerce_order_item", "file_managed", "path_alias", "profile"}:
            values["uuid"] = str(uuid4())
        self._run(*insert(f"INSERT INTO `{table}`", values))
        ((number,),) = self._run("SELECT LAST_INSERT_ID()")
        return int(number)

    def _save(self, table: str, key: str, number: int, **changed: Any) -> None:
        names = [name for (name,) in self._run(
            "SELECT COLUMN_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = %s "
            "ORDER BY ORDINAL_POSITION", (table,),
        )]  # fmt: skip
        (row,) = self._run(f"SELECT * FROM `{table}` WHERE `{key}` = %s", (number,))
        before = {name: value for name, value in zip(names, row, strict=True) if name != key}
        assert changed.keys() <= before.keys()
        self._run(*update(f"UPDATE `{table}`", f"`{key}`", number, before | changed))

    def _field(
        self, entity: str, field: str, number: int, column: str, values: Sequence[Any], **more: Any
    ) -> None:
        """A field's values anew: out with the old ones, in with these."""
        table = f"{entity}__{field}"
        self._run(f"DELETE FROM `{table}` WHERE `entity_id` = %s", (number,))
        for delta, value in enumerate(values):
            row = {"bundle": "default", "deleted": 0, "entity_id": number, "revision_id": number, "langcode": "en",
                   "delta": delta, column: value}  # fmt: skip
            self._run(*insert(f"INSERT INTO `{table}`", row | more))

    def _now(self, minutes_ago: float = 0) -> int:
        ((seconds,),) = self._run("SELECT UNIX_TIMESTAMP()")
        return int(Decimal(seconds)) - int(minutes_ago * 60)
