"""Whether the pages are reached at PUBLIC_URL, with real servers behind it."""

import contextlib
import http.server
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.certificate import write_certificate
from fakes.examined import FILLED_IN, examined, found

from binlog_watcher.demo.process import free_port
from binlog_watcher.doctor.finding import Finding, Mark
from binlog_watcher.service.pages import serving_pages
from binlog_watcher.settings.load import load_settings

SECRET = "a secret of more than 16 characters"


def pages(url: str) -> Finding:
    report = examined(
        "pages", PUBLIC_URL=url, WEB_PORT="1", LINK_SECRET="a secret of more than 16 characters"
    )
    (finding,) = found(report, "pages.reachable")
    return finding


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status, kind = self.server.answer  # type: ignore[attr-defined]  # ours
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        pass


@contextlib.contextmanager
def serving(
    status: int = 200, kind: str = "text/css; charset=utf-8", certificate: Path | None = None
) -> Iterator[int]:
    with http.server.HTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.answer = status, kind  # type: ignore[attr-defined]  # ours
        server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a handshake that is refused
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def test_the_pages_themselves() -> None:
    port = str(free_port())
    own = {
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "WEB_PORT": port,
        "LINK_SECRET": "a secret of more than 16 characters",
    }
    with serving_pages(load_settings(None, environ=FILLED_IN | own)):
        finding = pages(own["PUBLIC_URL"])
    assert finding.mark is Mark.OK, finding.line


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [(404, "text/css", "answers 404 Not Found"), (299, "text/html", "is not Cartwake's"),
     (530, "text/html", "answers 530")],
)  # fmt: skip
def test_something_else_is_there(status: int, kind: str, words: str) -> None:
    with serving(status, kind) as port:
        finding = pages(f"http://127.0.0.1:{port}")
    assert finding.mark is Mark.WARNING
    assert words in finding.seen
    assert "cartwake run" in finding.mend


def test_nobody_is_there() -> None:
    finding = pages(f"http://127.0.0.1:{free_port()}")
    assert finding.mark is Mark.WARNING
    assert "gives no answer from here" in finding.seen


def test_a_certificate_that_no_browser_takes(tmp_path: Path) -> None:
    path = tmp_path / "certificate.pem"
    write_certificate(path)
    with serving(certificate=path) as port:
        finding = pages(f"https://127.0.0.1:{port}")
    assert finding.mark is Mark.FAILED
    assert "its certificate is refused" in finding.seen
