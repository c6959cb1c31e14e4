"""Waiting for a condition, with a deadline: what the tests do instead of sleeping."""

import asyncio
import time
from collections.abc import Callable, Iterator

PATIENCE_S = 20.0


async def until(
    condition: Callable[[], bool], seconds: float = PATIENCE_S, *, tell: Callable[[], object] | None = None
) -> float:
    """Wait for a condition; the seconds that it took. TimeoutError, with what ``tell`` says, after ``seconds``."""
    started = time.monotonic()
    for pause_s in _pauses(condition, started + seconds, tell):
        await asyncio.sleep(pause_s)
    return time.monotonic() - started


def wait_until(
    condition: Callable[[], bool], seconds: float = PATIENCE_S, *, tell: Callable[[], object] | None = None
) -> float:
    """The same outside of an event loop."""
    started = time.monotonic()
    for pause_s in _pauses(condition, started + seconds, tell):
        time.sleep(pause_s)
    return time.monotonic() - started


def _pauses(
    condition: Callable[[], bool], deadline: float, tell: Callable[[], object] | None
) -> Iterator[float]:
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited in vain: {tell()}" if tell else "waited in vain")
        yield 0.01
