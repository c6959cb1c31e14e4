"""Every way in which SMTP can end has its outcome."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from fakes.stages import HOUR, NOW, SECOND, SENDER, FakeLog, FakeSender, Shop
from fakes.waiting import until

from binlog_watcher.core.log_status import Reason, Status
from binlog_watcher.recovery.send.attempts import MAX_ATTEMPTS, Retries
from binlog_watcher.recovery.send.brake import PROBE_US
from binlog_watcher.recovery.send.hand_over import HandOver
from binlog_watcher.recovery.send.last_word import LastWord
from binlog_watcher.recovery.send.sending_gate import STOPPED_US, SendingGate
from binlog_watcher.recovery.send.verdicts import Verdicts
from binlog_watcher.recovery.stages import ComposedMail, FencedMail, Settlement
from binlog_watcher.store.own_tables.log_rows import Outcome
from mailer import (
    ConnectionSlots,
    MailboxRefusedError,
    OutcomeUnknownError,
    RejectedForeverError,
    RetryLaterError,
    SenderStoppedError,
    UnreachableError,
    WithdrawnError,
)
from mailer.connection import StillWanted

MINUTE = 60 * SECOND


class Desk:
    """The hand-over between its queues; what is settled stays on the desk."""

    def __init__(self, connections: int = 2) -> None:
        self.shop, self.log, self.leads = Shop(), FakeLog(), True
        self.sender = FakeSender(ConnectionSlots(connections))
        sender: Any = self.sender
        self.gate = SendingGate(sender, self.shop.runtime, may_send=lambda: self.leads)
        self.fenced = asyncio.Queue[FencedMail]()
        self.again = asyncio.Queue[ComposedMail]()
        self.settled: list[Settlement] = []
        writer: Any = self
        log: Any = self.log
        runtime = self.shop.runtime
        self.hand_over = HandOver(
            sender=sender, runtime=runtime,
            last_word=LastWord(gate=self.gate, runtime=runtime, episodes=log, lease_us=1),
            verdicts=Verdicts(self.gate, Retries(MINUTE), runtime),
            fenced=self.fenced, again=self.again, writer=writer,
        )  # fmt: skip

    async def put(self, settlement: Settlement) -> None:
        self.settled.append(settlement)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.hand_over.run())
        try:
            yield
        finally:
            task.cancel()

    def fence(self, key: int, **options: Any) -> None:
        self.fenced.put_nowait(FencedMail(self.shop.composed(key, **options), self.shop.clock.us))

    async def outcome(self, answer: Any, **options: Any) -> Outcome:
        """How one mail ends."""
        self.sender.answers.append(answer)
        self.fence(1, **options)
        async with self.running():
            await until(lambda: len(self.settled) == 1)
        (settlement,) = self.settled
        assert settlement.connections == 1
        assert settlement.outcome.message_id == "<1@example.com>"
        return settlement.outcome

    def counted(self, kind: str) -> float:
        return self.shop.runtime.metrics.mails_with(kind)


async def test_a_mail_that_the_server_takes_is_sent_at_the_moment_of_the_hand_over() -> None:
    desk = Desk()

    async def takes_a_minute(_still_wanted: StillWanted) -> None:
        desk.shop.clock.us += MINUTE

    outcome = await desk.outcome(takes_a_minute)
    assert (outcome.status, outcome.at_us, outcome.next_attempt_us) == (Status.SENT, NOW, None)
    assert desk.counted("sent") == 1
    assert desk.sender.senders == [SENDER], "the mail's own"
    lateness = desk.shop.runtime.metrics.registry.get_sample_value("cartwake_lateness_seconds_sum")
    assert lateness == HOUR / SECOND - 1800


@pytest.mark.parametrize(
    ("attempt", "status", "next_us"),
    [
        (1, Status.RETRY, NOW + MINUTE),
        (MAX_ATTEMPTS - 1, Status.RETRY, NOW + 60 * MINUTE),
        (MAX_ATTEMPTS, Status.FAILED, None),
    ],
)
async def test_a_refusal_for_now_is_tried_again_until_the_last_attempt(
    attempt: int, status: Status, next_us: int | None
) -> None:
    outcome = await Desk().outcome(RetryLaterError("451 later"), attempt=attempt)
    assert (outcome.status, outcome.next_attempt_us, outcome.error) == (status, next_us, "451 later")


async def test_the_first_time_that_a_mail_stops_the_sender_it_waits_for_the_server_only() -> None:
    outcome = await Desk().outcome(SenderStoppedError("550 relaying denied", 550), attempt=1)
    assert outcome.next_attempt_us == NOW + STOPPED_US


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (RejectedForeverError("550 no such user"), Status.FAILED),
        (OutcomeUnknownError("it hung up after the message"), Status.UNKNOWN),
        (ZeroDivisionError("nobody thought of this"), Status.UNKNOWN),
    ],
)
async def test_other_ends_are_final(error: Exception, status: Status) -> None:
    desk = Desk()
    outcome = await desk.outcome(error)
    assert (outcome.status, outcome.next_attempt_us) == (status, None)
    assert str(error) in (outcome.error or "")
    assert desk.counted(str(status)) == 1


REFUSED = RejectedForeverError("554 5.2.252 not allowed to send as", 554)
QUOTA = RetryLaterError("550 5.4.5 daily limit exceeded", 550)
LOST = OutcomeUnknownError("it hung up after the message")
GONE = MailboxRefusedError("550 5.1.1 no such user", 550)


async def ends(desk: Desk, *answers: Any, attempt: int = 1) -> list[Settlement]:
    """How the mails to as many recipients end, one after the other."""
    desk.sender.answers.extend(answers)
    for key in range(1, len(answers) + 1):
        desk.fence(key, attempt=attempt)
    async with desk.running():
        await until(lambda: len(desk.settled) + desk.again.qsize() == len(answers))
    return desk.settled


async def test_when_all_are_refused_alike_nothing_more_is_begun_and_what_failed_is_given_back() -> None:
    desk = Desk(connections=1)
    settled = await ends(desk, *[REFUSED] * 7)
    assert [one.outcome.status for one in settled] == [Status.FAILED] * 4 + [Status.RETRY]
    last = settled[-1]
    assert (last.outcome.reason, last.outcome.is_attempt) == (Reason.SMTP_STOPPED, False)
    assert last.outcome.next_attempt_us == NOW + PROBE_US
    assert [one.give_back for one in settled] == [()] * 4 + [(101, 102, 103, 104)]
    assert desk.again.qsize() == 2, "past the fence, and decided again"
    assert len(desk.sender.answers) == 2, "the server was not asked"
    assert desk.gate.stopped


async def test_what_was_under_way_when_the_brake_went_on_is_not_given_up_either() -> None:
    desk = Desk(connections=6)
    gate = asyncio.Event()

    async def then_refused(_still_wanted: StillWanted) -> None:
        await gate.wait()
        raise REFUSED

    desk.sender.answers.extend([then_refused, *[REFUSED] * 5])
    for key in range(1, 7):
        desk.fence(key)
    async with desk.running():
        await until(lambda: len(desk.settled) == 5)
        gate.set()
        await until(lambda: len(desk.settled) == 6)
    assert [one.outcome.status for one in desk.settled] == [Status.FAILED] * 4 + [Status.RETRY] * 2


async def test_lost_mails_stay_unknown_and_stop_the_others() -> None:
    desk = Desk(connections=1)
    settled = await ends(desk, *[LOST] * 5)
    assert [one.outcome.status for one in settled] == [Status.UNKNOWN] * 3
    assert [one.give_back for one in settled] == [()] * 3
    assert desk.again.qsize() == 2


async def test_a_quota_of_ours_that_passes_costs_no_further_attempts() -> None:
    desk = Desk(connections=1)
    settled = await ends(desk, *[QUOTA] * 5)
    assert {one.outcome.status for one in settled} == {Status.RETRY}
    assert [one.outcome.is_attempt for one in settled] == [True] * 4 + [False]
    assert desk.gate.stopped


async def test_attempts_that_all_ran_out_alike_are_given_back_too() -> None:
    desk = Desk(connections=1)
    settled = await ends(desk, *[RetryLaterError("451 later", 451)] * 5, attempt=MAX_ATTEMPTS)
    assert [one.outcome.status for one in settled] == [Status.FAILED] * 4 + [Status.RETRY]
    assert settled[-1].give_back == (101, 102, 103, 104)


async def test_refused_mailboxes_and_what_passes_never_stop_the_others() -> None:
    desk = Desk(connections=1)
    settled = await ends(desk, *[GONE] * 20)
    assert {one.outcome.status for one in settled} == {Status.FAILED}
    assert not desk.gate.stopped
    desk = Desk(connections=1)
    await ends(desk, *[RetryLaterError("451 greylisted", 451)] * 20)
    assert not desk.gate.stopped


async def test_a_mail_in_between_that_is_taken_says_that_not_all_are_refused() -> None:
    desk = Desk(connections=1)
    settled = await ends(desk, *[REFUSED] * 4, None, *[REFUSED] * 4)
    assert [one.outcome.status for one in settled].count(Status.FAILED) == 8
    assert not desk.gate.stopped


@pytest.mark.parametrize("gone", [True, False])
async def test_a_mailbox_that_is_gone_bounces_and_one_that_is_full_only_fails(gone: bool) -> None:
    outcome = await Desk().outcome(MailboxRefusedError("550 no", 550, gone=gone))
    expected = (Reason.BOUNCED, "u***@example.com") if gone else (None, None)
    assert (outcome.status, outcome.reason, outcome.bounced) == (Status.FAILED, *expected)


async def test_the_pace_is_that_of_the_hand_overs() -> None:
    desk = Desk()

    async def takes_a_minute(_still_wanted: StillWanted) -> None:
        desk.shop.clock.us += MINUTE

    await desk.outcome(takes_a_minute)
    assert desk.gate.pace.usual_us == MINUTE


async def test_a_withdrawn_mail_is_decided_again() -> None:
    desk = Desk()
    desk.sender.answers.append(WithdrawnError("the customer came back"))
    desk.fence(1)
    async with desk.running():
        await until(lambda: desk.again.qsize() == 1)
    assert desk.settled == []


@pytest.mark.parametrize("why", ["ordered", "not leading"])
async def test_what_happens_between_fence_and_smtp_keeps_the_mail_from_the_server(why: str) -> None:
    desk = Desk()
    desk.fence(1)
    if why == "ordered":
        desk.shop.order(1)
    else:
        desk.leads = False
    async with desk.running():
        await until(lambda: desk.again.qsize() == 1)
    assert desk.sender.sent == []


async def test_the_last_word_is_asked_for_when_the_server_stands_before_data() -> None:
    desk = Desk()
    words: list[bool] = []

    async def before_data(still_wanted: StillWanted) -> None:
        words.append(await still_wanted())
        desk.shop.order(1)
        words.append(await still_wanted())

    desk.sender.answers.append(before_data)
    desk.fence(1)
    async with desk.running():
        await until(lambda: len(desk.settled) == 1)
    assert words == [True, False]


async def test_a_server_that_refuses_us_costs_no_mail_an_attempt() -> None:
    desk = Desk(connections=1)
    desk.sender.answers.extend([SenderStoppedError("535 wrong password", 535)] * 2)
    desk.fence(1)
    desk.fence(2)
    async with desk.running():
        await until(lambda: len(desk.settled) == 2)
    for settlement in desk.settled:
        outcome = settlement.outcome
        assert (outcome.status, outcome.reason) == (Status.RETRY, Reason.SMTP_STOPPED)
        assert outcome.next_attempt_us == NOW + STOPPED_US
    assert desk.gate.refused


async def test_one_that_stops_the_sender_again_and_again_waits_longer_and_is_given_up() -> None:
    """The server is content each time that it is asked without this mail: it is about this mail."""
    outcome = await Desk().outcome(SenderStoppedError("550 relaying denied", 550), attempt=4)
    assert (outcome.status, outcome.next_attempt_us) == (Status.RETRY, NOW + 4 * MINUTE)
    outcome = await Desk().outcome(SenderStoppedError("550 relaying denied", 550), attempt=MAX_ATTEMPTS)
    assert (outcome.status, outcome.next_attempt_us) == (Status.FAILED, None)


async def test_one_that_finds_the_sender_stopped_is_never_given_up_for_that() -> None:
    """It did not ask the server: nothing is known of this mail, whatever its attempt."""
    desk = Desk()
    desk.gate.refuse(SenderStoppedError("535 wrong password", 535))
    outcome = await desk.outcome(SenderStoppedError("535 wrong password", 535), attempt=MAX_ATTEMPTS)
    assert (outcome.status, outcome.reason) == (Status.RETRY, Reason.SMTP_STOPPED)


async def test_a_cancellation_that_comes_with_the_reply_ends_it_all_the_same() -> None:
    """asyncio.wait_for of Python 3.11 swallows it."""
    desk = Desk()
    sending = asyncio.Event()

    async def swallows(_still_wanted: StillWanted) -> None:
        sending.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()

    desk.sender.answers.append(swallows)
    desk.fence(1)
    task = asyncio.create_task(desk.hand_over.run())
    async with asyncio.timeout(10):
        await sending.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert [one.outcome.status for one in desk.settled] == [Status.SENT], "and its outcome is known"


async def test_a_slow_mail_holds_up_its_own_connection_only() -> None:
    desk = Desk(connections=2)
    gate = asyncio.Event()

    async def slow(_still_wanted: StillWanted) -> None:
        await gate.wait()

    desk.sender.answers.append(slow)
    for key in range(1, 6):
        desk.fence(key)
    async with desk.running():
        await until(lambda: len(desk.settled) == 4)
        gate.set()
        await until(lambda: len(desk.settled) == 5)
    assert desk.settled[-1].claimed.key == 1


@pytest.mark.parametrize(
    ("error", "in_use", "shut"),
    [
        (UnreachableError("refused"), 2, True),
        (UnreachableError("too many connections", 421), 1, True),
        (UnreachableError("too many connections", 421), 2, False),
    ],
)
async def test_a_server_that_is_gone_is_no_mails_fault(
    error: UnreachableError, in_use: int, shut: bool
) -> None:
    """One that serves others of our connections, and will not have a further one, is not gone."""
    desk = Desk()
    desk.sender.slots.take(in_use)
    desk.sender.answers.append(error)
    desk.fence(1)
    async with desk.running():
        await until(lambda: not desk.again.empty())
    assert desk.settled == []
    assert desk.gate.refused is shut
