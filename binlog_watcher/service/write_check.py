"""Whether claims can be written just now: asked again and again, since a server may turn read-only at any time.

No mail goes out without a claim, so an instance that can't write one is not ready.
"""

import asyncio
import re
import time
from collections.abc import Callable

import structlog

from binlog_watcher.errors import CartwakeError
from binlog_watcher.telemetry.metrics_server import Obstacle

log = structlog.get_logger(__name__)

ASK_S = 5.0
"""How often. Each time is one of the statements that MAX_UPDATES_PER_HOUR may allow the account."""

PATIENCE_S = 10.0
"""How long the answer may take: while somebody holds a lock on all tables there is none."""


class WriteCheck:
    """``ask`` raises what a claim would, and blocks as long; ``clock`` in seconds. None was refused so far."""

    def __init__(self, ask: Callable[[], None], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._ask = ask
        self._clock = clock
        self._asked_at: float | None = None
        self._refusal: str | None = None

    async def run(self) -> None:
        """Ask until cancelled."""
        while True:
            await asyncio.sleep(ASK_S)
            await self.ask()

    async def ask(self) -> None:
        """Ask once, and say so when the answer is another one than before, but for its numbers."""
        before, self._asked_at = self._refusal, self._clock()
        try:
            await asyncio.to_thread(self._ask)
            self._refusal = None
        except CartwakeError as error:
            self._refusal = str(error)
        except Exception as error:  # noqa: BLE001 - whatever it is, a claim would meet it as well
            self._refusal = f"{type(error).__name__}: {error}"
        finally:
            self._asked_at = None
        if self._refusal is not None and _words(self._refusal) != _words(before):
            log.error(
                "service.cannot_write", error=self._refusal, hint="no mail is sent until this is mended"
            )
        elif self._refusal is None and before is not None:
            log.info("service.can_write")

    def obstacle(self) -> Obstacle | None:
        """Why no claim can be written, as far as is known; any thread."""
        asked_at = self._asked_at
        if asked_at is not None and self._clock() - asked_at > PATIENCE_S:
            seconds = self._clock() - asked_at
            return Obstacle("write", f"MySQL lets nobody write for {seconds:.0f} s: are its tables locked?")
        return None if self._refusal is None else Obstacle("write", self._refusal)


def _words(refusal: str | None) -> str | None:
    return refusal and re.sub(r"\d+", "", refusal)
