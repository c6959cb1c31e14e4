"""A receiver of webhooks: a real HTTP server that verifies each message by the library that receivers use."""

import contextlib
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from standardwebhooks import Webhook

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwZ3jK5n0vQbE="

Respond = Callable[[BaseHTTPRequestHandler], None]


def status(code: int, body: bytes = b"", **headers: str) -> Respond:
    """Answers with it."""

    def respond(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        with contextlib.suppress(ConnectionError):
            handler.wfile.write(body)

    return respond


@dataclass
class Receiver:
    """``messages``: what came, verified, with the id of each; ``respond``: how it answers."""

    port: int
    scheme: str = "http"
    messages: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    respond: Respond = field(default_factory=lambda: status(204))

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/hooks?from=cartwake"

    @property
    def types(self) -> list[str]:
        return [message["type"] for _, message in self.messages]

    @property
    def ids(self) -> list[str]:
        return [one for one, _ in self.messages]

    def data(self, event: str) -> dict[str, Any]:
        """Of the only message of this type."""
        (found,) = [message for _, message in self.messages if message["type"] == event]
        return dict(found["data"])


@contextlib.contextmanager
def receiving(certificate: Path | None = None) -> Iterator[Receiver]:
    """Listen on a free port. ``certificate``: by TLS, with the key and certificate of this file."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            Webhook(SECRET).verify(body, dict(self.headers))
            receiver.messages.append((self.headers["webhook-id"], json.loads(body)))
            receiver.paths.append(self.path)
            receiver.respond(self)

        def do_GET(self) -> None:
            receiver.paths.append(self.path)
            status(200)(self)

        def do_HEAD(self) -> None:
            receiver.paths.append(f"HEAD {self.path}")
            status(404)(self)

        def log_message(self, *_arguments: Any) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_arguments: Any) -> None:
            """Whoever hung up is what a test wants."""

    server = Server(("127.0.0.1", 0), Handler)
    receiver = Receiver(server.server_port, "http" if certificate is None else "https")
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        # Hands are shaken at the first read, in the connection's own thread: one that fails holds up nobody.
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
