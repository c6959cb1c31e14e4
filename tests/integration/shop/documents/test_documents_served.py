"""A service on a shop whose carts are documents, and what is checked before it starts."""

from collections.abc import Sequence
from typing import Any

import pytest
import structlog
from fakes.mail_server import MailServer
from fakes.mysql_proxy import MysqlProxy
from fakes.preset_shop import MINUTE
from fakes.running_service import following
from fakes.session_shop import DUMPS, GUEST, POT, SHIRT, Open
from fakes.sessions import PRESET, Item
from fakes.waiting import until

from binlog_watcher.commands.schema import check_schema
from binlog_watcher.doctor.preflight import check_server
from binlog_watcher.errors import ConfigError
from binlog_watcher.recovery import reconcile
from binlog_watcher.service import binlog_following

REFUSES = PRESET.replace(
    "[cart]\n",
    '[[refuse]]\nselect = "SELECT 1 FROM products WHERE id = {own} AND price > 5"\nsay = "the shop mails itself: '
    'switch that off"\n[variables]\nown = 1\n[cart]\n',
    1,
)


@pytest.mark.parametrize("preset", [REFUSES], indirect=True)
def test_a_shop_that_mails_itself_is_refused(opened: Open) -> None:
    settings = opened.db.settings()
    with pytest.raises(ConfigError, match=r"refuse\.0: the shop mails itself: switch that off"):
        check_server(settings.connection, settings.preset())
    opened.db.run("UPDATE products SET price = 5 WHERE id = 1")
    check_server(settings.connection, settings.preset())
    opened.db.run("ALTER TABLE products RENAME COLUMN price TO cost")
    with pytest.raises(ConfigError, match="cost"):
        check_server(settings.connection, settings.preset())


def test_the_check_says_what_it_understood(opened: Open) -> None:
    db = opened.db
    if db.server.flavor == "mysql":  # MariaDB's JSON is text
        db.run("ALTER TABLE sessions MODIFY session_value JSON")
    if db.server.flavor == "mysql":
        with pytest.raises(Exception, match=r"cart\.document\.column: sessions\.session_value is json"):
            check_server(db.settings().connection, db.settings().preset())
        db.run("ALTER TABLE sessions MODIFY session_value LONGTEXT")
    facts = check_server(db.settings().connection, db.settings().preset())
    assert not [line for line in facts.warnings if "cart." in line]


@pytest.mark.parametrize(
    ("preset", "said"),
    [
        (PRESET.replace('codec = "php"', 'codec = "json"'), "none of 1 documents that were tried can be read (syntax)"),
        (PRESET.replace("cart|php?.*", "basket|php?.*"), "no document has a line: does the path in lines fit?"),
        (PRESET, None),
    ],
    indirect=["preset"],
    ids=["codec", "lines", "right"],
)  # fmt: skip
def test_the_check_says_that_nothing_can_be_made_of_the_documents(opened: Open, said: str | None) -> None:
    opened.shop.save("7", POT)
    report = check_schema(opened.db.settings(), opened.db.settings().preset())
    about = [line for line in report.warnings if "cart.document" in line]
    assert len(about) == (said is not None)
    assert said is None or said in about[0]


async def test_the_service_mails_each_cart_once(opened: Open, smtp: MailServer) -> None:
    """A guest who left an address, page views all the time, a login, a restart; nobody who bought."""
    shop, db = opened.shop, opened.db
    settings = db.settings(smtp, ABANDONMENT_THRESHOLD_MINUTES="0.05", CHECK_INTERVAL_SECONDS="1")
    shop.save("8", POT)  # before the first start
    async with following(settings) as service:
        shop.save(GUEST, POT, SHIRT, email="jane@example.com")
        shop.save("t_bought", POT, email="max@example.com")
        shop.save("t_broken", Item(1, -2), email="eve@example.com")
        await until(lambda: service.tracker.armed + service.tracker.in_hand == 3)
        shop.order(email="max@example.com")
        shop.leave("t_bought")
        for _ in range(10):
            shop.save(GUEST, POT, SHIRT, email="jane@example.com")
        await until(lambda: len(smtp.mails_to("jane@example.com")) == 1)
        await until(lambda: service.tracker.armed == service.tracker.in_hand == 0)
    async with following(settings) as service:
        shop.save("7", POT, SHIRT)  # jane logs in as somebody with another address
        shop.leave(GUEST)
        await until(lambda: len(smtp.mails_to("seven@example.com")) == 1)
        await until(lambda: service.tracker.armed == service.tracker.in_hand == 0)
    assert [mail.rcpt_tos for mail in smtp.accepted] == [["jane@example.com"], ["seven@example.com"]]
    log = {row["cart_key"]: (row["status"], row["reason"]) for row in db.log()}
    assert log == {GUEST: ("sent", None), "7": ("sent", None), "t_broken": ("skipped", "unreadable")}
    (mail,) = smtp.mails_to("jane@example.com")
    text = mail.get_body(("plain",))
    assert text is not None
    assert "Shirt, blue, M" in text.get_content()


async def test_while_the_binlog_is_not_followed_nobody_is_mailed(
    opened: Open, smtp: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tables do not tell that somebody is busy with a document: its note is as old as the stream."""
    for module in (reconcile, binlog_following):
        monkeypatch.setattr(module, "GRACE_US", 1_000_000)
    settings = {"ABANDONMENT_THRESHOLD_MINUTES": "0.05", "CHECK_INTERVAL_SECONDS": "1"}
    opened.shop.save("7", POT)
    with MysqlProxy(opened.db.server.host, opened.db.server.port).running() as proxy:
        opened.note("7", minutes_ago=0.05)
        async with following(opened.db.settings(smtp, MYSQL_PORT=str(proxy.port), **settings)) as service:
            proxy.refuse(DUMPS)
            proxy.cut()
            proxy.mend()
            opened.shop.save("7", Item(1, 2, 60.0))
            await until(lambda: not service.is_ready())
            with structlog.testing.capture_logs() as logs:
                await until(lambda: len(passes(logs)) >= 3, 60)
            assert smtp.accepted == []
            proxy.refuse(b"")
            await until(lambda: len(smtp.accepted) == 1, 60)


def passes(logs: Sequence[Any]) -> list[str]:
    return [entry["event"] for entry in logs if entry["event"] in {"reconcile.waits", "reconcile.alone"}]


async def test_the_safety_net_goes_by_the_notes(opened: Open) -> None:
    opened.shop.save("7", POT)
    opened.note("7", minutes_ago=90)
    now_us = opened.db.resources.clock.now_us()
    between = opened.db.resources.scan.between
    assert [key for page in between(now_us - 100 * MINUTE, now_us - 80 * MINUTE) for key in page] == ["7"]
    assert [key for page in between(now_us - 80 * MINUTE, now_us) for key in page] == []
