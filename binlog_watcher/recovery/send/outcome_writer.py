"""Settled: outcomes are written to the log in groups, and then the cart's recovery is over or waits.

A connection is given its next mail when the outcome of its last one is in the log: so a crash leaves at most as many
mails of unknown outcome as there are connections, also after MySQL was away.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import structlog

from binlog_watcher.core.backoff import pause
from binlog_watcher.core.log_status import Reason
from binlog_watcher.errors import ConfigError, DatabaseUnavailableError
from binlog_watcher.recovery.runtime import Runtime
from binlog_watcher.recovery.send.under_way import UnderWay
from binlog_watcher.recovery.stages import Settlement
from binlog_watcher.store.own_tables.log import EpisodeLog
from binlog_watcher.store.own_tables.log_rows import Outcome
from mailer import ConnectionSlots

log = structlog.get_logger(__name__)

FIRST_WAIT_S = 0.2
LONGEST_WAIT_S = 2.0
"""Between two tries to write outcomes while MySQL is gone; nothing is sent until they are written."""

GATHER_S = 0.005
"""How long outcomes may wait for company: one statement does for all of them."""

OUTCOME_BATCH_SIZE = 100

CAPACITY = 200
"""Outcomes that wait to be written; whoever has another one waits."""


class OutcomeWriter:
    """Writes settlements, one group after the other."""

    def __init__(
        self, episodes: EpisodeLog, runtime: Runtime, slots: ConnectionSlots, under_way: UnderWay
    ) -> None:
        self._episodes = episodes
        self._runtime = runtime
        self._slots = slots
        self._under_way = under_way
        self._queue: asyncio.Queue[Settlement] = asyncio.Queue(CAPACITY)
        self._many = max(1, slots.total // 2)

    @property
    def waiting(self) -> int:
        """How many outcomes wait to be written."""
        return self._queue.qsize()

    async def put(self, settlement: Settlement) -> None:
        """Have an outcome written; waits while too many do."""
        await self._queue.put(settlement)

    async def run(self) -> None:
        """Write outcomes until cancelled; while MySQL is gone they wait, and new mails wait behind them."""
        while True:
            group = await self._next_group()
            await self._write([one.outcome for one in group])
            for one in group:
                if one.give_back:
                    await self._give_back(one)
            for settlement in group:
                self._settle(settlement)
            self._slots.release(sum(one.connections for one in group))

    async def _next_group(self) -> list[Settlement]:
        group = [await self._queue.get()]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GATHER_S):
                while len(group) < self._many and self._slots.free + len(group) < self._slots.total:
                    group.append(await self._queue.get())
        while not self._queue.empty() and len(group) < OUTCOME_BATCH_SIZE:
            group.append(self._queue.get_nowait())
        return group

    async def _write(self, outcomes: Sequence[Outcome]) -> None:
        """Write outcomes however long it takes; one that MySQL can't take holds up no other."""
        try:
            suppressed = await self._insist(partial(self._episodes.finish, outcomes), mails=len(outcomes))
        except Exception as error:
            if len(outcomes) > 1:
                for one in outcomes:
                    await self._write([one])
                return
            log.exception("outcome.not_written", error=str(error), log_id=outcomes[0].log_id)
            bare = replace(outcomes[0], error=None, message_id=None)
            if bare != outcomes[0]:  # else the lease ends, and then the row is unknown or anyone's
                await self._write([bare])
            return
        if suppressed:
            log.warning(
                "recipient.suppressed", addresses=suppressed, reason=Reason.BOUNCED,
                hint="they are mailed no more; see `cartwake optout list`",
            )  # fmt: skip

    async def _give_back(self, settlement: Settlement) -> None:
        """Their own outcomes are written: they came before this one."""
        ids, at_us = settlement.give_back, settlement.outcome.next_attempt_us
        work = partial(self._episodes.give_back, ids, at_us or self._runtime.clock.now_us())
        try:
            rows = await self._insist(work, mails=len(ids))
        except Exception as error:
            log.exception("outcome.not_written", error=str(error), log_ids=ids)
        else:
            log.warning("sender.gave_back", rows=rows, hint="refused like all others: they are tried again")

    async def _insist(self, work: Callable[[], int], *, mails: int) -> int:
        """Do it as soon as MySQL is there."""
        failures = 0
        while True:
            try:
                return await asyncio.to_thread(work)
            except (DatabaseUnavailableError, ConfigError) as error:
                failures += 1
                delay_s = pause(FIRST_WAIT_S, LONGEST_WAIT_S, failures)
                log.error("outcome.not_written", error=str(error), retry_s=delay_s, mails=mails)  # noqa: TRY400 - one line
                await asyncio.sleep(delay_s)

    def _settle(self, settlement: Settlement) -> None:
        due, next_us = settlement.claimed.due, settlement.outcome.next_attempt_us
        self._trace(settlement)
        if next_us is not None:
            self._runtime.tracker.wait(due, next_us)
        else:
            self._runtime.tracker.finish(due.key)
        self._under_way.end(settlement.claimed.log_id)
        self._runtime.wake.set()

    def _trace(self, settlement: Settlement) -> None:
        claimed, outcome, traces = settlement.claimed, settlement.outcome, self._runtime.traces
        traces.done(claimed.key, "settle", self._runtime.clock.now_us())
        traces.end(
            claimed.key,
            str(outcome.status),
            str(outcome.reason or ""),
            log_id=claimed.log_id,
            attempt=claimed.attempt,
        )
