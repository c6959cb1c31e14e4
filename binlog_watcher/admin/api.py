"""The HTTP API: for programs, by tokens of its own, under /api/v1. ``api_description`` says what there is.

It answers by the very functions that the commands use. Addresses come in bodies, never in a URL that somebody logs.
"""

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from binlog_watcher.admin.access import Access, bearer
from binlog_watcher.admin.api_description import DESCRIPTION
from binlog_watcher.admin.app import Part
from binlog_watcher.answers.cart_seeking import Question
from binlog_watcher.answers.erase import erase_person
from binlog_watcher.answers.explain import explain
from binlog_watcher.answers.figures_read import figures_of
from binlog_watcher.answers.figures_told import as_json
from binlog_watcher.answers.person import Whom
from binlog_watcher.errors import CartwakeError, DatabaseUnavailableError
from binlog_watcher.service.beside import Instance
from binlog_watcher.service.resources import open_resources
from binlog_watcher.settings.api import ApiToken
from binlog_watcher.settings.settings import Settings
from binlog_watcher.store.own_tables.figures import Window
from binlog_watcher.store.own_tables.recipients import OptOuts
from binlog_watcher.store.own_tables.webhook_events import WebhookEvents
from binlog_watcher.store.times import from_us
from mailer import InvalidAddressError
from mailer.web.forms import TooLargeError, TooSlowError, read_body

log = structlog.get_logger(__name__)

MOST_BYTES = 4096
MOST_TIMERS = 500
MOST_DAYS = 90
PER_MINUTE = 120
"""Requests of one token."""

_LONGEST = 320
"""Characters of an address, a customer's id, a cart's key."""

Call = Callable[[Mapping[str, Any]], Any]
"""What a request asks for, of its fields; blocking."""


class ProblemError(Exception):
    """What is answered as application/problem+json (RFC 9457)."""

    def __init__(self, status: int, title: str, **headers: str) -> None:
        super().__init__(title)
        self.status = status
        self.title = title
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


def api(settings: Settings, instance: Instance, access: Access) -> Part:
    """All of it. Its statements run in threads, on sessions that are opened for each request."""
    calls = Calls(settings, instance)
    door = _Door(settings.api_callers, access)
    return Part(
        routes=[
            _route("/openapi.json", "GET", door, lambda _fields: DESCRIPTION),
            _route("/carts/due", "GET", door, calls.due),
            _route("/report", "GET", door, calls.report),
            _route("/explain", "POST", door, calls.explain),
            _route("/opt-outs", "POST", door, calls.opt_out, writes=True),
            _route("/opt-outs/remove", "POST", door, calls.opt_in, writes=True),
            _route("/erase", "POST", door, calls.erase, writes=True),
        ],
        own_door=True,
    )


class Calls:
    """One method a route."""

    def __init__(self, settings: Settings, instance: Instance) -> None:
        self._settings = settings
        self._instance = instance

    def due(self, fields: Mapping[str, Any]) -> Any:
        """The timers that are due first."""
        most = _number(fields, "limit", 100, MOST_TIMERS)
        live = self._instance.live
        if live is None:
            raise ProblemError(
                503, "this instance has no timers: another one leads, or it only starts", retry_after="5"
            )
        standing = live.standing(timers=most)
        return {
            "at": from_us(standing.now_us),
            "timers": standing.armed,
            "in_hand": standing.in_hand,
            "carts": [{"cart": str(key), "due": from_us(due_us)} for key, due_us in standing.upcoming],
        }

    def report(self, fields: Mapping[str, Any]) -> Any:
        """What mails earned: the figures of `cartwake report`."""
        days = _number(fields, "days", 30, MOST_DAYS)
        with closing(open_resources(self._settings, write=False)) as resources:
            window = Window.last(resources.clock.now_us(), days=days)
            figures = figures_of(resources, self._settings, window)
        if figures is None:
            raise ProblemError(409, "Cartwake never ran on this database")
        return {"days": days, "figures": as_json(figures)}

    def explain(self, fields: Mapping[str, Any]) -> Any:
        """The stories of the carts that are meant; addresses are masked."""
        name, value = _one_of(fields, "customer", "address", "cart")
        return json.loads(explain(self._settings, Question(**{name: value})).json())

    def opt_out(self, fields: Mapping[str, Any]) -> Any:
        """Never mail an address again."""
        _, address = _one_of(fields, "address")
        return {"changed": self._opt_outs(lambda optouts: optouts.add(address))}

    def opt_in(self, fields: Mapping[str, Any]) -> Any:
        """Mail it again."""
        _, address = _one_of(fields, "address")
        return {"changed": self._opt_outs(lambda optouts: optouts.remove(address))}

    def _opt_outs(self, work: Callable[[OptOuts], bool]) -> bool:
        if self._settings.dry_run:
            raise ProblemError(409, "DRY_RUN = true: nothing is written")
        with closing(open_resources(self._settings, write=True, activate=False)) as resources:
            events = WebhookEvents(self._settings.told_events)
            return work(OptOuts(resources.database, resources.hasher, events))

    def erase(self, fields: Mapping[str, Any]) -> Any:
        """Take a person out of our tables; there is no way back, so it wants to be told twice."""
        if fields.get("confirm") != "erase":
            raise ProblemError(422, 'this can\'t be undone: say "confirm": "erase"')
        name, value = _one_of({key: fields[key] for key in fields if key != "confirm"}, "customer", "address")
        report = erase_person(self._settings, Whom(**{name: value}))
        done = report.done
        return {
            "dry_run": report.dry_run,
            "rows": done.rows,
            "clicks": done.clicks,
            "notes": done.notes,
            "busy": done.busy,
            "said": list(report.lines()),
        }


