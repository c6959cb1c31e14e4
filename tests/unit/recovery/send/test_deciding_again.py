"""What becomes of mails that may not leave after all."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from fakes.stages import HOUR, NOW, POLICY, SECOND, FakeLoader, FakeSender, Shop, cart
from fakes.waiting import until

from binlog_watcher.core.cart import Cart, LoggedEpisode, Recipient
from binlog_watcher.core.decision import Policy
from binlog_watcher.core.log_status import Reason, Status
from binlog_watcher.errors import DatabaseUnavailableError
from binlog_watcher.recovery.send.deciding_again import AGAIN_US, LONGEST_AGAIN_US, UNREAD_US, DecidingAgain
from binlog_watcher.recovery.send.sending_gate import HELD_US, STOPPED_US, SendingGate
from binlog_watcher.recovery.stages import ComposedMail, Settlement
from binlog_watcher.store.own_tables.log_rows import Outcome
from mailer import ConnectionSlots, SenderStoppedError


class Desk:
    """The stage with what it reads; what is settled stays on the desk."""

    def __init__(self, policy: Policy = POLICY) -> None:
        self.shop, self.loader, self.leads = Shop(policy), FakeLoader(), True
        sender: Any = FakeSender(ConnectionSlots(2))
        self.gate = SendingGate(sender, self.shop.runtime, may_send=lambda: self.leads)
        self.again = asyncio.Queue[ComposedMail]()
        self.settled: list[Settlement] = []
        parts: Any = self
        loader: Any = self.loader
        self.stage = DecidingAgain(
            loader=loader, runtime=self.shop.runtime, gate=self.gate, again=self.again, writer=parts
        )

    async def put(self, settlement: Settlement) -> None:
        self.settled.append(settlement)

    async def outcome(self, now: Cart | None, mail: ComposedMail | None = None) -> Outcome:
        """What becomes of a mail for cart 1 that is like this now."""
        self.loader.carts = {} if now is None else {1: now}
        (outcome,) = await self.stage.decide([mail or self.shop.composed(1)])
        assert outcome.log_id == 101
        return outcome


OURS = LoggedEpisode(101, NOW - HOUR, Status.SENDING, 1, None, NOW + HOUR)


@pytest.mark.parametrize("claimed_as", [Status.CLAIMED, Status.SENDING])
async def test_one_that_nothing_speaks_against_is_tried_again_soon(claimed_as: Status) -> None:
    """Our own claim is no reason to wait, even where a fence whose answer was lost has passed the mail."""
    outcome = await Desk().outcome(cart(1, logged=replace(OURS, status=claimed_as)))
    assert (outcome.status, outcome.reason) == (Status.RETRY, Reason.ACTIVITY)
    assert outcome.next_attempt_us == NOW + AGAIN_US


async def test_one_that_never_passes_waits_twice_as_long_each_time() -> None:
    desk = Desk()
    mail = desk.shop.composed(1)
    waits = [((await desk.outcome(cart(1), mail)).next_attempt_us or 0) - NOW for _ in range(14)]
    assert waits[:4] == [AGAIN_US, 2 * AGAIN_US, 4 * AGAIN_US, 8 * AGAIN_US]
    assert waits[-1] == LONGEST_AGAIN_US


@pytest.mark.parametrize(
    ("now", "reason"),
    [
        (cart(1, lines=(), version=None), Reason.EMPTIED),
        (cart(1, lines=(), version=None, newest_order_us=NOW), Reason.BOUGHT_MEANWHILE),
        (cart(1, closed=True), Reason.CLOSED),
        (cart(1, closed=True, newest_order_us=NOW), Reason.BOUGHT_MEANWHILE),
        (cart(1, recipient=Recipient(suppressed=True)), Reason.OPTED_OUT),
    ],
)
async def test_one_that_must_not_be_mailed_any_more_is_closed(now: Cart, reason: Reason) -> None:
    outcome = await Desk().outcome(now)
    assert (outcome.status, outcome.reason, outcome.next_attempt_us) == (Status.SKIPPED, reason, None)


async def test_activity_that_only_the_binlog_tells_of_is_waited_for() -> None:
    desk = Desk()
    mail = desk.shop.composed(1)
    desk.shop.activity(1)
    outcome = await desk.outcome(cart(1), mail)
    assert (outcome.status, outcome.reason) == (Status.RETRY, Reason.ACTIVITY)
    assert outcome.next_attempt_us == NOW + POLICY.threshold_us


async def test_another_episode_that_is_due_follows_at_once() -> None:
    outcome = await Desk().outcome(cart(1, version=NOW - HOUR + 60 * SECOND))
    assert (outcome.status, outcome.reason) == (Status.SKIPPED, Reason.SUPERSEDED)
    assert outcome.next_attempt_us == NOW + AGAIN_US


async def test_a_customer_of_the_holdout_is_not_mailed() -> None:
    outcome = await Desk(replace(POLICY, holdout_percent=Decimal(100))).outcome(cart(1))
    assert (outcome.status, outcome.reason) == (Status.SKIPPED, Reason.HOLDOUT)


async def test_a_stopped_sender_holds_all_retries_back() -> None:
    desk = Desk()
    desk.gate.refuse(SenderStoppedError("535", 535))
    outcome = await desk.outcome(cart(1))
    assert (outcome.reason, outcome.next_attempt_us) == (Reason.SMTP_STOPPED, NOW + STOPPED_US)


async def test_who_does_not_lead_gives_its_mails_back_without_reading_anything() -> None:
    desk = Desk()
    desk.leads = False
    desk.loader.failure = AssertionError("nothing is read")
    outcome = await desk.outcome(None)
    assert (outcome.status, outcome.reason) == (Status.RETRY, Reason.NOT_LEADING)
    assert outcome.next_attempt_us == NOW + HELD_US


@pytest.mark.parametrize("failure", [DatabaseUnavailableError("gone"), ValueError("odd")])
async def test_what_can_not_be_read_waits(failure: Exception) -> None:
    desk = Desk()
    desk.loader.failure = failure
    outcome = await desk.outcome(None)
    assert (outcome.status, outcome.next_attempt_us) == (Status.RETRY, NOW + UNREAD_US)


async def test_the_queue_is_emptied_in_one_go_and_each_keeps_its_connection_until_it_is_written() -> None:
    desk = Desk()
    desk.loader.carts = {key: cart(key) for key in (1, 2, 3)}
    for key in (1, 2, 3):
        desk.again.put_nowait(desk.shop.composed(key))
    task = asyncio.create_task(desk.stage.run())
    await until(lambda: len(desk.settled) == 3)
    task.cancel()
    assert [one.connections for one in desk.settled] == [1, 1, 1]
    assert desk.loader.reads == 1


async def test_a_cart_that_breaks_the_decision_holds_up_no_other() -> None:
    desk = Desk()
    odd = cart(1, recipient=None)
    desk.loader.carts = {1: odd, 2: cart(2)}
    first, second = await desk.stage.decide([desk.shop.composed(1), desk.shop.composed(2)])
    assert (first.status, first.reason, first.next_attempt_us) == (Status.RETRY, None, NOW + UNREAD_US)
    assert second.next_attempt_us == NOW + AGAIN_US


async def test_a_mail_of_unknown_outcome_that_a_human_sends_again_does_not_wait_for_its_own_cool_down() -> (
    None
):
    desk = Desk()
    mail = desk.shop.composed(1)
    digest = bytes([1] * 32)
    again = cart(
        1, recipient=Recipient(last_mail_us=NOW - HOUR), logged=replace(OURS, own_mail=(digest, NOW - HOUR))
    )
    assert (await desk.outcome(again, mail)).reason is Reason.ACTIVITY
    other = replace(again, logged=OURS)
    assert (await desk.outcome(other, mail)).reason is Reason.COOLDOWN


async def test_a_cart_that_has_gone_to_a_store_that_is_not_listed_is_given_back() -> None:
    desk = Desk(replace(POLICY, stores=frozenset({"de"})))
    outcome = await desk.outcome(cart(1, store="fr"))
    assert (outcome.status, outcome.reason, outcome.next_attempt_us) == (Status.RETRY, Reason.STORE, NOW)
    assert not outcome.is_attempt
