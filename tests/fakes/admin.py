"""The door of the dashboard, without a service behind it."""

import asyncio
from collections.abc import Mapping

from fakes.pages import Answer, call
from starlette.types import ASGIApp

from binlog_watcher.admin.access import Access, Door

TOKEN = "a-token-of-the-tests-with-32-characters-or-more"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Clock:
    """Both clocks, in seconds."""

    def __init__(self) -> None:
        self.now = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now


def access_of(clock: Clock, url: str = "") -> Access:
    return Access(Door(TOKEN, url=url), now=clock, counter=clock)


def get(
    app: ASGIApp, path: str, *, headers: Mapping[str, str] | None = None, client: str = "192.0.2.1"
) -> Answer:
    return asyncio.run(
        call(app, path, headers={"Host": "localhost:8091"} | dict(headers or {}), client=client)
    )


def post(
    app: ASGIApp,
    path: str,
    body: bytes = b"",
    *,
    headers: Mapping[str, str] | None = None,
    client: str = "192.0.2.1",
) -> Answer:
    named = {"Host": "localhost:8091", "Origin": "http://localhost:8091"} | FORM | dict(headers or {})
    return asyncio.run(call(app, path, "POST", headers=named, body=body, client=client))


def cookie_of(answer: Answer) -> str:
    """The cookie that an answer sets, as it comes back."""
    return answer.headers["set-cookie"].partition(";")[0]
