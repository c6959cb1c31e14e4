"""A WooCommerce on a real server, as its tests look at it."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from fakes.woocommerce.selects import Selects
from fakes.woocommerce.shop import WooCommerce

from binlog_watcher.demo.server import Server
from binlog_watcher.shop.documents.cart import DocumentCart
from binlog_watcher.shop.documents.preset import DocumentColumn

DOCUMENT = DocumentColumn.model_validate(
    {
        "column": "session_value",
        "codec": "php",
        "lines": "cart|php?.*",
        "product": "product_id",
        "variant": "variation_id",
        "quantity": "quantity",
        "total": ["line_total", "line_tax"],
        "email": ["customer|php?.email"],
        "name": ["customer|php?.first_name", "customer|php?.last_name"],
        "order": "order_awaiting_payment",
    }
)


@dataclass
class Open:
    """The shop, and the connection that it writes by."""

    connection: Any
    selects: Selects
    shop: WooCommerce = field(init=False)

    def __post_init__(self) -> None:
        self.shop = WooCommerce(self.run, str(self.selects.variables["prefix"]))

    def run(self, sql: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        with self.connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return list(cursor.fetchall())

    def rows(self) -> dict[str, tuple[int, bytes, int]]:
        """By key: the row's id, its document, and when it expires."""
        table = self.shop.table("woocommerce_sessions")
        found = self.run(
            f"SELECT session_key, session_id, CAST(session_value AS BINARY), session_expiry FROM {table}"
        )
        return {key: (number, document, expiry) for key, number, document, expiry in found}

    def document(self, key: str) -> bytes:
        return self.rows()[key][1]

    def cart(self, key: str) -> DocumentCart:
        return DOCUMENT.plan.read(self.document(key))

    def told(self, section: str, *keys: Any, select: str = "select") -> list[dict[str, Any]]:
        """What a SELECT of the preset gives."""
        with self.connection.cursor() as cursor:
            cursor.execute(
                self.selects.statement(section, select), {**self.selects.constants, "keys": (*keys, None)}
            )
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def product(self, number: int) -> dict[str, Any] | None:
        rows = self.told("products", number)
        return rows[0] if rows else None

    def counts(self, order: int) -> bool:
        """Whether the order is a purchase to the preset."""
        section = "orders" if self.shop.hpos else "orders_legacy"
        where = f"{self.selects.sections[section]['id']} = %s AND {self.selects.counting(section)}"
        return bool(self.run(f"SELECT 1 FROM {self.selects.table(section)} WHERE {where}", (order,)))


@contextlib.contextmanager
def opened(server: Server, database: str) -> Iterator[Open]:
    """The shop as it was installed in an empty database."""
    with server.connect(database=database, autocommit=True) as connection:
        shop = Open(connection, Selects())
        shop.run("SET time_zone = '+00:00'")
        shop.shop.create()
        yield shop
