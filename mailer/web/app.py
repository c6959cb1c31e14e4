"""The pages' addresses: ``/u/TOKEN`` unsubscribes, ``/r/TOKEN`` leads back to the shop, ``/o/TOKEN`` is a picture.

``/b/PROVIDER`` takes what mail providers report.

Whatever is wrong with a token, the answer is one and the same page. Blocking work is done in a few threads of the
pages' own, each for a few seconds at most as far as the visitor is concerned; when that does not do, he is asked to
come again (503), and an opt-out is never confirmed before it is committed.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mailer.product_links import unpacked
from mailer.tokens import InvalidTokenError, Purpose, Tokens
from mailer.web.claims import product_target, target
from mailer.web.forms import Choice, TooLargeError, TooSlowError, posted_choice
from mailer.web.limits import WINDOW_S, InvalidLinks
from mailer.web.pages import HEADERS, PIXEL, RETRY_AFTER_S, STATUS, PageTexts, State, style
from mailer.web.settings import WebSettings
from mailer.web.visitors import address, flag
from mailer.web.visits import Kind, UnavailableError, Visit, Visits
from mailer.web.webhooks import Reports, Webhooks

T = TypeVar("T")
R = TypeVar("R")

THREADS = 8
"""For what blocks; each needs a session of the database."""

PATIENCE_S = 5.0
"""How long a visitor waits for the database."""

_DAY_S = 86_400


class Pages:
    """One handler a page. ``now``: epoch seconds, ``counter``: seconds that only rise."""

    def __init__(
        self,
        settings: WebSettings,
        visits: Visits,
        *,
        now: Callable[[], float],
        counter: Callable[[], float] = time.monotonic,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._settings = settings
        self._visits = visits
        self._now = now
        self._counter = counter
        self._patience_s = patience_s
        self._texts = PageTexts(settings)
        self._tokens: dict[Purpose, Tokens] | None = None
        self._invalid = InvalidLinks()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="pages")

    async def unsubscribe(self, request: Request) -> Response:
        """GET asks and changes nothing, since mail filters follow links; POST does what was chosen."""
        log_id, *_ = await self._read(Purpose.UNSUBSCRIBE, request)
        if request.method != "POST":
            return self._page(request, State.ASK)
        choice = await posted_choice(request)
        if choice is None:
            return self._page(request, State.NO_CHOICE)
        does, state = {
            Choice.STOP_MAILS: (self._visits.stop_mails, State.STOPPED),
            Choice.LEAVE_CART: (self._visits.leave_cart, State.LEFT),
        }[choice]
        return self._page(request, state if await self._ask(does, log_id) else State.INVALID)

    async def back(self, request: Request) -> Response:
        """Count the click and redirect to the cart, or to a product.

        Where it leads is the settings' to say, or the token's, which we signed; never the request's.
        """
        log_id, store, signed = await self._read(Purpose.RETURN, request)
        shop = self._settings.shop(store)
        product = unpacked(signed, shop.url)
        kind, number = (Kind.CART, 0) if product is None else (Kind(product.kind), product.number)
        visit = Visit(log_id, kind, number, flag(request))
        max_age_s = self._settings.return_days * _DAY_S
        try:
            known = await self._ask(lambda one: self._visits.record(one, max_age_s=max_age_s), visit)
        except UnavailableError:
            if product is None:
                return self._page(request, State.BACK, store)
            known = True  # it says nothing of the customer: he need not wait until his visit can be counted
        if not known:
            return self._page(request, State.INVALID)
        if product is None:
            location = target(self._settings, shop, log_id, int(self._now()), signed)
        else:
            location = product_target(self._settings, product.url)
        return _answer(303, headers={"Location": location})

    async def opened(self, request: Request) -> Response:
        """Count the opening of a mail; the picture is the same whether or not that could be kept."""
        log_id, *_ = await self._read(Purpose.OPEN, request)
        try:
            known = await self._ask(self._visits.record, Visit(log_id, Kind.OPEN, flag=flag(request)))
        except UnavailableError:
            known = True
        return _answer(200, PIXEL, "image/gif") if known else self._page(request, State.INVALID)

    async def style(self, request: Request) -> Response:
        """The style sheet of a storefront's pages."""
        theme = self._settings.shop(request.query_params.get("s", "")).theme
        return _answer(
            200, style(theme), "text/css; charset=utf-8", {"Cache-Control": "public, max-age=3600"}
        )

    async def _read(self, purpose: Purpose, request: Request) -> tuple[int, str, str]:
        """Log id, storefront and target of the token in the address. Raises InvalidTokenError and UnavailableError."""
        if self._tokens is None:
            secrets = await self._ask(lambda _: self._visits.secrets(), None)
            self._tokens = {each: Tokens(secrets, each) for each in Purpose}
        log_id, store, signed = self._tokens[purpose].read(request.path_params["token"])
        if not isinstance(log_id, int) or log_id >= 2**63:
            raise InvalidTokenError("of no mail of Cartwake's log")
        return log_id, store, signed

    async def _ask(self, work: Callable[[T], R], value: T) -> R:
        """Do what blocks in a thread. Raises UnavailableError when it can't be done, or takes too long."""
        future = asyncio.get_running_loop().run_in_executor(self._threads, work, value)
        try:
            return await asyncio.wait_for(future, self._patience_s)
        except TimeoutError:
            raise UnavailableError(f"no answer for {self._patience_s:g} s") from None

    @contextlib.asynccontextmanager
    async def life(self, _app: Starlette) -> AsyncIterator[None]:
        """The threads end with the server; what one still waits for is not waited for."""
        yield
        self._threads.shutdown(wait=False, cancel_futures=True)

    # --- answers --------------------------------------------------------------------------------------------

    def _page(
        self, request: Request, state: State, store: str = "", headers: Mapping[str, str] | None = None
    ) -> Response:
        wait = {State.BUSY: RETRY_AFTER_S, State.BACK: RETRY_AFTER_S, State.LIMITED: int(WINDOW_S)}.get(state)
        again = {} if wait is None else {"Retry-After": str(wait)}
        page = self._texts.of(state, store, request.headers.get("accept-language", ""))
        return _answer(STATUS[state], page, headers={"Vary": "Accept-Language", **again, **(headers or {})})

    async def not_valid(self, request: Request, _error: Exception) -> Response:
        """A wrong token, or no address of ours."""
        who = address(request, self._settings.trusted_proxies)
        if self._invalid.note(who, self._counter()):
            return self._page(request, State.LIMITED)
        return self._page(request, State.INVALID)

    async def http_error(self, request: Request, error: Exception) -> Response:
        """What the router makes of addresses and methods that it has not."""
        if isinstance(error, HTTPException) and error.status_code == STATUS[State.NO_METHOD]:
            return self._page(request, State.NO_METHOD, headers=error.headers)
        return await self.not_valid(request, error)

    async def unavailable(self, request: Request, _error: Exception) -> Response:
        """The database does not answer, or there is an error of ours."""
        return self._page(request, State.BUSY)

    async def bad_body(self, request: Request, error: Exception) -> Response:
        """The body is no answer of a person: the connection is closed, its rest is not read."""
        state = State.TOO_LARGE if isinstance(error, TooLargeError) else State.TOO_SLOW
        return self._page(request, state, headers={"Connection": "close"})


