"""The switch that stops all mail when the server refuses us, and turns itself on again."""

import asyncio
from typing import Any

import pytest
import structlog
from fakes.stages import NOW, FakeSender, Shop, settled

from binlog_watcher.recovery.send import refusal_switch
from binlog_watcher.recovery.send.refusal_switch import HELD_US, STOPPED_US, RefusalSwitch
from mailer import ConnectionSlots, SenderStoppedError


def switch_of(shop: Shop, sender: FakeSender | None = None, **options: Any) -> RefusalSwitch:
    some: Any = sender or FakeSender(ConnectionSlots(1))
    return RefusalSwitch(some, shop.runtime, **options)


async def test_all_is_well_until_the_server_refuses_and_then_all_wait() -> None:
    shop = Shop()
    switch = switch_of(shop)
    assert switch.held_until_us(NOW) == 0
    with structlog.testing.capture_logs() as logs:
        assert switch.refuse(SenderStoppedError("wrong password", 535))
        assert not switch.refuse(SenderStoppedError("wrong password", 535))
    assert [entry["event"] for entry in logs] == ["sender.stopped"]
    assert switch.refused
    assert switch.held_until_us(NOW) == NOW + STOPPED_US
    assert switch.held_until_us(NOW + STOPPED_US) == NOW + STOPPED_US + HELD_US


async def test_who_may_not_lead_holds_all_back_whatever_the_server_says() -> None:
    shop, leads = Shop(), [True]
    switch = switch_of(shop, may_send=lambda: leads[0])
    mail = shop.composed(1)
    assert switch.wants(mail)
    leads[0] = False
    assert not switch.wants(mail)
    assert switch.held_until_us(NOW) == NOW + HELD_US


async def test_a_mail_is_wanted_until_its_customer_does_something() -> None:
    shop = Shop()
    switch = switch_of(shop)
    bought, changed, quiet = shop.composed(1), shop.composed(2), shop.composed(3)
    shop.order(1)
    shop.activity(2)
    assert [switch.wants(mail) for mail in (bought, changed, quiet)] == [False, False, True]


async def test_it_asks_until_the_server_is_content_and_survives_any_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(refusal_switch, "STOPPED_US", 0)
    shop, sender = Shop(), FakeSender(ConnectionSlots(1))
    sender.verifies.extend([SenderStoppedError("still wrong", 535), RuntimeError("something new")])
    switch = switch_of(shop, sender)
    asking = asyncio.create_task(switch.run())
    await asyncio.sleep(0)
    assert sender.verified == 0, "nobody refused us"
    with structlog.testing.capture_logs() as logs:
        switch.refuse(SenderStoppedError("wrong", 535))
        await settled(lambda: not switch.refused)
    assert sender.verified == 3
    assert [entry["event"] for entry in logs] == [
        "sender.stopped", "sender.still_stopped", "sender.still_stopped", "sender.resumed",
    ]  # fmt: skip
    assert switch.held_until_us(NOW) == 0
    asking.cancel()
