"""The real service in the test's own process: how it ends, what it leaves behind, and what it finds by itself."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
import structlog
from fakes.mail_server import MailServer
from fakes.mysql_proxy import MysqlProxy
from fakes.recovering import settings_of
from fakes.waiting import until

from binlog_watcher.recovery import reconcile as reconcile_module
from binlog_watcher.recovery.send.last_word import FENCE_HOLDS_US
from binlog_watcher.service import binlog_following
from binlog_watcher.service.resources import open_resources
from binlog_watcher.service.service import Service

THRESHOLD_S = 1.0


@contextlib.asynccontextmanager
async def serving(
    shop: Any, smtp: MailServer, **settings: str
) -> AsyncIterator[tuple[Service, asyncio.Event, "asyncio.Task[None]"]]:
    """A service that follows the shop; the event ends it."""
    parsed = settings_of(
        shop,
        smtp,
        **(
            {"ABANDONMENT_THRESHOLD_MINUTES": str(THRESHOLD_S / 60), "CHECK_INTERVAL_SECONDS": "1"} | settings
        ),
    )
    resources = await asyncio.to_thread(lambda: open_resources(parsed, write=True))
    service, stop = Service(parsed, resources), asyncio.Event()
    running = asyncio.create_task(service.run(stop))
    try:
        await until(lambda: service.is_ready() or running.done())
        yield service, stop, running
    finally:
        stop.set()
        try:
            async with asyncio.timeout(60):
                await running
        finally:
            await asyncio.to_thread(resources.close)


def statuses(shop: Any) -> dict[str, str]:
    return {row["cart_key"]: row["status"] for row in shop.log()}


async def test_ending_waits_for_the_mails_in_hand(shop: Any, smtp: MailServer) -> None:
    reached, gate = asyncio.Event(), asyncio.Event()

    async def slow(_server: object) -> str:
        reached.set()
        await gate.wait()
        return "250 OK"

    shop.user(1, "user1@example.com")
    smtp.answer("DATA", "user1@example.com", slow)
    with structlog.testing.capture_logs() as logs:
        async with serving(shop, smtp) as (_service, stop, running):
            shop.add(1, 1, minutes_ago=0)
            async with asyncio.timeout(30):
                await reached.wait()
            stop.set()
            await until(lambda: "service.stopping" in {entry["event"] for entry in logs})
            assert not running.done()
            assert statuses(shop) == {"1": "sending"}
            gate.set()
    events = [entry["event"] for entry in logs]
    assert events.index("recovery.finished") < events.index("service.stopped")
    assert "service.unfinished" not in events
    assert statuses(shop) == {"1": "sent"}
    assert shop.run("SELECT COUNT(*) FROM cart_abandonment_log WHERE lease_until IS NOT NULL") == [(0,)]


async def test_past_the_deadline_the_next_start_takes_over_at_once(shop: Any, smtp: MailServer) -> None:
    stuck = asyncio.Event()

    async def for_ever(_server: object) -> str:
        stuck.set()
        await asyncio.Event().wait()
        return "250 never"

    for user_id in (1, 2, 3):
        shop.user(user_id, f"user{user_id}@example.com")
    smtp.answer("DATA", "*", for_ever)
    with structlog.testing.capture_logs() as logs:
        async with serving(shop, smtp, SMTP_CONNECTIONS="1", SHUTDOWN_SECONDS="0.3") as (
            _service,
            stop,
            _running,
        ):
            for user_id in (1, 2, 3):
                shop.add(user_id, user_id, minutes_ago=0)
            async with asyncio.timeout(30):
                await stuck.wait()
            await until(lambda: len(shop.log()) == 3)
            stop.set()
    assert "service.unfinished" in {entry["event"] for entry in logs}
    assert sorted(statuses(shop).values()) == ["claimed", "claimed", "sending"]
    (under_way,) = [key for key, status in statuses(shop).items() if status == "sending"]
    async with serving(shop, smtp):
        await until(lambda: sorted(statuses(shop).values()) == ["sent", "sent", "unknown"])
    assert statuses(shop)[under_way] == "unknown"
    assert smtp.mails_to(f"user{under_way}@example.com") == []
    assert len(smtp.accepted) == 2


async def test_ending_while_mysql_is_gone_takes_no_longer_than_allowed(shop: Any, smtp: MailServer) -> None:
    with MysqlProxy(shop.server.host, shop.server.port).running() as proxy:

        async def cut(_server: object) -> str:
            proxy.cut()
            return "250 OK"

        shop.user(1, "user1@example.com")
        smtp.answer("DATA", "user1@example.com", cut)
        with structlog.testing.capture_logs() as logs:
            async with serving(shop, smtp, MYSQL_PORT=str(proxy.port), SHUTDOWN_SECONDS="0.5") as (
                _,
                stop,
                _running,
            ):
                shop.add(1, 1, minutes_ago=0)
                await until(lambda: "outcome.not_written" in {entry["event"] for entry in logs})
                stop.set()
    assert {"service.unfinished", "service.stopped"} <= {entry["event"] for entry in logs}
    assert statuses(shop) == {"1": "sending"}
    async with serving(shop, smtp):
        await until(lambda: statuses(shop) == {"1": "unknown"})
    assert len(smtp.accepted) == 1


async def test_who_buys_while_mysql_can_not_be_had_is_not_mailed(shop: Any, smtp: MailServer) -> None:
    """The server is slow with RCPT, the stream is cut, no session is to be had: no fence, no mail."""
    with MysqlProxy(shop.server.host, shop.server.port).running() as proxy:
        for key in (1, 2):
            shop.user(key, f"user{key}@example.com")

        async def slowly(_server: object) -> str:
            proxy.cut()
            shop.order(1)
            asked_us = shop.clock.now_us()
            await until(lambda: shop.clock.now_us() - asked_us > FENCE_HOLDS_US)
            return "250 OK"

        smtp.answer("RCPT", "user1@example.com", slowly)
        with structlog.testing.capture_logs() as logs:
            async with serving(shop, smtp, MYSQL_PORT=str(proxy.port)) as (service, _stop, _running):
                shop.add(1, 1, minutes_ago=0)
                await until(lambda: "fence.not_read" in {entry["event"] for entry in logs})
                assert smtp.accepted == []
                proxy.mend()
                await until(service.is_ready, 60)
                await until(lambda: statuses(shop) == {"1": "skipped"}, 60)
                shop.add(2, 1, minutes_ago=0)
                await until(lambda: len(smtp.mails_to("user2@example.com")) == 1)
    assert len(smtp.accepted) == 1


DUMPS = bytes([0x12, 0x1E])
"""COM_BINLOG_DUMP and COM_BINLOG_DUMP_GTID."""


async def test_while_nothing_but_the_binlog_can_be_had_reconcile_works_alone(
    shop: Any, smtp: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each connection works until the stream is asked for: that is no sign of life."""
    for module in (reconcile_module, binlog_following):
        monkeypatch.setattr(module, "GRACE_US", 1_000_000)
    shop.user(1, "user1@example.com")
    with (
        MysqlProxy(shop.server.host, shop.server.port).running() as proxy,
        structlog.testing.capture_logs() as logs,
    ):
        async with serving(shop, smtp, MYSQL_PORT=str(proxy.port)) as (service, _stop, _running):
            proxy.refuse(DUMPS)
            proxy.cut()
            proxy.mend()
            shop.add(1, 1, minutes_ago=0)
            await until(lambda: statuses(shop) == {"1": "sent"}, 60)
            assert not service.is_ready()
            proxy.refuse(b"")
            await until(service.is_ready, 60)
    events = [entry["event"] for entry in logs]
    assert "reconcile.alone" in events
    assert len(smtp.accepted) == 1


