"""``POST /b/NAME``: what a mail provider reports. Answered with 2xx only when it is stored; else it is posted again."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response

from mailer.web.forms import read_body
from mailer.web.limits import InvalidLinks
from mailer.web.pages import HEADERS, RETRY_AFTER_S
from mailer.web.settings import WebSettings
from mailer.web.visitors import address
from mailer.web.visits import UnavailableError
from mailer.webhooks import Event, NotSignedError, Provider, UnreachableError, UnreadableError

MOST_BYTES = 4_000_000
"""Of a body. SendGrid's batches are the largest."""

MOST_AT_ONCE = 8
"""Requests in hand: bodies are read before it is known who sent them. More are told to come again."""

PATIENCE_S = 25.0
"""Providers wait longer than visitors, and a batch has many events."""


class Reports(Protocol):
    """Whoever keeps what is reported."""

    def take(self, events: Sequence[Event]) -> None:
        """Act on these; committed on return. The same ones may come again. Blocking; raises UnavailableError."""


class Webhooks:
    """One handler for all providers. ``now``: epoch seconds, ``counter``: seconds that only rise."""

    def __init__(
        self,
        settings: WebSettings,
        reports: Reports,
        *,
        now: Callable[[], float],
        counter: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._reports = reports
        self._now = now
        self._counter = counter
        self._invalid = InvalidLinks()
        self._in_hand = 0
        # One thread: of two requests with the same event, the second finds it done.
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="webhooks")

    async def posted(self, request: Request) -> Response:
        """Check, store, answer. 401 and not 403: Postmark and Mailgun then try again, while a key is mended."""
        provider = self._settings.webhooks.get(request.path_params["provider"])
        if provider is None:
            return self._refused(request, 404)
        if self._in_hand >= MOST_AT_ONCE:
            return _busy()
        self._in_hand += 1
        try:
            body = await read_body(request, MOST_BYTES)
            return await self._done(provider, request, body)
        finally:
            self._in_hand -= 1

    async def _done(self, provider: Provider, request: Request, body: bytes) -> Response:
        work = asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: self._work(provider, request, body)
        )
        try:
            return await asyncio.wait_for(work, PATIENCE_S)
        except (TimeoutError, UnavailableError, UnreachableError):
            return _busy()
        except UnreadableError:
            return self._refused(request, 400)
        except NotSignedError:
            return self._refused(request, 401)

    def _work(self, provider: Provider, request: Request, body: bytes) -> Response:
        provider.check(request.headers, body, self._now())
        self._reports.take(provider.read(body))
        return _answer(200)

    def _refused(self, request: Request, status: int) -> Response:
        who = address(request, self._settings.trusted_proxies)
        return _answer(429 if self._invalid.note(who, self._counter()) else status)

    def close(self) -> None:
        """What waits is given up: it is posted again."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _busy() -> Response:
    return _answer(503, {"Retry-After": str(RETRY_AFTER_S)})


def _answer(status: int, headers: dict[str, str] | None = None) -> Response:
    return Response(b"", status, {**HEADERS, **(headers or {})})
