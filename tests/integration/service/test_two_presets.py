"""Two presets over one database: what belongs to the one is left alone by the other, and they don't run together."""

import asyncio
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import structlog
from fakes import baskets
from fakes.mail_server import MailServer
from fakes.recovering import settings_of
from fakes.running_service import following
from fakes.waiting import until

from binlog_watcher.commands.report import read_report
from binlog_watcher.commands.retry import retry_rows
from binlog_watcher.core.log_status import Status
from binlog_watcher.demo.server import Server
from binlog_watcher.errors import ConfigError
from binlog_watcher.service.service import opened
from binlog_watcher.service.standby import run_standby
from binlog_watcher.settings.settings import Settings

_BASKETS = """
description = "One of several shops in one database"
[variables]
shop = 1
language = "en"
[cart]
table = "baskets"
id = "id"
customer = "customer_id"
created = "created_at"
open = { column = "shop_id", in = [NUMBER] }
"""
_ORDERS = """
[orders]
table = "purchases"
id = "id"
cart = "basket_id"
bought_at = "bought_at"
"""
PRESET = _BASKETS + baskets.LINES + _ORDERS + baskets.PEOPLE_AND_PRODUCTS
PURCHASES = (
    "CREATE TABLE purchases (id INT PRIMARY KEY, basket_id INT, bought_at TIMESTAMP NULL, KEY (basket_id))"
)


