"""How SNS' certificates and subscriptions are fetched, from a real HTTPS server."""

import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from fakes.certificate import write_certificate

from mailer.webhooks import UnreachableError, sns

PEM = b"-----BEGIN CERTIFICATE-----\n"


class Host:
    """Answers as ``answer`` does, given the handler."""

    def __init__(self, certificate: Path) -> None:
        self.paths: list[str] = []
        self.answer: Callable[[BaseHTTPRequestHandler], None] = lambda handler: say(handler, 200, PEM)
        host = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                host.paths.append(self.path)
                host.answer(self)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
                """Say nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
        self.server.socket = context.wrap_socket(
            self.server.socket, server_side=True, do_handshake_on_connect=False
        )
        self.url = f"https://127.0.0.1:{self.server.server_port}/SimpleNotificationService-0.pem"


def say(handler: BaseHTTPRequestHandler, status: int, body: bytes = b"", **headers: str) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    certificate = tmp_path / "host.pem"
    write_certificate(certificate)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    host = Host(certificate)
    thread = threading.Thread(target=host.server.serve_forever)
    thread.start()
    yield host
    host.server.shutdown()
    host.server.server_close()
    thread.join()


def test_what_is_there_is_read(host: Host) -> None:
    assert sns.fetch(host.url) == PEM
    assert host.paths == ["/SimpleNotificationService-0.pem"]


def test_no_redirect_is_followed(host: Host) -> None:
    host.answer = lambda handler: say(handler, 302, Location=host.url + "?again")
    with pytest.raises(UnreachableError):
        sns.fetch(host.url)
    assert len(host.paths) == 1


@pytest.mark.parametrize("status", [403, 404, 500, 503])
def test_an_error_is_no_certificate(host: Host, status: int) -> None:
    host.answer = lambda handler: say(handler, status, PEM)
    with pytest.raises(UnreachableError):
        sns.fetch(host.url)


def test_no_more_is_read_than_a_certificate_may_have(host: Host) -> None:
    host.answer = lambda handler: say(handler, 200, b"x" * (sns.MOST_BYTES * 3))
    assert len(sns.fetch(host.url)) == sns.MOST_BYTES + 1


def test_who_shows_no_certificate_that_we_trust_is_not_asked(
    host: Host, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write_certificate(tmp_path / "another.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "another.pem"))
    with pytest.raises(UnreachableError):
        sns.fetch(host.url)
    assert host.paths == []


def test_a_host_that_is_silent_is_left(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sns, "TIMEOUT_S", 0.2)
    ended = threading.Event()

    def wait(_handler: BaseHTTPRequestHandler) -> None:
        ended.wait(10)

    host.answer = wait
    try:
        with pytest.raises(UnreachableError):
            sns.fetch(host.url)
    finally:
        ended.set()
