"""The table is emptied, another server takes over, another instance does: what is known of documents lives on."""

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
from fakes.mail_server import MailServer
from fakes.preset_shop import PresetShop, preset_shop
from fakes.replicated_pair import PASSWORD, USER, Pair, replicated_pair
from fakes.running_service import following, standing_by
from fakes.session_shop import GUEST, POT, SHIRT, Open, of
from fakes.sessions import MARK, Sessions
from fakes.waiting import until

from binlog_watcher.core.events import Change
from binlog_watcher.service.standby import Standby

HOUR = {"ABANDONMENT_THRESHOLD_MINUTES": "60", "CHECK_INTERVAL_SECONDS": "1"}
SOON = {"ABANDONMENT_THRESHOLD_MINUTES": "0.05", "CHECK_INTERVAL_SECONDS": "1"}


def noted(db: PresetShop, *keys: str) -> bool:
    """Whether there is a note of each."""
    return set(keys) <= {key for (key,) in db.run("SELECT cart_key FROM cart_abandonment_cart")}


async def test_documents_that_are_gone_by_a_truncate_have_no_timer(opened: Open) -> None:
    db, shop = opened.db, opened.shop
    async with db.stream() as stream:
        for key in ("7", "8"):
            shop.save(key, POT)
        await stream.settle()
        notes = stream.tracker.take_unsaved()
        db.resources.notes.write(notes)
        stream.tracker.saved(notes)
        before = stream.tracker.due_of("8")
        db.run("TRUNCATE sessions")
        shop.save("8", POT)  # whoever is still there puts the same in again
        shop.save(GUEST, SHIRT, email="jane@example.com")
        events = await stream.settle()
        await stream.settle()
        assert set(map(str, stream.tracker.keys())) == {"8", GUEST}
        assert (stream.tracker.due_of("8") or 0) >= (before or 0)
        assert of(events, GUEST) == [Change.INSERT]


async def test_who_was_mailed_before_a_truncate_is_not_mailed_for_the_same_visit(
    opened: Open, smtp: MailServer
) -> None:
    """A shop that empties its sessions ends each cart; one that is filled again is another one."""
    db, shop = opened.db, opened.shop
    async with following(db.settings(smtp, EMAIL_COOLDOWN_HOURS="0", **SOON)) as service:
        shop.save("7", POT)
        await until(lambda: len(smtp.accepted) == 1)
        await until(lambda: [row["status"] for row in db.log()] == ["sent"])
        shop.save("8", POT)
        db.run("TRUNCATE sessions")
        shop.save(GUEST, POT, email="jane@example.com")
        await until(lambda: len(smtp.mails_to("jane@example.com")) == 1)
        shop.save("7", SHIRT)
        await until(lambda: len(smtp.mails_to("seven@example.com")) == 2)
        await until(lambda: service.tracker.armed == service.tracker.in_hand == 0)
    assert smtp.mails_to("eight@example.com") == []
    assert [row["cart_key"] for row in db.log()] == ["7", GUEST, "7"]


@pytest.fixture
def pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    with replicated_pair(request.param) as found:
        yield found


@pytest.mark.parametrize(
    ("pair", "lost"),
    [("mysql", False), ("mysql", True), ("mariadb", True)],
    ids=["mysql, caught up", "mysql, behind", "mariadb, behind"],
    indirect=["pair"],
)
async def test_after_a_failover_each_cart_is_as_old_as_it_was(
    pair: Pair, preset: str, smtp: MailServer, *, lost: bool
) -> None:
    address = {"MYSQL_PORT": str(pair.proxy.port), "MYSQL_USER": USER, "MYSQL_PASSWORD": PASSWORD}
    with contextlib.ExitStack() as stack:
        dbs = [
            stack.enter_context(preset_shop(shop.server, "shop", preset, MARK, **address))
            for shop in (pair.primary, pair.replica)
        ]
        old, new = dbs
        old.run("DROP TABLE products, users")
        Sessions(old.run).create()
        async with following(old.settings(smtp, **HOUR)) as service:
            shop = Sessions(old.run)
            for key in ("7", "8"):
                shop.save(key, POT)
            await until(lambda: service.tracker.armed == 2 and noted(old, "7", "8"))
            known = {key: service.tracker.due_of(key) or 0 for key in ("7", "8")}
            await until(pair.has_all())
            if lost:
                pair.detach()
                shop.save("8", POT, SHIRT)
                await until(lambda: (service.tracker.due_of("8") or 0) > known["8"])
            else:
                pair.proxy.cut()
                shop.save("8", POT, SHIRT)
                await until(pair.has_all())
                pair.detach()
            pair.primary.server.kill()
            pair.fail_over()
            shop = Sessions(new.run)
            shop.save("7", POT)  # a page view
            shop.save(GUEST, POT, email="jane@example.com")
            await until(lambda: service.is_ready() and service.tracker.due_of(GUEST) is not None, 60)
            assert service.tracker.due_of("7") == known["7"]
            assert (service.tracker.due_of("8") or 0) > known["8"]
        assert smtp.accepted == []
        aged = "active_at = active_at - INTERVAL 2 HOUR, filled_at = filled_at - INTERVAL 2 HOUR"
        new.run(f"UPDATE cart_abandonment_cart SET {aged}")
        new.run(
            "UPDATE cart_abandonment_meta SET value = CAST(value AS SIGNED) - 10800000000 WHERE name = 'activated_at'"
        )
        async with following(new.settings(smtp, **HOUR)) as service:
            await until(lambda: len(smtp.accepted) == 3)
        assert sorted(mail.rcpt_tos[0] for mail in smtp.accepted) == [
            "eight@example.com", "jane@example.com", "seven@example.com",
        ]  # fmt: skip


async def test_a_standby_that_takes_over_knows_when_each_cart_was_left(
    opened: Open, smtp: MailServer
) -> None:
    db, shop = opened.db, opened.shop
    settings = db.settings(smtp, **HOUR)
    leader, heir = Standby(settings), Standby(settings)

    def tracker(standby: Standby) -> Any:
        assert standby._service is not None
        return standby._service.tracker

    async with contextlib.AsyncExitStack() as leading:
        await leading.enter_async_context(standing_by(leader))
        await until(lambda: leader.not_ready() is None)
        async with standing_by(heir):
            for key in ("7", "8"):
                shop.save(key, POT)
            await until(lambda: tracker(leader).armed == 2)
            known = {key: tracker(leader).due_of(key) for key in ("7", "8")}
            await leading.aclose()
            shop.save("7", POT)  # a page view
            await until(lambda: heir.not_ready() is None)
            assert {key: tracker(heir).due_of(key) for key in known} == known
            shop.save("8", POT, SHIRT)
            await until(lambda: tracker(heir).due_of("8") > known["8"])
            assert tracker(heir).due_of("7") == known["7"]
    assert smtp.accepted == []