def pages_app(
    settings: WebSettings, visits: Visits, *, now: Callable[[], float], reports: Reports | None = None
) -> Starlette:
    """The ASGI application. ``now``: epoch seconds. ``reports``: takes what mail providers post; None: nobody does."""
    webhooks = None
    if reports is not None and settings.webhooks:
        webhooks = Webhooks(settings, reports, now=now, counter=time.monotonic)
    return app_of(Pages(settings, visits, now=now), pixel=settings.pixel, webhooks=webhooks)


def app_of(pages: Pages, *, pixel: bool = False, webhooks: Webhooks | None = None) -> Starlette:
    """The application of these pages."""
    routes = [
        Route("/u/{token}", pages.unsubscribe, methods=["GET", "POST"]),
        Route("/r/{token}", pages.back, methods=["GET"]),
        Route("/style.css", pages.style, methods=["GET"]),
    ]
    if pixel:
        routes.append(Route("/o/{token}", pages.opened, methods=["GET"]))
    if webhooks is not None:
        routes.append(Route("/b/{provider}", webhooks.posted, methods=["POST"]))

    @contextlib.asynccontextmanager
    async def life(app: Starlette) -> AsyncIterator[None]:
        async with pages.life(app):
            yield
        if webhooks is not None:
            webhooks.close()

    app = Starlette(
        routes=routes,
        lifespan=life,
        exception_handlers={
            InvalidTokenError: pages.not_valid,
            UnavailableError: pages.unavailable,
            TooLargeError: pages.bad_body,
            TooSlowError: pages.bad_body,
            HTTPException: pages.http_error,
            Exception: pages.unavailable,
        },
    )
    app.router.redirect_slashes = False
    return app


def _answer(
    status: int,
    body: bytes = b"",
    kind: str = "text/html; charset=utf-8",
    headers: Mapping[str, str] | None = None,
) -> Response:
    return Response(body, status, {**HEADERS, **(headers or {})}, kind)