async def test_a_cart_that_the_binlog_never_saw_is_found_and_mailed_once(
    shop: Any, smtp: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (reconcile_module, binlog_following):
        monkeypatch.setattr(module, "GRACE_US", 1_000_000)
    shop.user(1, "user1@example.com")
    shop.user(2, "user2@example.com")
    with structlog.testing.capture_logs() as logs:
        async with serving(shop, smtp) as (service, _stop, _running):
            with (
                shop.server.connect(database=shop.name, autocommit=True) as connection,
                connection.cursor() as cursor,
            ):
                cursor.execute("SET SESSION sql_log_bin = 0")
                cursor.execute("INSERT INTO cart (user_id, product_id) VALUES (1, 1)")
            shop.add(2, 2, minutes_ago=0)
            await until(lambda: statuses(shop) == {"1": "sent", "2": "sent"})
            finds = "cartwake_reconcile_finds_total"
            await until(lambda: service.metrics.registry.get_sample_value(finds) == 1)

            # Some passes later it is neither found nor mailed again.
            def passes() -> int:
                return len([entry for entry in logs if entry["event"] == "reconcile.done"])

            so_far = passes()
            await until(lambda: passes() >= so_far + 2)
    found = [entry["users"] for entry in logs if entry["event"] == "reconcile.found"]
    assert found == [[1]]
    assert len(smtp.accepted) == 2
