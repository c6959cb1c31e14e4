"""The page's server: this machine alone reaches it, by its own name alone, and it only answers GET."""

import html
import json
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from urllib.parse import parse_qs, urlsplit

from mailer.languages import shipped
from mailer.recovery_mail import ShopInfo
from mailer.theme_preview.views import LOOKS, Views
from mailer.themes import ThemeError

HOST = "127.0.0.1"

_FILES = {
    "/": ("page.html", "text/html"),
    "/page.js": ("page.js", "text/javascript"),
    "/page.css": ("page.css", "text/css"),
}
_PAGE_POLICY = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; frame-src 'self'"
_MAIL_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src http: https: data:; sandbox"


class PreviewServer(ThreadingHTTPServer):
    """Shows mails of ``store`` in ``theme``, a theme's name or folder. ``port`` 0: any that is free."""

    daemon_threads = True

    def __init__(self, store: ShopInfo, theme: str, port: int = 0) -> None:
        self.views = Views(store, theme)
        super().__init__((HOST, port), _Handler)

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://{HOST}:{self.server_port}/"


class _Handler(BaseHTTPRequestHandler):
    server: PreviewServer

    def do_GET(self) -> None:
        """Answer a page, one of its files, or a mail."""
        # A site that gives its own name this machine's address must not read what is here.
        if self.headers.get("Host") not in {
            f"{HOST}:{self.server.server_port}",
            f"localhost:{self.server.server_port}",
        }:
            self._answer(403, "text/plain", "open the address that `cartwake theme preview` has printed")
            return
        parts = urlsplit(self.path)
        if parts.path in _FILES:
            name, kind = _FILES[parts.path]
            self._answer(200, kind, (files(__package__) / name).read_text(encoding="utf-8"))
        elif parts.path == "/choices":
            choices = {"kind": self.server.views.kinds, "language": shipped(), "look": LOOKS}
            self._answer(200, "application/json", json.dumps(choices))
        elif parts.path == "/stamp":
            self._answer(200, "text/plain", self.server.views.stamp())
        else:
            self._mail(parts.path, {name: values[-1] for name, values in parse_qs(parts.query).items()})

    def _mail(self, path: str, wanted: Mapping[str, str]) -> None:
        views = self.server.views
        try:
            if path == "/mail":
                self._answer(
                    200,
                    "text/html",
                    views.html(wanted["kind"], wanted["language"], wanted["look"]),
                    _MAIL_POLICY,
                )
            elif path == "/text":
                self._answer(200, "text/plain", views.text(wanted["kind"], wanted["language"]))
            else:
                self._answer(404, "text/plain", "there is no such page")
        except ThemeError as error:
            self._answer(
                200,
                "text/html",
                f"<pre style='white-space:pre-wrap'>{html.escape(str(error))}</pre>",
                _MAIL_POLICY,
            )
        except (KeyError, ValueError) as error:
            self._answer(404, "text/plain", f"there is no such mail: {error}")

    def _answer(self, status: int, kind: str, text: str, policy: str = _PAGE_POLICY) -> None:
        body = text.encode("utf-8", "replace")
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", policy)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nobody wants to read of each poll."""
