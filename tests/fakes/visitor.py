"""A visitor of the pages: one request a connection, by the standard library's client."""

import http.client
from collections.abc import Mapping
from urllib.parse import urlsplit

from fakes.pages import BROWSER, Answer


def visit(
    port: int,
    path: str,
    method: str = "GET",
    *,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """What the server on this port of 127.0.0.1 answers; redirects are not followed."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path, body, {"User-Agent": BROWSER} | dict(headers or {}))
        answer = connection.getresponse()
        named = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, named, answer.read())
    finally:
        connection.close()


def one_click(port: int, path: str) -> Answer:
    """As a mail provider posts for its user (RFC 8058)."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    return visit(port, path, "POST", body=b"List-Unsubscribe=One-Click", headers=form)


def path_of_link(link: str) -> str:
    """What a link asks the server for."""
    return urlsplit(link).path