@dataclass
class TwoShops:
    """One database, and a preset file for each of its shops."""

    server: Server
    name: str
    folder: Path
    smtp: MailServer

    def run(self, sql: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        with self.server.connect(database=self.name) as connection, connection.cursor() as cursor:
            cursor.execute("SET time_zone = '+00:00'")
            cursor.execute(sql, parameters)
            return list(cursor.fetchall())

    def of(
        self, number: int, *, file: str = "shop.toml", edit: tuple[str, str] = ("", ""), **more: str
    ) -> Settings:
        """The settings of one of them, whose folder has the file."""
        path = self.folder / str(number) / file
        path.parent.mkdir(exist_ok=True)
        path.write_text(PRESET.replace("NUMBER", str(number)).replace(*edit))
        return settings_of(
            self,
            self.smtp,
            **{
                "SHOP_SCHEMA": str(path), "ABANDONMENT_THRESHOLD_MINUTES": "0.02", "CHECK_INTERVAL_SECONDS": "1",
                "RETRY_FIRST_SECONDS": "1",
            } | more,
        )  # fmt: skip

    def fill(self, number: int) -> None:
        self.run("INSERT INTO baskets (shop_id, customer_id) VALUES (%s, %s)", (number, number))
        self.run(
            "INSERT INTO basket_items (basket_id, product_id, quantity) SELECT MAX(id), 1, 1 FROM baskets"
        )

    def log(self) -> list[tuple[str, str | None, int]]:
        rows = self.run("SELECT status, reason, attempts FROM cart_abandonment_log ORDER BY id")
        return [(str(status), reason, int(attempts)) for status, reason, attempts in rows]


@pytest.fixture
def shops(server: Server, fresh_database: str, tmp_path: Path, smtp: MailServer) -> TwoShops:
    made = TwoShops(server, fresh_database, tmp_path, smtp)
    for statement in (*baskets.TABLES, PURCHASES):
        made.run(statement)
    return made


async def left_open(shops: TwoShops, settings: Settings, number: int = 1) -> None:
    """A service that is stopped before it can try a mail again."""
    shops.smtp.answer("RCPT", "one@example.com", "450 later")
    async with following(settings):
        shops.fill(number)
        await until(lambda: ("retry", None, 1) in shops.log())
        # Stopped before its retry, which is long overdue when the next one starts.
        shops.run("UPDATE cart_abandonment_log SET next_attempt_at = UTC_TIMESTAMP(6) + INTERVAL 1 HOUR")
    shops.run("UPDATE cart_abandonment_log SET next_attempt_at = UTC_TIMESTAMP(6) - INTERVAL 1 MINUTE")


async def test_what_another_shop_left_is_left_alone_until_it_comes_back(shops: TwoShops) -> None:
    first, second = shops.of(1), shops.of(2)
    await left_open(shops, first)
    with structlog.testing.capture_logs() as logs:
        async with following(second):
            shops.fill(2)
            await until(lambda: len(shops.smtp.mails_to("two@example.com")) == 1)
            passes = [entry["event"] for entry in logs].count("reconcile.done")
            await until(lambda: [entry["event"] for entry in logs].count("reconcile.done") > passes + 1)
    assert shops.log() == [("retry", None, 1), ("sent", None, 1)]
    (told,) = [entry for entry in logs if entry["event"] == "log.of_another_preset"]
    assert (told["open_mails"], told["preset"]) == (1, "shop.toml, language = en, shop = 1")
    report = await asyncio.to_thread(read_report, second, days=Decimal(1), limit=20)
    assert report is not None
    assert [other.rows for other in report.of_other_presets] == [1]
    async with following(first):
        await until(lambda: shops.log()[0] == ("sent", None, 2))
    assert len(shops.smtp.mails_to("one@example.com")) == 1


async def test_a_claim_that_a_dead_instance_of_another_shop_left(shops: TwoShops) -> None:
    first, second = shops.of(1), shops.of(2)
    await left_open(shops, first)
    shops.run(
        "UPDATE cart_abandonment_log SET status = 'claimed', lease_until = UTC_TIMESTAMP(6) - INTERVAL 1 MINUTE"
    )
    with structlog.testing.capture_logs() as logs:
        async with following(second):
            await until(lambda: [entry["event"] for entry in logs].count("reconcile.done") > 1)
    assert shops.log() == [("claimed", None, 1)]
    async with following(first):
        await until(lambda: shops.log() == [("sent", None, 2)])


@pytest.mark.parametrize("server", ["mysql"], indirect=True)
@pytest.mark.parametrize(
    ("file", "edit"),
    [("shop.toml", ('name = "name"', 'name = "name"\ndescription = "name"')), ("renamed.toml", ("", ""))],
    ids=["edited", "renamed"],
)
async def test_an_edited_or_renamed_preset_goes_on(shops: TwoShops, file: str, edit: tuple[str, str]) -> None:
    await left_open(shops, shops.of(1))
    with structlog.testing.capture_logs() as logs:
        async with following(shops.of(1, file=file, edit=edit)):
            await until(lambda: shops.log() == [("sent", None, 2)])
    assert "log.of_another_preset" not in {entry["event"] for entry in logs}


@pytest.mark.parametrize("server", ["mysql"], indirect=True)
async def test_open_mails_are_adopted_by_the_statement_that_is_named(shops: TwoShops) -> None:
    """A variable was changed, and it is the same shop after all."""
    await left_open(shops, shops.of(1))
    changed = shops.of(1, SHOP_VARIABLES="language=de")
    with structlog.testing.capture_logs() as logs:
        async with opened(changed):
            pass
    (told,) = [entry for entry in logs if entry["event"] == "log.of_another_preset"]
    shops.run(told["hint"].split("same shop: ")[1])
    async with following(changed):
        await until(lambda: shops.log() == [("sent", None, 2)])


async def test_rows_of_a_log_from_before_are_anybodys(shops: TwoShops) -> None:
    await left_open(shops, shops.of(1))
    shops.run("UPDATE cart_abandonment_log SET owner = SUBSTRING_INDEX(owner, '-', -1)")
    shops.run("DELETE FROM cart_abandonment_meta WHERE name LIKE 'preset.%'")
    async with following(shops.of(1, SHOP_VARIABLES="language=de")):
        await until(lambda: shops.log() == [("sent", None, 2)])


async def test_a_second_preset_is_refused_while_the_first_one_lives(shops: TwoShops) -> None:
    first, second = shops.of(1), shops.of(2)
    edited = shops.of(1, SHOP_VARIABLES="language=de")
    async with following(first):
        for other in (second, edited):
            with pytest.raises(
                ConfigError, match=r"a service with another preset follows .*shop = 1"
            ) as caught:
                async with opened(other):
                    pass
            assert "stop that service before this one starts" in str(caught.value)
            with pytest.raises(ConfigError, match="one database is one shop's"):
                await run_standby(other, asyncio.Event())
        async with following(first):  # a second instance of the same shop
            pass
        with pytest.raises(ConfigError, match="one database is one shop's"):
            async with opened(second):
                pass
        async with opened(shops.of(2, DRY_RUN="true")):
            pass
    async with following(second), following(second):
        pass


async def test_of_two_presets_that_start_in_one_moment_one_is_refused(shops: TwoShops) -> None:
    """Neither follows the binlog yet when the other one looks."""
    shops.of(1).preset()
    both = [opened(shops.of(number)) for number in (1, 2)]
    entered = await asyncio.gather(*(one.__aenter__() for one in both), return_exceptions=True)
    assert sorted(type(one) is ConfigError for one in entered) == [False, True]
    for one, service in zip(both, entered, strict=True):
        if not isinstance(service, BaseException):
            await one.__aexit__(None, None, None)


@pytest.mark.parametrize("server", ["mysql"], indirect=True)
async def test_what_another_shop_gave_up_is_not_put_back(shops: TwoShops) -> None:
    first, second = shops.of(1), shops.of(2)
    shops.smtp.answer("RCPT", "one@example.com", "550 5.1.1 no such user")
    async with following(first):
        shops.fill(1)
        await until(lambda: shops.log() == [("failed", "bounced", 1)])
    refused = await asyncio.to_thread(retry_rows, second, ids=[1])
    assert "another preset" in refused.refused[1]
    assert (await asyncio.to_thread(retry_rows, first, statuses=[Status.FAILED])).failed == [1]
    with structlog.testing.capture_logs() as logs:
        async with following(second):
            await until(lambda: [entry["event"] for entry in logs].count("reconcile.done") > 1)
    assert shops.log() == [("retry", None, 0)]
    async with following(first):
        await until(lambda: shops.log() == [("sent", None, 1)])
