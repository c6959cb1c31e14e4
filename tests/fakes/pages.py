"""Pages without a database: visits in memory, and a call of the application without a socket."""

import asyncio
import contextlib
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp, Message

from mailer import Links
from mailer.web import ShopPages, UnavailableError, Visit, WebSettings

SECRET = "a secret for the tests only"
RETURN_SECRET = "another secret of the tests, 32 or more"
PUBLIC_URL = "https://c.example.com"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
SHOP = ShopPages("The Sample Shop", "https://shop.example.com", "https://shop.example.com/cart")
GERMAN = ShopPages("Der Laden", "https://laden.example.com", "https://laden.example.com/kasse?view=cart#top")
LINKS = Links(SECRET, support_email="help@example.com", public_url=PUBLIC_URL, open_pixel=True)


def settings(**more: Any) -> WebSettings:
    return WebSettings(**{"shops": {"": SHOP, "de": GERMAN}, "issuer": PUBLIC_URL} | more)


@dataclass
class FakeVisits:
    """Mails 1 to 9 are there. ``down``: nothing can be kept; ``stuck``: every call waits for it to be set."""

    visits: list[Visit] = field(default_factory=list)
    stopped: list[int] = field(default_factory=list)
    left: list[int] = field(default_factory=list)
    down: bool = False
    broken: bool = False
    stuck: threading.Event | None = None
    age_s: float = 3600

    def _there(self, log_id: int) -> bool:
        if self.stuck is not None:
            self.stuck.wait(30)
        if self.down:
            raise UnavailableError
        if self.broken:
            raise ZeroDivisionError
        return 1 <= log_id <= 9

    def secrets(self) -> Sequence[str]:
        self._there(1)
        return [SECRET]

    def record(self, visit: Visit, *, max_age_s: float | None = None) -> bool:
        known = self._there(visit.log_id) and (max_age_s is None or self.age_s <= max_age_s)
        if known:
            self.visits.append(visit)
        return known

    def stop_mails(self, log_id: int) -> bool:
        known = self._there(log_id)
        if known:
            self.stopped.append(log_id)
        return known

    def leave_cart(self, log_id: int) -> bool:
        known = self._there(log_id)
        if known:
            self.left.append(log_id)
        return known


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


async def call(
    app: ASGIApp,
    path: str,
    method: str = "GET",
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    client: str = "192.0.2.1",
) -> Answer:
    """One request, as uvicorn would hand it over."""
    sent: list[Message] = []
    rest = [{"type": "http.request", "body": body, "more_body": False}]
    path, _, query = path.partition("?")

    async def receive() -> Message:
        return rest.pop() if rest else await asyncio.Event().wait()  # type: ignore[return-value]  # never ends

    async def send(message: Message) -> None:
        sent.append(message)

    named = {"user-agent": BROWSER} | dict(headers or {})
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "path": path,
        "raw_path": path.encode("utf-8", "surrogateescape"), "query_string": query.encode(), "root_path": "",
        "scheme": "http", "server": ("127.0.0.1", 80), "client": (client, 40000),
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in named.items()],
    }  # fmt: skip
    with contextlib.suppress(ZeroDivisionError):  # answered, and told to the server, which logs it
        await app(scope, receive, send)
    start = sent[0]
    return Answer(
        start["status"],
        {name.decode(): value.decode("latin-1") for name, value in start["headers"]},
        b"".join(message.get("body", b"") for message in sent[1:]),
    )


def path_of(link: str | None) -> str:
    """The path of one of our links, as the server sees it."""
    return str(link).removeprefix(PUBLIC_URL)