class _Door:
    """Tells callers by their tokens; who tries tokens out is refused as at the dashboard's door."""

    def __init__(self, callers: tuple[ApiToken, ...], access: Access) -> None:
        self._callers = callers
        self._access = access
        self._calls: dict[str, tuple[int, int]] = {}  # name → minute, requests in it

    def let_in(self, request: Request, *, writes: bool) -> ApiToken:
        """Raises ProblemError."""
        if self._access.is_refused(request):
            raise ProblemError(429, "too many wrong tokens: come again in a minute", retry_after="60")
        given = hashlib.sha256((bearer(request) or "").encode("utf-8", "surrogatepass")).digest()
        found = [one for one in self._callers if hmac.compare_digest(one.digest, given)]
        if not found:
            if bearer(request) is not None:
                self._access.wrong(request)
            raise ProblemError(
                401, "say Authorization: Bearer and one of API_TOKENS", www_authenticate="Bearer"
            )
        (caller,) = found
        minute = int(time.monotonic() // 60)
        before, count = self._calls.get(caller.name, (minute, 0))
        count = count + 1 if before == minute else 1
        self._calls[caller.name] = (minute, count)
        if count > PER_MINUTE:
            raise ProblemError(429, f"more than {PER_MINUTE} requests in a minute", retry_after="60")
        if writes and not caller.may_write:
            raise ProblemError(403, "this token may only read")
        return caller


def _route(path: str, method: str, door: _Door, call: Call, *, writes: bool = False) -> Route:
    async def handle(request: Request) -> Response:
        try:
            caller = door.let_in(request, writes=writes)
            fields = await _body(request) if method == "POST" else _query(request)
            answer = await run_in_threadpool(call, fields)
        except ProblemError as problem:
            return _problem(problem)
        except InvalidAddressError:
            return _problem(ProblemError(422, "this is no mail address"))
        except DatabaseUnavailableError:
            return _problem(ProblemError(503, "MySQL can't be reached", retry_after="5"))
        except CartwakeError as error:
            return _problem(ProblemError(409, str(error)))
        if writes:
            log.info("api.changed", caller=caller.name, path=path)
        return Response(json.dumps(answer, default=_plain), media_type="application/json")

    return Route(f"/api/v1{path}", handle, methods=[method])


def _problem(problem: ProblemError) -> Response:
    body = {"type": "about:blank", "title": problem.title, "status": problem.status}
    return Response(json.dumps(body), problem.status, problem.headers, media_type="application/problem+json")


def _query(request: Request) -> dict[str, Any]:
    return dict(request.query_params)


async def _body(request: Request) -> dict[str, Any]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise ProblemError(415, "say Content-Type: application/json")
    try:
        fields = json.loads(await read_body(request, MOST_BYTES))
    except TooLargeError:
        raise ProblemError(413, f"no more than {MOST_BYTES} bytes") from None
    except TooSlowError:
        raise ProblemError(408, "the body did not arrive in time") from None
    except (ValueError, RecursionError):
        raise ProblemError(400, "the body is no JSON") from None
    if not isinstance(fields, dict):
        raise ProblemError(422, "the body is no object")
    return fields


def _one_of(fields: Mapping[str, Any], *names: str) -> tuple[str, str]:
    """The only field, and its text."""
    if len(fields) != 1 or next(iter(fields)) not in names:
        raise ProblemError(422, f"give one of {', '.join(names)}, and nothing else")
    ((name, value),) = fields.items()
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST or not value.isprintable():
        raise ProblemError(422, f"{name}: a text of 1 to {_LONGEST} printable characters")
    return name, value


def _number(fields: Mapping[str, Any], name: str, default: int, most: int) -> int:
    if unknown := fields.keys() - {name}:
        raise ProblemError(422, f"unknown: {', '.join(sorted(unknown))[:80]}")
    text = fields.get(name, str(default))
    if not (text.isascii() and text.isdecimal() and len(text) < 6 and 1 <= int(text) <= most):
        raise ProblemError(422, f"{name}: a whole number from 1 to {most}")
    return int(text)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else repr(value)
