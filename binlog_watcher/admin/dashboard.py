"""The dashboard at ``/``: the problems first, then what is due next, what came of it, and one cart's story by search.

Each part of the page is a template that the page includes and that htmx asks for again, so both show the same. What
comes of MySQL was read before, in a thread of its own (``admin/keeper.py``): no page waits for it but a cart's story.
"""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from binlog_watcher.admin import shown
from binlog_watcher.admin.app import Part
from binlog_watcher.admin.keeper import Kept
from binlog_watcher.admin.pages import page, prepare
from binlog_watcher.admin.problems import Grade, problems
from binlog_watcher.admin.readings import DAYS, LogReading, Readings
from binlog_watcher.admin.views import MOST_TIMERS, month_of, rows_of, strip_of
from binlog_watcher.answers.cart_seeking import Question
from binlog_watcher.answers.explain import Explained
from binlog_watcher.clock import wall_s
from binlog_watcher.errors import CartwakeError
from binlog_watcher.service.beside import Instance
from binlog_watcher.settings.settings import Settings
from binlog_watcher.store.own_tables.figures import Figures
from mailer import InvalidAddressError
from mailer.web.forms import TooLargeError, TooSlowError, fields_of, read_body

T_co = TypeVar("T_co", covariant=True)

ADDRESS = "address"
MOST_BYTES = 4096
MOST_CHARACTERS = 320
"""Of what is looked for: no address is longer."""

WAYS = {"customer": "Customer id", ADDRESS: "Mail address", "cart": "Cart key"}
"""What a cart is looked for by."""


class Look(Protocol[T_co]):
    """``Keeper``, as far as a page needs it."""

    def look(self) -> Kept[T_co]:
        """What was read last."""


class Read(Protocol):
    """``Readings``, as far as pages need it."""

    @property
    def figures(self) -> Look[Figures | None]:
        """Of the month."""

    @property
    def log(self) -> Look[LogReading | None]:
        """The newest rows, and what was given up."""

    def story(self, question: Question) -> Explained:
        """What `cartwake explain` tells."""

    def close(self) -> None:
        """Read no more."""


class Dashboard:
    """One handler an address. Plain functions run in threads."""

    def __init__(
        self, settings: Settings, instance: Instance, readings: Read, now: Callable[[], float]
    ) -> None:
        self._settings = settings
        self._instance = instance
        self._readings = readings
        self._now_s = now

    def front(self, _request: Request) -> Response:
        """The whole page."""
        parts = {**self._now(), **self._figures(), **self._outcomes()}
        return page("front.html", **self._frame(), **parts)

    def now(self, _request: Request) -> Response:
        """Whether mail goes out, the problems, and what is due next."""
        return page("_now.html", **self._now())

    def figures(self, _request: Request) -> Response:
        """Today, and the month."""
        return page("_figures.html", **self._figures())

    def outcomes(self, _request: Request) -> Response:
        """The newest rows of the log."""
        return page("_outcomes.html", **self._outcomes())

    async def cart(self, request: Request) -> Response:
        """The page for a cart's story, which it gets when it is there."""
        by, asked = await _asked(request)
        if request.method == "POST" and by != ADDRESS:
            return RedirectResponse(f"/cart?{urlencode({'by': by, 'q': asked})}", 303)
        return page("cart.html", **self._frame(by, asked))

    async def story(self, request: Request) -> Response:
        """A cart's story. Asks MySQL."""
        by, asked = await _asked(request)
        return await run_in_threadpool(self._story, by, asked)

    def _story(self, by: str, asked: str) -> Response:
        if not asked:
            return page(
                "_story.html", explained=None, error="Say which customer, address or cart.", status=400
            )
        try:
            explained = self._readings.story(Question(**{by: asked}))
        except (CartwakeError, InvalidAddressError) as error:
            return page("_story.html", explained=None, error=str(error).removeprefix("--"))
        return page("_story.html", explained=explained, error=None)

    # --- values -------------------------------------------------------------------------------------------------

    def _frame(self, by: str = "customer", asked: str = "") -> dict[str, Any]:
        return {"shop": self._settings.store_name, "ways": WAYS, "by": by, "asked": asked}

    def _now(self) -> dict[str, Any]:
        obstacle, live = self._instance.not_ready(), self._instance.live
        standing = None if live is None else live.standing(timers=MOST_TIMERS)
        kept = self._readings.log.look()
        month = self._readings.figures.look().value
        mailed = 0 if month is None else month.now.sums.mailed
        found = problems(self._settings, obstacle, standing, kept.value, kept.error, mailed)
        return {
            "ready": obstacle is None,
            "word": "" if obstacle is None else obstacle.word,
            "quiet": obstacle is not None and obstacle.word in {"standby", "starting", "stopping"},
            "problems": found,
            "is_fine": not any(one.grade is not Grade.NOTE for one in found),
            "strip": None if standing is None else strip_of(standing),
            "dry_run": self._settings.dry_run,
            "as_of": shown.clock(int(self._now_s() * 1e6)),
        }

    def _figures(self) -> dict[str, Any]:
        kept = self._readings.figures.look()
        return {
            "month": None if kept.value is None or kept.at_s is None else month_of(kept.value, kept.at_s),
            "days": DAYS,
            "read_at": None if kept.at_s is None else shown.clock(int(kept.at_s * 1e6))[:5],
            "figures_error": kept.error,
        }

    def _outcomes(self) -> dict[str, Any]:
        kept = self._readings.log.look()
        return {
            "rows": None if kept.value is None else rows_of(kept.value.rows, int(self._now_s() * 1e6)),
            "log_at": None if kept.at_s is None else shown.clock(int(kept.at_s * 1e6)),
            "log_error": kept.error,
        }


def dashboard(settings: Settings, instance: Instance) -> Part:
    """Its pages, on the shop's MySQL."""
    prepare()
    return dashboard_of(settings, instance, Readings(settings), wall_s)


def dashboard_of(settings: Settings, instance: Instance, readings: Read, now: Callable[[], float]) -> Part:
    """Its pages. ``now``: epoch seconds."""
    pages = Dashboard(settings, instance, readings, now)
    plain = {"/": pages.front, "/now": pages.now, "/figures": pages.figures, "/outcomes": pages.outcomes}
    asked = {"/cart": pages.cart, "/cart/story": pages.story}
    return Part(
        [
            *(Route(path, handler, methods=["GET"]) for path, handler in plain.items()),
            *(Route(path, handler, methods=["GET", "POST"]) for path, handler in asked.items()),
        ],
        close=readings.close,
    )


async def _asked(request: Request) -> tuple[str, str]:
    """By what, and for what. An address comes by POST alone: what stands in a link stands in logs."""
    if request.method == "POST":
        try:
            body = await read_body(request, MOST_BYTES)
        except (TooLargeError, TooSlowError):
            body = b""
        given = dict(fields_of(request.headers.get("content-type", ""), body))
    else:
        given = dict(request.query_params)
    asked = given.get("q", "").strip()[:MOST_CHARACTERS]
    by = given.get("by", "")
    if by not in WAYS:
        by = ADDRESS if "@" in asked else "customer"
    if by == ADDRESS and request.method != "POST":
        return by, ""
    return by, asked
