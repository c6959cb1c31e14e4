"""What the binlog told of orders, while the shop's tables say that they are older than the cart."""

from pathlib import Path
from typing import Any

import pytest
from fakes import baskets
from fakes.mail_server import MailServer
from fakes.recovering import settings_of
from fakes.running_service import following
from fakes.waiting import until

from binlog_watcher.demo.server import Server

THRESHOLD_MINUTES = 0.05
LONG_AGO = "UTC_TIMESTAMP() - INTERVAL 10 HOUR"

_BASKETS = """
description = "Orders that name their customer, and not the cart"
[cart]
table = "baskets"
id = "id"
customer = "customer_id"
created = "created_at"
"""
_ORDERS = """
[orders]
table = "purchases"
id = "id"
customer = "customer_id"
bought_at = "bought_at"
bought = { column = "paid", in = [1] }
"""
PRESET = _BASKETS + baskets.LINES + _ORDERS + baskets.PEOPLE_AND_PRODUCTS
PURCHASES = (
    "CREATE TABLE purchases (id INT AUTO_INCREMENT PRIMARY KEY, customer_id INT, bought_at TIMESTAMP NULL, "
    "paid INT, KEY (customer_id))"
)


class ToldShop:
    """A shop whose orders are dated back."""

    def __init__(self, server: Server, name: str, preset: Path) -> None:
        self.server, self.name, self.preset = server, name, preset
        preset.write_text(PRESET)
        for statement in (*baskets.TABLES, PURCHASES):
            self.run(statement)

    def run(self, sql: str, parameters: Any = None) -> None:
        with self.server.connect(database=self.name) as connection, connection.cursor() as cursor:
            cursor.execute("SET time_zone = '+00:00'")
            cursor.execute(sql, parameters)

    def fill(self, customer: int) -> None:
        self.run("INSERT INTO baskets (customer_id) VALUES (%s)", (customer,))
        self.run(
            "INSERT INTO basket_items (basket_id, product_id, quantity) SELECT MAX(id), 1, 1 FROM baskets"
        )

    def order(self, customer: int, *, paid: int = 1) -> None:
        self.run(
            f"INSERT INTO purchases (customer_id, bought_at, paid) VALUES (%s, {LONG_AGO}, %s)",
            (customer, paid),
        )


@pytest.mark.parametrize("reset", [False, True], ids=["followed", "read anew"])
async def test_an_order_that_names_the_customer_only_is_not_overruled(
    server: Server, fresh_database: str, tmp_path: Path, smtp: MailServer, reset: bool
) -> None:
    shop = ToldShop(server, fresh_database, tmp_path / "told.toml")
    settings = settings_of(
        shop, smtp, SHOP_SCHEMA=str(shop.preset), ABANDONMENT_THRESHOLD_MINUTES=str(THRESHOLD_MINUTES)
    )
    async with following(settings) as service:
        for customer in (1, 2, 3):
            shop.fill(customer)
        await until(lambda: service.tracker.armed == 3)
        shop.order(1)
        shop.order(2, paid=0)
        shop.run("UPDATE purchases SET paid = 1 WHERE customer_id = 2")
        await until(lambda: service.tracker.ordered(1) and service.tracker.ordered(2))
        if reset:
            service._source.request_reset("test")
            await until(lambda: service._source.stats.resets == {"test": 1})
        await until(lambda: len(smtp.mails_to("three@example.com")) == 1)
        await until(lambda: service.tracker.armed == service.tracker.in_hand == 0)
    assert len(smtp.accepted) == 1
