"""`cartwake grants` for each preset: an account with exactly its statements starts the service."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from fakes.mail_server import MailServer
from fakes.nopcommerce import installation as nopcommerce
from fakes.opencart import shop as opencart
from fakes.recovering import settings_of
from fakes.shop_statements import create_tables

from binlog_watcher.commands.grants import grants
from binlog_watcher.demo.server import Server
from binlog_watcher.service.service import opened

CLERK = "granted@127.0.0.1"
SHOPS = [
    ("bagisto", "bagisto_2.sql", ""),
    ("drupal-commerce", "drupal_commerce.sql", ""),
    ("magento-2", "magento_2.sql", ""),
    ("nopcommerce", "nopcommerce.sql", ""),
    ("opencart-3", "opencart_3.sql", ""),
    ("opencart-4", "opencart_4_1.sql", ""),
    ("prestashop-8", "prestashop_8.sql", ""),
    ("shopware-6", "shopware_6.sql", ""),
    ("sylius", "sylius_2.sql", ""),
    ("woocommerce", "woocommerce.sql", ""),
    ("woocommerce", "woocommerce.sql", "orders=legacy"),
]


INDEXES = {"nopcommerce": nopcommerce.INDEXES, "opencart-3": opencart.INDEXES, "opencart-4": opencart.INDEXES}
"""Without these a start is refused, or advised against."""


class Granted:
    """``name``: the database."""

    def __init__(self, server: Server, name: str) -> None:
        self.server = server
        self.name = name
        self._connection = server.connect(database=name, autocommit=True)
        self.run(opencart.SHOP_MODE)

    def run(self, *statements: str) -> list[tuple[Any, ...]]:
        with self._connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return list(cursor.fetchall())

    def close(self) -> None:
        self._connection.close()


@pytest.fixture
def granted(server: Server, fresh_database: str) -> Iterator[Granted]:
    shop = Granted(server, fresh_database)
    shop.run("CREATE USER 'granted'@'127.0.0.1' IDENTIFIED BY 'granted-pass'")
    yield shop
    shop.run("DROP USER 'granted'@'127.0.0.1'")
    shop.close()


@pytest.mark.parametrize(("preset", "tables", "variables"), SHOPS, ids=lambda value: str(value) or "own")
async def test_an_account_with_exactly_these_starts_the_service(
    granted: Granted, preset: str, tables: str, variables: str
) -> None:
    create_tables(granted.run, tables)
    for index in INDEXES.get(preset, ()):
        granted.run(index)
    settings = settings_of(
        granted, MailServer(port=25), SHOP_SCHEMA=preset, SHOP_VARIABLES=variables, SHOP_TIMEZONE="UTC",
        MYSQL_USER="granted", MYSQL_PASSWORD="granted-pass",
    )  # fmt: skip
    script = re.sub(r"^--.*$", "", grants(settings, CLERK).script(), flags=re.MULTILINE)
    granted.run(*filter(None, map(str.strip, script.split(";"))))
    given = [str(row[0]) for row in granted.run("SHOW GRANTS FOR 'granted'@'127.0.0.1'")]
    assert not any(f"`{granted.name}`.*" in row for row in given)
    async with opened(settings) as service:
        assert service is not None
