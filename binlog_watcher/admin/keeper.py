"""Reads again and again in a thread while somebody looks, and hands out what was read last: no page waits for MySQL."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog

from binlog_watcher.errors import CartwakeError

log = structlog.get_logger(__name__)

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

SHARE = 10
"""Of the time at least nine tenths are without a reading, however long one takes."""


@dataclass(frozen=True, slots=True)
class Kept(Generic[T_co]):
    """``value``: what was read at ``at_s`` (epoch seconds), None before the first time.

    ``error``: why the last try failed; the value is older then.
    """

    value: T_co | None = None
    at_s: float | None = None
    error: str | None = None


class Keeper(Generic[T]):
    """``read`` is blocking. ``every_s``: how old a value may become while somebody looks.

    ``now``: epoch seconds, ``counter``: seconds that only rise.
    """

    def __init__(
        self,
        name: str,
        read: Callable[[], T],
        *,
        every_s: float,
        now: Callable[[], float],
        counter: Callable[[], float],
    ) -> None:
        self._name = name
        self._read = read
        self._every_s = every_s
        self._now = now
        self._counter = counter
        self._kept: Kept[T] = Kept()
        self._again_s = counter()
        self._wanted = False
        self._closed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name=f"dashboard-{name}", daemon=True)
        self._thread.start()

    def look(self) -> Kept[T]:
        """What was read last; it is read anew by and by. Does not block."""
        with self._changed:
            self._wanted = True
            self._changed.notify_all()
            return self._kept

    def close(self) -> None:
        """Read no more. What is being read just now is not waited for."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _run(self) -> None:
        while self._is_due():
            began_s = self._counter()
            kept = self._once()
            ended_s = self._counter()
            with self._changed:
                self._kept = kept
                self._wanted = False
                self._again_s = ended_s + max(self._every_s, (SHARE - 1) * (ended_s - began_s))
                self._changed.notify_all()

    def _is_due(self) -> bool:
        """Wait until it is to be read again; False when that is never."""
        with self._changed:
            while not self._closed:
                wait_s = self._again_s - self._counter() if self._wanted else None
                if wait_s is not None and wait_s <= 0:
                    return True
                self._changed.wait(wait_s)
            return False

    def _once(self) -> Kept[T]:
        try:
            return Kept(self._read(), self._now())
        except CartwakeError as error:
            if self._kept.error is None and not self._closed:
                log.warning("dashboard.not_read", what=self._name, error=str(error))
            return Kept(self._kept.value, self._kept.at_s, str(error))
        except Exception:
            if self._closed:  # its sessions were closed under it
                return self._kept
            log.exception("dashboard.not_read", what=self._name)
            return Kept(self._kept.value, self._kept.at_s, "an error of Cartwake's own: see its log")
