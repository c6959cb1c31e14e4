"""Claimed carts are composed in chunks; each is in the outbox or has its outcome, whatever breaks."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
import structlog
from fakes.stages import NOW, SECOND, Shop, composed

from binlog_watcher.core.log_status import Status
from binlog_watcher.recovery import composing
from binlog_watcher.recovery.composing import Composing
from binlog_watcher.recovery.send.attempts import Retries
from binlog_watcher.recovery.send.under_way import UnderWay
from binlog_watcher.recovery.stages import ClaimedCart, ComposedMail
from binlog_watcher.store.own_tables.log_rows import Outcome


class Desk:
    """Pool and outbox in one. ``breaks``: what composing of a key raises, for itself or for its whole chunk."""

    def __init__(self) -> None:
        self.shop, self.under_way = Shop(), UnderWay()
        self.broken: dict[int | str, Exception] = {}
        self.breaks_all: dict[int | str, BaseException] = {}
        self.chunks: list[list[int | str]] = []
        self.mails: list[ComposedMail] = []
        self.outcomes: list[Outcome] = []
        parts: Any = self
        self.composing = Composing(parts, parts, Retries(60 * SECOND), self.shop.runtime)

    async def compose(self, chunk: Sequence[ClaimedCart], now_us: int) -> list[ComposedMail | Exception]:
        assert now_us == NOW
        self.chunks.append([one.key for one in chunk])
        for one in chunk:
            if one.key in self.breaks_all:
                raise self.breaks_all[one.key]
        return [self.broken.get(one.key) or composed(one) for one in chunk]

    def begin(self, claimed: ClaimedCart) -> bool:
        return self.under_way.begin(claimed.log_id)

    def abandon(self, claimed: ClaimedCart) -> None:
        self.under_way.end(claimed.log_id)

    async def put(self, mail: ComposedMail) -> None:
        self.mails.append(mail)

    async def settle(self, claimed: ClaimedCart, outcome: Outcome) -> None:
        assert outcome.log_id == claimed.log_id
        self.outcomes.append(outcome)

    def claimed(self, *keys: int, **options: Any) -> list[ClaimedCart]:
        return [self.shop.claimed(key, **options) for key in keys]

    def mailed(self) -> list[int | str]:
        return [mail.claimed.key for mail in self.mails]


async def test_carts_are_composed_in_chunks_and_put_into_the_outbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(composing, "COMPOSE_BATCH_SIZE", 2)
    desk = Desk()
    await desk.composing.compose(desk.claimed(1, 2, 3, 4, 5))
    assert desk.chunks == [[1, 2], [3, 4], [5]]
    assert sorted(desk.mailed(), key=str) == [1, 2, 3, 4, 5]
    assert desk.outcomes == []


async def test_one_whose_mail_is_under_way_is_left_out() -> None:
    desk = Desk()
    desk.under_way.begin(102)
    await desk.composing.compose(desk.claimed(1, 2))
    assert desk.chunks == [[1]]


async def test_a_cart_that_can_not_be_composed_fails_alone() -> None:
    desk = Desk()
    desk.broken = {2: ZeroDivisionError("a template of the shop's own")}
    with structlog.testing.capture_logs() as logs:
        await desk.composing.compose(desk.claimed(1, 2, 3))
    assert desk.mailed() == [1, 3]
    (failed,) = desk.outcomes
    assert (failed.status, failed.error) == (Status.FAILED, "ZeroDivisionError: a template of the shop's own")
    assert [entry["event"] for entry in logs] == ["recovery.finished"]
    assert desk.shop.runtime.metrics.mails_with("failed") == 1


async def test_a_chunk_that_breaks_is_tried_again_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(composing, "COMPOSE_BATCH_SIZE", 2)
    desk = Desk()
    desk.breaks_all = {3: OSError("no memory for another process")}
    await desk.composing.compose(desk.claimed(1, 2, 3, 4, attempt=2))
    assert sorted(desk.mailed(), key=str) == [1, 2]
    assert [(one.log_id, one.status) for one in desk.outcomes] == [(103, Status.RETRY), (104, Status.RETRY)]
    assert {one.next_attempt_us for one in desk.outcomes} == {NOW + 120 * SECOND}
    assert {one.error for one in desk.outcomes} == {"no memory for another process"}


async def test_an_answer_of_the_wrong_length_is_no_answer() -> None:
    desk = Desk()

    async def short(chunk: Sequence[ClaimedCart], _now_us: int) -> list[ComposedMail]:
        return [composed(chunk[0])]

    vars(desk)["compose"] = short
    await desk.composing.compose(desk.claimed(1, 2))
    assert desk.mails == []
    assert [one.status for one in desk.outcomes] == [Status.RETRY, Status.RETRY]


async def test_when_it_is_cancelled_no_row_stays_under_way() -> None:
    desk = Desk()
    desk.breaks_all = {1: asyncio.CancelledError()}
    with pytest.raises(asyncio.CancelledError):
        await desk.composing.compose(desk.claimed(1, 2))
    async with asyncio.timeout(10):
        await desk.under_way.drained()
    assert desk.outcomes == []


async def test_when_the_outbox_is_full_at_its_end_what_is_left_is_abandoned() -> None:
    desk = Desk()
    full = asyncio.Event()

    async def put(_mail: ComposedMail) -> None:
        full.set()
        await asyncio.Event().wait()

    vars(desk)["put"] = put
    task = asyncio.create_task(desk.composing.compose(desk.claimed(1, 2)))
    await full.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    async with asyncio.timeout(10):
        await desk.under_way.drained()
