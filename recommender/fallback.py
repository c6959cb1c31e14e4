"""Falling back from a writer that may fail to one that does not, and leaving the first alone while it is out."""

import time
from collections.abc import Callable
from typing import Protocol

from recommender.errors import WriterError
from recommender.writer import TextRequest, TextWriter


class Watch(Protocol):
    """Who is told how the primary writer does."""

    def failed(self, error: WriterError) -> None:
        """One text is the fallback's, and why. Not told where there is none but the fallback's (another language)."""

    def went_out(self, error: WriterError) -> None:
        """The primary is out, and left alone from now on. Told once an outage."""

    def came_back(self) -> None:
        """The first text after an outage."""


class FallbackWriter:
    """Asks ``primary``; when that fails, whatever it raises, ``fallback`` writes and ``watch`` is told.

    After ``failures`` outages in a row the primary is left alone for ``pause_s`` seconds; then one request tries it,
    and the others go on falling back until that one succeeded. An answer that merely was unusable is no outage.
    """

    def __init__(
        self,
        primary: TextWriter,
        fallback: TextWriter,
        watch: Watch,
        *,
        failures: int = 5,
        pause_s: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._primary = primary
        self._fallback = fallback
        self._watch = watch
        self._limit = failures
        self._pause_s = pause_s
        self._clock = clock
        self._outages = 0
        self._closed_until = float("-inf")
        self._trying = False  # one request is finding out whether the primary is back

    @property
    def is_out(self) -> bool:
        """Whether the primary is left alone just now."""
        return self._outages >= self._limit

    async def write(self, request: TextRequest) -> str:
        """The primary's text, else the fallback's."""
        try:
            return await self._ask(request)
        except WriterError as error:
            if error.kind != "language":  # then the template is all there is, by design
                self._watch.failed(error)
        return await self._fallback.write(request)

    async def close(self) -> None:
        """Close both writers."""
        try:
            await self._primary.close()
        finally:
            await self._fallback.close()

    async def _ask(self, request: TextRequest) -> str:
        trial = self._outages >= self._limit
        if trial and (self._trying or self._clock() < self._closed_until):
            raise WriterError(f"left alone after {self._outages} failures in a row", kind="left_alone")
        self._trying = self._trying or trial
        try:
            text = await self._primary.write(request)
        except WriterError as error:
            self._note(error)
            raise
        except Exception as error:  # noqa: BLE001 - whatever a writer's library throws, the mail goes out
            surprise = WriterError(f"unexpected {type(error).__name__}", outage=True)
            self._note(surprise)
            raise surprise from None
        else:
            self._note(None)
            return text
        finally:
            if trial:
                self._trying = False

    def _note(self, error: WriterError | None) -> None:
        """Count outages in a row. What we did not ask for ourselves tells nothing about the primary."""
        if error is not None and error.kind in {"rate_limit", "language"}:
            return
        if error is not None and error.outage:
            self._outages += 1
            if self._outages == self._limit:
                self._watch.went_out(error)
        else:
            if self._outages >= self._limit:
                self._watch.came_back()
            self._outages = 0
        if self._outages >= self._limit:
            self._closed_until = self._clock() + self._pause_s
