"""HEARTBEAT_URL: a dead man's switch. Somebody else raises the alarm when the calls end.

A call says that mails can go out and that the timers were really looked at since the call before. Whatever is
wrong, be it the machine, the network or a loop that hangs, ends the calls.
"""

import asyncio
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import structlog
from pydantic import SecretStr

log = structlog.get_logger(__name__)

INTERVAL_S = 60.0
"""Between two calls: services for this wait some minutes before they alarm."""

TIMEOUT_S = 10.0

SWEEP_S = 5.0
"""How long the timers have for a look at their wheel once they are asked for one."""


class Heartbeat:
    """``url``: what is called (None: nothing is); ``is_ready``: whether mails can go out.

    ``sweep``: has the timers look at their wheel, and returns once they did.
    """

    def __init__(
        self,
        url: SecretStr | None,
        sweep: Callable[[], Awaitable[None]],
        is_ready: Callable[[], bool],
        *,
        interval_s: float = INTERVAL_S,
    ) -> None:
        self._url = url.get_secret_value() if url else None
        self._sweep = sweep
        self._is_ready = is_ready
        self._interval_s = interval_s
        self._failing = False

    async def run(self) -> None:
        """Call again and again, until cancelled; a call that fails is logged, once until one succeeds."""
        if self._url is None:
            return
        while True:
            if self._is_ready() and await self._swept():
                await self._call(self._url)
            await asyncio.sleep(self._interval_s)

    async def _swept(self) -> bool:
        try:
            async with asyncio.timeout(SWEEP_S):
                await self._sweep()
        except TimeoutError:
            return False
        return True

    async def _call(self, url: str) -> None:
        try:
            await asyncio.to_thread(_get, url)
        except (OSError, ValueError) as error:
            if not self._failing:
                # The path is the secret of whoever listens there, and an error may quote it.
                said = f"HTTP {error.code}" if isinstance(error, urllib.error.HTTPError) else _said(error)
                log.warning(
                    "heartbeat.failed", host=urlsplit(url).hostname, error=said, retry_s=self._interval_s
                )
            self._failing = True
        else:
            if self._failing:
                log.info("heartbeat.works_again", host=urlsplit(url).hostname)
            self._failing = False


def _said(error: Exception) -> str:
    reason = getattr(error, "reason", error)
    return getattr(reason, "strerror", None) or type(reason).__name__


def _get(url: str) -> None:
    request = urllib.request.Request(url, headers={"User-Agent": "cartwake"})  # noqa: S310 - the owner's, http(s) only
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310 - same
        answer.read(1000)
