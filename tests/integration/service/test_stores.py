"""Several storefronts over one database: each in its own name, and what is not listed is left to whoever lists it."""

import asyncio
import base64
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import structlog
from fakes import baskets
from fakes.dkim_dns import is_valid
from fakes.mail_server import MailServer
from fakes.recovering import settings_of
from fakes.running_service import following
from fakes.told import plain_text
from fakes.waiting import until

from binlog_watcher.commands.preview import preview
from binlog_watcher.commands.schema import check_schema
from binlog_watcher.core.log_status import Reason
from binlog_watcher.demo.server import Server
from binlog_watcher.errors import ConfigError
from binlog_watcher.service.service import opened
from binlog_watcher.settings.settings import Settings
from mailer import read_key

CART = """
[cart]
table = "baskets"
id = "id"
customer = "customer_id"
created = "created_at"
store = "shop_id"
"""
ORDERS = """
[orders]
table = "purchases"
id = "id"
cart = "basket_id"
bought_at = "bought_at"
"""
PRESET = CART + baskets.LINES + ORDERS + baskets.PEOPLE_AND_PRODUCTS
PURCHASES = (
    "CREATE TABLE purchases (id INT PRIMARY KEY, basket_id INT, bought_at TIMESTAMP NULL, KEY (basket_id))"
)
LADEN = """
[1]
store_name = "Der Laden"
store_url = "https://laden.example.com"
cart_url = "https://laden.example.com/korb"
store_address = "Marktstraße 1, Musterstadt"
support_email = "hilfe@laden.example.com"
sender_email = "hallo@laden.example.com"
currency = "EUR"
discount_tiers = "20:15:LADEN15"
"""
BOUTIQUE = """
[2]
store_name = "La Boutique"
sender_email = "bonjour@boutique.example.com"
discount_tiers = "1000:5"
"""


