"""Looked at before anything else: whether a request is meant for us, and comes from our own pages.

A name that an attacker lets point to 127.0.0.1 (DNS rebinding) is told by the Host; a form on another site by the
Origin. A Host that is an address can't be made up by a name, so each is taken.
"""

from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from binlog_watcher.admin.access import Door

HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    # Not no-referrer: with that, browsers send `Origin: null` with our own forms.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
}
"""Of every answer that does not say otherwise."""

_HARMLESS = frozenset({"GET", "HEAD", "OPTIONS"})
_OTHER_SITES = frozenset({"cross-site", "same-site"})


class Guard:
    """Refuses what is not meant for us, and gives every answer its headers."""

    def __init__(self, app: ASGIApp, door: Door) -> None:
        self._app = app
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        why = wrong(self._door, scope["method"], Headers(scope=scope))
        app = self._app if why is None else PlainTextResponse(f"{why[1]}\n", why[0])
        await app(scope, receive, with_headers)


def wrong(door: Door, method: str, headers: Headers) -> tuple[int, str] | None:
    """Status and sentence for a request that is refused; None for one that is let on."""
    host = headers.get("host", "")
    if not _is_ours(door, host):
        return 421, "this host is not known here: give the address that people use in ADMIN_URL"
    if method in _HARMLESS:
        return None
    origin = headers.get("origin")
    if origin is None:  # no browser, or an old one
        is_foreign = headers.get("sec-fetch-site") in _OTHER_SITES
    else:
        is_foreign = origin.lower() not in _origins(door, host)
    return (403, "this comes from another site's page") if is_foreign else None


def _is_ours(door: Door, host: str) -> bool:
    try:
        name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return False
    if name == "localhost" or name in {door.host.lower(), urlsplit(door.url).hostname}:
        return bool(name)
    try:
        ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return True


def _origins(door: Door, host: str) -> set[str]:
    """Of our own pages, as browsers say it. A proxy may put another Host in: then ADMIN_URL tells."""
    if door.url:
        parts = urlsplit(door.url)
        return {f"{parts.scheme}://{parts.netloc}".lower(), f"http://{host}".lower()}
    return {f"http://{host}".lower()}
