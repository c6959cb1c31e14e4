"""Right before DATA: a fence counts for a second, and only what follows the binlog may rely on it."""

from typing import Any

import pytest
from fakes.stages import SECOND, FakeLog, FakeSender, Shop

from binlog_watcher.core.events import Revoked
from binlog_watcher.errors import DatabaseUnavailableError
from binlog_watcher.recovery.send.last_word import FENCE_HOLDS_US, MOST_FENCES, LastWord
from binlog_watcher.recovery.send.sending_gate import SendingGate
from binlog_watcher.recovery.stages import FencedMail
from mailer import ConnectionSlots


class Desk:
    """A mail that passed the fence just now, and everything that may speak against it later."""

    def __init__(self) -> None:
        self.shop, self.log, self.leads, self.alone = Shop(), FakeLog(), True, False
        sender: Any = FakeSender(ConnectionSlots(1))
        log: Any = self.log
        gate = SendingGate(sender, self.shop.runtime, may_send=lambda: self.leads)
        self.word = LastWord(
            gate=gate, runtime=self.shop.runtime, episodes=log, lease_us=1, alone=lambda: self.alone
        )
        self.mail = FencedMail(self.shop.composed(1), self.shop.clock.us)

    def later(self, microseconds: int, *, heard: bool = True) -> None:
        """Time goes by; ``heard``: and the binlog is still followed."""
        self.shop.clock.us += microseconds
        if heard:
            self.shop.deliver()

    async def may_leave(self) -> bool:
        return await self.word.may_leave(self.mail)


async def test_a_fresh_fence_is_not_asked_again() -> None:
    desk = Desk()
    desk.later(FENCE_HOLDS_US)
    assert await desk.may_leave()
    assert desk.log.fences == []


@pytest.mark.parametrize("passes", [True, False])
async def test_a_fence_of_more_than_a_second_ago_is_asked_again(passes: bool) -> None:
    """The server took seconds to answer RCPT, or the process stood still: an order may have been committed."""
    desk = Desk()
    desk.later(FENCE_HOLDS_US + 1)
    desk.log.refuses = set() if passes else {101}
    assert await desk.may_leave() is passes
    assert desk.log.fences == [[101]]


async def test_a_clock_that_is_set_back_makes_no_fence_younger() -> None:
    desk = Desk()
    desk.later(FENCE_HOLDS_US + 1)
    desk.shop.clock.step_us = -SECOND
    assert await desk.may_leave()
    assert desk.log.fences == [[101]]


async def test_a_fence_that_was_old_when_it_answered_counts_from_before_it_was_asked() -> None:
    desk = Desk()
    fence, calls = desk.log.fence, 0

    def frozen_once(*arguments: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 1:
            desk.later(60 * SECOND)
        return fence(*arguments, **options)

    vars(desk.log)["fence"] = frozen_once
    desk.later(2 * SECOND)
    assert await desk.may_leave()
    assert calls == 2


async def test_a_machine_that_never_answers_within_a_second_sends_it_later() -> None:
    desk = Desk()
    fence = desk.log.fence

    def slow(*arguments: Any, **options: Any) -> Any:
        desk.later(2 * SECOND)
        return fence(*arguments, **options)

    vars(desk.log)["fence"] = slow
    desk.later(2 * SECOND)
    assert not await desk.may_leave()
    assert len(desk.log.fences) == MOST_FENCES


@pytest.mark.parametrize("old", [False, True])
async def test_while_the_binlog_is_not_followed_no_fence_is_enough_unless_the_tables_decide_alone(
    old: bool,
) -> None:
    desk = Desk()
    desk.later(2 * FENCE_HOLDS_US if old else 0)
    desk.shop.deliver(Revoked("shop", "the stream is down"))
    assert not await desk.may_leave()
    assert desk.log.fences == []
    desk.alone = True
    assert await desk.may_leave()
    assert len(desk.log.fences) == old


async def test_a_stream_that_fell_silent_is_not_followed() -> None:
    desk = Desk()
    desk.later(60 * SECOND, heard=False)
    assert not await desk.may_leave()


async def test_what_is_known_is_never_overruled() -> None:
    desk = Desk()
    desk.shop.order(1)
    assert not await desk.may_leave()
    desk = Desk()
    desk.leads = False
    assert not await desk.may_leave()


async def test_an_order_that_comes_while_the_fence_is_asked_again_is_seen() -> None:
    desk = Desk()
    fence = desk.log.fence

    def ordered_meanwhile(*arguments: Any, **options: Any) -> Any:
        desk.shop.order(1)
        return fence(*arguments, **options)

    vars(desk.log)["fence"] = ordered_meanwhile
    desk.later(2 * SECOND)
    assert not await desk.may_leave()


@pytest.mark.parametrize("error", [DatabaseUnavailableError("gone"), ValueError("odd")])
async def test_without_an_answer_there_is_no_mail(error: Exception) -> None:
    desk = Desk()
    desk.log.failures.append(error)
    desk.later(2 * SECOND)
    assert not await desk.may_leave()
