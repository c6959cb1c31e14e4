"""Sleeps until the next timer is due and hands due carts on in batches.

Carts that one statement woke by the hundred thousand hold up nobody: they are taken up when no other cart is due, and
sifted, many at a time, before each costs a batch's statements.
"""

import asyncio
import contextlib
from collections.abc import Coroutine, Sequence
from typing import Any

import structlog

from binlog_watcher.core.tracker import DueCart
from binlog_watcher.recovery.recovery import SIFT_BATCH_SIZE, Recovery
from binlog_watcher.recovery.runtime import Runtime

log = structlog.get_logger(__name__)

DUE_BATCH_SIZE = 100
"""Carts a batch: a handful of statements each, and a claim transaction of some milliseconds."""

MAX_IN_HAND = 400
"""Carts in hand at most; the others stay in the wheel, which costs nothing."""

LONGEST_SLEEP_S = 30.0

_ANYTHING = 1 << 62
"""Later than any timer: whatever is armed is news."""


class Timers:
    """The loop between the wheel and the recovery."""

    def __init__(self, runtime: Runtime, recovery: Recovery) -> None:
        self._tracker = runtime.tracker
        self._clock = runtime.clock
        self._wake = runtime.wake
        self._recovery = recovery
        self._loop: asyncio.AbstractEventLoop | None = None
        self._sleeps_until_us = _ANYTHING
        self._sifted = (
            0  # carts that are being sifted: they don't count as in hand, which they are for a moment
        )
        self._stopping = False
        self._swept = asyncio.Event()

    def poke(self) -> None:
        """Look at the wheel again: something was armed or finished, or a partition's clock went on."""
        self._wake.set()

    def heard(self) -> None:
        """The tracker was given a batch: look at the wheel, if that makes a difference. Any thread.

        Nearly every timer that is armed is due after the one that is waited for: the event loop need not know.
        """
        next_due_us = self._next_due()
        if next_due_us is not None and next_due_us < self._sleeps_until_us and self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop was closed under us: nothing fires any more
                self._loop.call_soon_threadsafe(self._wake.set)

    async def sweep(self) -> None:
        """Have the wheel looked at, and wait until all that was due is handed on."""
        self._swept.clear()
        self.poke()
        await self._swept.wait()

    def stop(self) -> None:
        """Let ``run`` end after the batches under way; no timer fires any more."""
        self._stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Hand due carts on until ``stop``; when cancelled, batches under way are cancelled with it."""
        self._loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as batches:
            while not self._stopping:
                self._wake.clear()
                self._sleeps_until_us = _ANYTHING  # before the wheel is looked at: nothing is missed
                work = self._next_batch()
                if work is None:
                    if self._has_room():
                        self._swept.set()
                    await self._sleep()
                else:
                    batches.create_task(work).add_done_callback(lambda _: self.poke())

    def _next_batch(self) -> Coroutine[Any, Any, object] | None:
        """What is to be done about carts that are due; None when none is, or there is no room for them."""
        if not self._has_room():
            return None
        now_us = self._clock.now_us()
        if due := self._tracker.take_due(now_us, DUE_BATCH_SIZE):
            return self._recovery.process(due)
        if self._sifted or not (woken := self._tracker.take_woken(now_us, SIFT_BATCH_SIZE)):
            return None
        if len(woken) <= DUE_BATCH_SIZE:  # to sift them costs nearly as much as to look at them
            return self._recovery.process(woken)
        self._sifted = len(woken)
        return self._sift(woken)

    async def _sift(self, woken: Sequence[DueCart]) -> None:
        try:
            await self._recovery.sift(woken)
        finally:
            self._sifted = 0

    def _has_room(self) -> bool:
        """For a whole batch: one cart at a time, as each mail is settled, would cost a batch's statements."""
        return MAX_IN_HAND - (self._tracker.in_hand - self._sifted) >= DUE_BATCH_SIZE

    def _next_due(self) -> int | None:
        """When there may be something to do; one batch is sifted at a time."""
        return self._tracker.next_due(woken=not self._sifted)

    async def _sleep(self) -> None:
        next_due_us = self._next_due()
        seconds = LONGEST_SLEEP_S
        if next_due_us is not None and self._has_room():
            wait_us = next_due_us - self._clock.now_us()
            # Due but held back by the partition's clock: the next batch or heartbeat wakes us.
            seconds = min(LONGEST_SLEEP_S, wait_us / 1e6) if wait_us > 0 else 0.25
            if wait_us > 0:
                self._sleeps_until_us = next_due_us
        try:
            async with asyncio.timeout(max(seconds, 0.001)):
                await self._wake.wait()
        except TimeoutError:
            pass
