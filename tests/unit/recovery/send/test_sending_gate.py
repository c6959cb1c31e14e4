"""The gate that stops all mail when the server refuses us, and turns itself on again."""

import asyncio
import contextlib
from typing import Any

import pytest
import structlog
from fakes.stages import NOW, FakeSender, Shop, cart, composed
from fakes.waiting import until

from binlog_watcher.core.decision import Send
from binlog_watcher.core.log_status import Reason
from binlog_watcher.recovery.send import sending_gate
from binlog_watcher.recovery.send.brake import PROBE_TAKES_US, PROBE_US, End
from binlog_watcher.recovery.send.sending_gate import HELD_US, STOPPED_US, WRITING_US, SendingGate
from binlog_watcher.recovery.stages import ClaimedCart, DecidedCart
from mailer import (
    ConnectionSlots,
    OutcomeUnknownError,
    RejectedForeverError,
    RetryLaterError,
    SenderStoppedError,
)


def gate_of(shop: Shop, sender: FakeSender | None = None, **options: Any) -> SendingGate:
    some: Any = sender or FakeSender(ConnectionSlots(1))
    return SendingGate(some, shop.runtime, **options)


async def test_all_is_well_until_the_server_refuses_and_then_all_wait() -> None:
    shop = Shop()
    gate = gate_of(shop)
    assert gate.held_until_us(NOW) == 0
    with structlog.testing.capture_logs() as logs:
        assert gate.refuse(SenderStoppedError("wrong password", 535))
        assert not gate.refuse(SenderStoppedError("wrong password", 535))
    assert [entry["event"] for entry in logs] == ["sender.stopped"]
    assert gate.refused
    assert gate.held_until_us(NOW) == NOW + STOPPED_US
    assert gate.held_until_us(NOW + STOPPED_US) == NOW + STOPPED_US + HELD_US


async def test_a_server_that_can_not_be_reached_is_asked_soon_and_then_less_and_less_often() -> None:
    shop, sender = Shop(), FakeSender(ConnectionSlots(1))
    gate = gate_of(shop, sender)
    gone = RetryLaterError("can't be reached")
    gate.refuse(gone)
    waits = [gate._stopped_until_us - NOW]
    for _ in range(9):
        gate._stop(gone)
        waits.append(gate._stopped_until_us - NOW)
    seconds = [wait // 1_000_000 for wait in waits]
    assert seconds == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60]


async def test_a_cancellation_that_comes_with_the_reply_ends_it_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sending_gate, "STOPPED_US", 0)
    shop, sender, asked = Shop(), FakeSender(ConnectionSlots(1)), asyncio.Event()

    async def swallows() -> None:
        asked.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()

    vars(sender)["verify"] = swallows
    gate = gate_of(shop, sender)
    gate.refuse(SenderStoppedError("wrong", 535))
    task = asyncio.create_task(gate.run())
    async with asyncio.timeout(10):
        await asked.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_who_may_not_lead_holds_all_back_whatever_the_server_says() -> None:
    shop, leads = Shop(), [True]
    gate = gate_of(shop, may_send=lambda: leads[0])
    mail = shop.composed(1)
    assert gate.wants(mail)
    leads[0] = False
    assert not gate.wants(mail)
    assert gate.held_until_us(NOW) == NOW + HELD_US


async def test_a_mail_is_wanted_until_its_customer_does_something() -> None:
    shop = Shop()
    gate = gate_of(shop)
    bought, changed, quiet = shop.composed(1), shop.composed(2), shop.composed(3)
    shop.order(1)
    shop.activity(2)
    assert [gate.wants(mail) for mail in (bought, changed, quiet)] == [False, False, True]


async def test_the_brake_holds_all_but_one_mail_that_is_due_until_a_mail_is_taken() -> None:
    shop = Shop()
    gate = gate_of(shop)
    error = RejectedForeverError("554 5.2.252 not allowed to send as", 554)
    some = [DecidedCart(shop.take(key), cart(key), Send(NOW, NOW)) for key in (1, 2)]
    with structlog.testing.capture_logs() as logs:
        alike = [gate.ended_alike(End.REFUSED, shop.composed(key), error) for key in range(11, 16)]
        assert alike == [False] * 4 + [True]
        assert (gate.stopped, gate.refused) == (True, False)
        assert not gate.wants(shop.composed(3))
        assert gate.admit(some, NOW) == []
        assert gate.held_until_us(NOW) == NOW + PROBE_US
        later_us = shop.clock.us = NOW + PROBE_US
        assert gate.admit(some, later_us) == some[:1]
        assert gate.held_until_us(later_us) == later_us + PROBE_TAKES_US
        assert gate.ended_alike(End.REFUSED, composed(ClaimedCart(*some[0], 101, 1)), error)
        gate.took()
    assert gate.admit(some, later_us) == some
    assert (gate.stopped, gate.held_until_us(later_us)) == (False, 0)
    assert [entry["event"] for entry in logs] == ["sender.stopped", "sender.still_stopped", "sender.resumed"]
    assert "5 different recipients in a row" in logs[0]["error"]
    assert "554 5.2.252" in logs[0]["error"]


async def test_no_mail_is_tried_while_the_server_is_asked_without_one() -> None:
    shop = Shop()
    gate = gate_of(shop)
    for key in range(1, 4):
        gate.ended_alike(End.LOST, shop.composed(key), OutcomeUnknownError("hung up"))
    gate.refuse(SenderStoppedError("wrong password", 535))
    shop.clock.us = NOW + PROBE_US
    assert gate.admit([DecidedCart(shop.take(4), cart(4), Send(NOW, NOW))], shop.clock.us) == []


async def test_before_the_end_nothing_is_begun_that_would_not_be_done_by_then() -> None:
    shop = Shop()
    gate = gate_of(shop)
    mail = shop.composed(1)
    gate.pace.took(4_000_000)
    gate.end_by(NOW + 10_000_000)
    assert gate.wants(mail)
    assert gate.gives_back() is None
    shop.clock.us = NOW + 10_000_000 - 4_000_000 - WRITING_US + 1
    assert gate.gives_back() is Reason.STOPPING
    assert not gate.wants(mail)
    assert gate.held_until_us(shop.clock.us) > shop.clock.us
    assert gate.admit([DecidedCart(shop.take(2), cart(2), Send(NOW, NOW))], shop.clock.us) == []


async def test_it_asks_until_the_server_is_content_and_survives_any_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sending_gate, "STOPPED_US", 0)
    shop, sender = Shop(), FakeSender(ConnectionSlots(1))
    sender.verifies.extend([SenderStoppedError("still wrong", 535), RuntimeError("something new")])
    gate = gate_of(shop, sender)
    asking = asyncio.create_task(gate.run())
    await asyncio.sleep(0)
    assert sender.verified == 0, "nobody refused us"
    with structlog.testing.capture_logs() as logs:
        gate.refuse(SenderStoppedError("wrong", 535))
        await until(lambda: not gate.refused)
    assert sender.verified == 3
    assert [entry["event"] for entry in logs] == [
        "sender.stopped", "sender.still_stopped", "sender.still_stopped", "sender.resumed",
    ]  # fmt: skip
    assert gate.held_until_us(NOW) == 0
    asking.cancel()
