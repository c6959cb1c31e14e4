"""Who may come in: by ADMIN_TOKEN, as a bearer or once in a form, which gives a session.

A session is known to this process alone, by the digest of its cookie: so it ends with the process, and a cookie that
somebody copied is worth nothing after a logout, whatever is started later. Who tries tokens out is refused for the rest
of a minute, unseen.
"""

import hashlib
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from binlog_watcher.settings.admin import Network
from mailer.web.visitors import address

SESSION_S = 12 * 3600
"""How long one login lasts."""

WINDOW_S = 60.0
WRONG_PER_WINDOW = 5
"""Wrong tokens of one address in a window; then it is refused, whatever it comes with, until the window is over."""

MOST_ADDRESSES = 10_000
"""Addresses that are remembered; the one longest unheard of is forgotten first."""

LOGIN = "/login"


@dataclass(frozen=True, slots=True)
class Door:
    """``token``: ADMIN_TOKEN; ``url``: ADMIN_URL, "" without; ``host``: ADMIN_HOST; ``proxies``: TRUSTED_PROXIES."""

    token: str
    url: str = ""
    host: str = "127.0.0.1"
    proxies: Sequence[Network] = ()

    @property
    def is_secure(self) -> bool:
        """Whether browsers come by https, so that the cookie never travels without."""
        return urlsplit(self.url).scheme == "https"

    @property
    def cookie(self) -> str:
        """The cookie's name. Browsers give one with __Host- to this host alone, and by https alone."""
        return "__Host-cartwake" if self.is_secure else "cartwake"

    def __repr__(self) -> str:
        return f"Door(url={self.url!r}, host={self.host!r})"


class WrongTokens:
    """Counts them by address. Times in seconds that only rise."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, tuple[float, int]] = (
            OrderedDict()
        )  # address → window's begin, wrong ones

    def note(self, who: str, now_s: float) -> None:
        """One more from this address."""
        began_s, wrong = self._seen.pop(who, (now_s, 0))
        if now_s - began_s >= WINDOW_S:
            began_s, wrong = now_s, 0
        self._seen[who] = (began_s, wrong + 1)
        if len(self._seen) > MOST_ADDRESSES:
            self._seen.popitem(last=False)

    def refused(self, who: str, now_s: float) -> bool:
        """Whether this address had its chances."""
        began_s, wrong = self._seen.get(who, (now_s, 0))
        return wrong >= WRONG_PER_WINDOW and now_s - began_s < WINDOW_S


class Access:
    """Tells who may come in. ``now``: epoch seconds; ``counter``: seconds that only rise."""

    def __init__(self, door: Door, *, now: Callable[[], float], counter: Callable[[], float]) -> None:
        self.door = door
        self._now = now
        self._counter = counter
        self._wrong = WrongTokens()
        self._sessions: dict[bytes, float] = {}  # digest of the cookie → until when it is valid

    def visitor(self, request: Request) -> str:
        """The address that wrong tokens are counted by."""
        return address(request, self.door.proxies)

    def is_refused(self, request: Request) -> bool:
        """Whether this visitor sent too many wrong tokens; a session is not asked about that."""
        return self._wrong.refused(self.visitor(request), self._counter())

    def wrong(self, request: Request) -> None:
        """Count a wrong token, of whatever kind."""
        self._wrong.note(self.visitor(request), self._counter())

    def fits(self, request: Request, token: str) -> bool:
        """Whether this is ADMIN_TOKEN; one that is not is counted. Asked only of who is not refused."""
        if same(token, self.door.token):
            return True
        self.wrong(request)
        return False

    def begin(self) -> str:
        """The cookie's value of a new session. Those that are over are forgotten."""
        now, value = self._now(), secrets.token_urlsafe(24)
        self._sessions = {name: until for name, until in self._sessions.items() if until > now}
        self._sessions[_digest(value)] = now + SESSION_S
        return value

    def end(self, request: Request) -> None:
        """Log this session out."""
        self._sessions.pop(self._session(request), None)

    def has_session(self, request: Request) -> bool:
        """Whether the request comes with a session that is valid still."""
        return self._sessions.get(self._session(request), 0.0) > self._now()

    def lets_in(self, request: Request) -> bool:
        """By session, or by ``Authorization: Bearer``."""
        if self.has_session(request):
            return True
        token = bearer(request)
        return token is not None and not self.is_refused(request) and self.fits(request, token)

    def _session(self, request: Request) -> bytes:
        return _digest(request.cookies.get(self.door.cookie, ""))


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def same(given: str, wanted: str) -> bool:
    """Whether two secrets are equal; how long that takes tells nothing of them, their lengths included."""
    return hmac.compare_digest(_digest(given), _digest(wanted))


def bearer(request: Request) -> str | None:
    """What stands behind ``Authorization: Bearer``; None for another sort, or none."""
    sort, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if sort.lower() == "bearer" and token.strip() else None


def refusal() -> Response:
    """What who sent too many wrong tokens is told."""
    return PlainTextResponse(
        "too many wrong tokens: come again in a minute\n", 429, {"Retry-After": str(int(WINDOW_S))}
    )


class SignedIn:
    """Lets only those in who may; browsers are led to the login, programs are told."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        request = Request(scope)
        if self._access.lets_in(request):
            await self._app(scope, receive, send)
        else:
            await self._answer(request)(scope, receive, send)

    def _answer(self, request: Request) -> Response:
        if bearer(request) is not None:
            if self._access.is_refused(request):
                return refusal()
            return PlainTextResponse("a wrong token\n", 401, {"WWW-Authenticate": "Bearer"})
        if "hx-request" in request.headers:  # htmx would put the login's form where a part of the page was
            return Response(status_code=401, headers={"HX-Redirect": LOGIN})
        return RedirectResponse(LOGIN, 303)