@dataclass
class Stores:
    """One database with baskets of the stores 1, 2 and 3; customer and store have one number."""

    server: Server
    name: str
    folder: Path
    smtp: MailServer

    def run(self, sql: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        with self.server.connect(database=self.name) as connection, connection.cursor() as cursor:
            cursor.execute("SET time_zone = '+00:00'")
            cursor.execute(sql, parameters)
            return list(cursor.fetchall())

    def settings(self, stores: str | None, *, preset: str = PRESET, **more: str) -> Settings:
        """Those of an instance that lists these stores."""
        path = self.folder / "shop.toml"
        path.write_text(preset)
        if stores is not None:
            file = self.folder / f"stores{hash(stores)}.toml"
            file.write_text(stores, encoding="utf-8")
            more["STORES"] = str(file)
        return settings_of(
            self,
            self.smtp,
            **{
                "SHOP_SCHEMA": str(path), "ABANDONMENT_THRESHOLD_MINUTES": "0.02", "CHECK_INTERVAL_SECONDS": "1",
                "RETRY_FIRST_SECONDS": "1",
            } | more,
        )  # fmt: skip

    def fill(self, *stores: int) -> None:
        for number in stores:
            self.run("INSERT INTO baskets (shop_id, customer_id) VALUES (%s, %s)", (number, number))
            self.run(
                "INSERT INTO basket_items (basket_id, product_id, quantity) SELECT MAX(id), 1, 1 FROM baskets"
            )

    def log(self) -> list[tuple[Any, ...]]:
        return self.run(
            "SELECT user_id, status, reason, currency, ROUND(discount_percent) FROM cart_abandonment_log "
            "ORDER BY user_id"
        )

    def sent(self) -> list[int]:
        return [user for user, status, *_ in self.log() if status == "sent"]

    def mail(self, address: str) -> tuple[str, EmailMessage]:
        """The envelope's sender and the mail, of which there is one."""
        (envelope,) = [one for one in self.smtp.accepted if address in one.rcpt_tos]
        (mail,) = self.smtp.mails_to(address)
        return str(envelope.mail_from), mail


@pytest.fixture
def stores(server: Server, fresh_database: str, tmp_path: Path, smtp: MailServer) -> Stores:
    made = Stores(server, fresh_database, tmp_path, smtp)
    for statement in (*baskets.TABLES, PURCHASES):
        made.run(statement)
    return made


@pytest.mark.parametrize("workers", ["0", "1"])
async def test_one_service_mails_in_the_name_of_each_store(stores: Stores, workers: str) -> None:
    with structlog.testing.capture_logs() as logs:
        async with following(stores.settings(LADEN + BOUTIQUE, WORKER_PROCESSES=workers)):
            stores.fill(1, 2, 3)
            dropped = {"event": "recovery.dropped", "reason": Reason.STORE, "cart": 3}
            await until(lambda: stores.sent() == [1, 2] and any(dropped.items() <= e.items() for e in logs))
    assert [entry["store"] for entry in logs if entry["event"] == "store.not_listed"] == ["3"]
    assert stores.log() == [(1, "sent", None, "EUR", 15), (2, "sent", None, "USD", 0)]
    sender, mail = stores.mail("one@example.com")
    assert sender == "hallo@laden.example.com"
    assert str(mail["From"]) == "Der Laden <hallo@laden.example.com>"
    assert str(mail["Reply-To"]) == "hilfe@laden.example.com"
    assert str(mail["List-Unsubscribe"]).startswith("<mailto:hilfe@laden.example.com?")
    assert str(mail["Message-ID"]).endswith("@laden.example.com>")
    for words in ("Der Laden", "https://laden.example.com/korb", "Marktstraße 1", "LADEN15", "€"):
        assert words in plain_text(mail)
    sender, mail = stores.mail("two@example.com")
    assert sender == "bonjour@boutique.example.com"
    assert str(mail["Reply-To"]) == "support@shop.example.com", "by the settings"
    assert "La Boutique" in plain_text(mail)
    assert "https://shop.example.com/cart" in plain_text(mail)
    assert "Laden" not in plain_text(mail)
    assert stores.smtp.mails_to("three@example.com") == []


@pytest.mark.parametrize("workers", ["0", "1"])
async def test_a_store_signs_with_its_own_key(stores: Stores, workers: str) -> None:
    seed = stores.folder / "seed"
    seed.write_text(base64.b64encode(b"s" * 32).decode())
    laden = f"{LADEN}dkim_keys = 'mail2026={seed}'\n"
    async with following(stores.settings(laden + BOUTIQUE, WORKER_PROCESSES=workers)):
        stores.fill(1, 2)
        await until(lambda: stores.sent() == [1, 2])
    signed, unsigned = (
        next(bytes(one.original_content or b"") for one in stores.smtp.accepted if address in one.rcpt_tos)
        for address in ("one@example.com", "two@example.com")
    )
    assert is_valid(signed, [read_key("mail2026", seed)], domain="laden.example.com")
    assert b"DKIM-Signature" not in unsigned


async def test_without_a_file_it_is_one_shop(stores: Stores) -> None:
    async with following(stores.settings(None)):
        stores.fill(1, 3)
        await until(lambda: stores.sent() == [1, 3])
    assert str(stores.mail("three@example.com")[1]["From"]) == "The Sample Shop <hello@shop.example.com>"


async def test_two_instances_with_different_files_lose_no_cart(stores: Stores) -> None:
    laden, boutique = stores.settings(LADEN), stores.settings(BOUTIQUE + "[3]\nstore_name = 'Third'")
    async with following(laden), following(boutique):
        stores.fill(1, 2, 3)
        await until(lambda: stores.sent() == [1, 2, 3])
    senders = [stores.mail(f"{name}@example.com")[0] for name in ("one", "two", "three")]
    assert senders == ["hallo@laden.example.com", "bonjour@boutique.example.com", "hello@shop.example.com"]


async def test_what_an_instance_left_open_is_left_alone_by_one_that_does_not_list_its_store(
    stores: Stores,
) -> None:
    laden, boutique = stores.settings(LADEN), stores.settings(BOUTIQUE)
    stores.smtp.answer("RCPT", "two@example.com", "450 later")
    async with following(boutique):
        stores.fill(2)
        await until(lambda: [row[:2] for row in stores.log()] == [(2, "retry")])
        stores.run("UPDATE cart_abandonment_log SET next_attempt_at = UTC_TIMESTAMP(6) + INTERVAL 1 HOUR")
    stores.run("UPDATE cart_abandonment_log SET next_attempt_at = UTC_TIMESTAMP(6) - INTERVAL 1 MINUTE")
    with structlog.testing.capture_logs() as logs:
        async with following(laden):
            dropped = {"event": "recovery.dropped", "reason": Reason.STORE}
            await until(lambda: sum(dropped.items() <= entry.items() for entry in logs) > 1)
    assert [row[:2] for row in stores.log()] == [(2, "retry")]
    async with following(boutique):
        await until(lambda: stores.sent() == [2])
    assert stores.mail("two@example.com")[0] == "bonjour@boutique.example.com"


@pytest.mark.parametrize("server", ["mysql"], indirect=True)
async def test_preview_and_check_tell_a_carts_store(stores: Stores) -> None:
    stores.fill(1, 3)
    settings = stores.settings(LADEN)
    (ours, ours_key), (other, other_key) = [
        (await preview(settings, cart_key=key), key)
        for (key,) in stores.run("SELECT CAST(id AS CHAR) FROM baskets")
    ]
    assert (ours.store, other.store) == ("1", "3")
    assert ours.mail is not None
    assert "Der Laden" in ours.mail.text
    assert other.mail is None
    assert "its store is not listed in STORES" in other.decision
    report = await asyncio.to_thread(check_schema, settings, settings.preset())
    assert {example.key: example.store for example in report.examples} == {ours_key: "1", other_key: "3"}


@pytest.mark.parametrize("server", ["mysql"], indirect=True)
@pytest.mark.parametrize(
    ("preset", "complaint"),
    [
        (PRESET.replace('store = "shop_id"', ""), "does not say which store a cart is of: give store in"),
        ('currency = "USD"\n' + PRESET, "STORES gives 1 another currency"),
        (PRESET.replace("shop_id", "shop_nr"), "baskets has no column shop_nr"),
    ],
    ids=["a preset without stores", "one currency for all", "no such column"],
)
async def test_what_does_not_go_together_is_said_at_the_start(
    stores: Stores, preset: str, complaint: str
) -> None:
    with pytest.raises(ConfigError, match=complaint):
        async with opened(stores.settings(LADEN, preset=preset)):
            pass
