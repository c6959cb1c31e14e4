"""Ready means that mail can go out; and a stop begins no hand-over that it would cut."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
import structlog
from fakes.mail_server import MailServer
from fakes.recovering import settings_of
from fakes.waiting import until

from binlog_watcher.recovery.send import sending_gate
from binlog_watcher.service import gauges
from binlog_watcher.service.resources import open_resources
from binlog_watcher.service.service import Service

MYSQL_ONLY = pytest.mark.parametrize("server", ["mysql"], indirect=True)
REASON = ("smtp", "the SMTP server takes no mail from us")


@contextlib.asynccontextmanager
async def serving(
    shop: Any, smtp: MailServer, **settings: str
) -> AsyncIterator[tuple[Service, asyncio.Event]]:
    """A service that follows the shop, ready or not; the event ends it."""
    parsed = settings_of(shop, smtp, ABANDONMENT_THRESHOLD_MINUTES=str(1 / 60), **settings)
    resources = await asyncio.to_thread(lambda: open_resources(parsed, write=True))
    service, stop = Service(parsed, resources), asyncio.Event()
    running = asyncio.create_task(service.run(stop))
    try:
        yield service, stop
    finally:
        stop.set()
        try:
            async with asyncio.timeout(60):
                await running
        finally:
            await asyncio.to_thread(resources.close)


def figure(service: Service, name: str) -> float | None:
    return service.metrics.registry.get_sample_value(f"cartwake_{name}")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gauges, "INTERVAL_S", 0.01)
    for name in ("STOPPED_US", "UNREACHABLE_US", "HELD_US"):
        monkeypatch.setattr(sending_gate, name, 50_000)


@MYSQL_ONLY
@pytest.mark.usefixtures("impatient")
async def test_with_a_refused_login_it_is_not_ready_until_the_password_works(shop: Any) -> None:
    shop.user(1, "user1@example.com")
    login = {"SMTP_USER": "shop", "SMTP_PASSWORD": "the password"}
    async with (
        MailServer(password="another one").running() as smtp,
        serving(shop, smtp, **login) as (service, _stop),
    ):
        await until(lambda: service.not_ready() == REASON)
        await until(lambda: (figure(service, "ready"), figure(service, "sender_stopped")) == (0, 1))
        shop.add(1, 1, minutes_ago=0)
        smtp.password = "the password"
        await until(lambda: service.not_ready() is None)
        await until(lambda: (figure(service, "ready"), figure(service, "sender_stopped")) == (1, 0))
        await until(lambda: [row["status"] for row in shop.log()] == ["sent"])


@MYSQL_ONLY
@pytest.mark.usefixtures("impatient")
async def test_without_a_server_it_is_not_ready_until_one_answers(shop: Any) -> None:
    async with MailServer().running() as smtp:
        pass  # its port is free again: nobody listens
    async with serving(shop, smtp) as (service, _stop):
        await until(lambda: service.not_ready() == REASON)
        async with smtp.running():
            await until(service.is_ready)


CARTS, SLOW_S = 60, 0.4


@MYSQL_ONLY
async def test_a_stop_with_a_full_outbox_cuts_no_hand_over(shop: Any, smtp: MailServer) -> None:
    async def slow(_server: object) -> str:
        await asyncio.sleep(SLOW_S)
        return "250 OK"

    addresses = [f"user{key}@example.com" for key in range(1, CARTS + 1)]
    for key, address in enumerate(addresses, start=1):
        shop.user(key, address)
    smtp.answer("DATA", "*", *[slow] * CARTS)
    with structlog.testing.capture_logs() as logs:
        async with serving(shop, smtp, SHUTDOWN_SECONDS="2") as (service, stop):
            await until(service.is_ready)
            shop.run(
                "INSERT INTO cart (user_id, product_id) SELECT id, 1 FROM users WHERE id <= %s", (CARTS,)
            )
            await until(lambda: len(smtp.accepted) >= 8)
            stop.set()
    events = {entry["event"] for entry in logs}
    assert "service.unfinished" not in events
    found = Counter((row["status"], row["reason"]) for row in shop.log())
    assert set(found) == {("sent", None), ("retry", "stopping")}
    assert 8 <= found["sent", None] == len(smtp.accepted) < CARTS
    smtp.answers.clear()
    async with serving(shop, smtp):
        await until(lambda: {row["status"] for row in shop.log()} == {"sent"})
    assert [len(smtp.mails_to(address)) for address in addresses] == [1] * CARTS
