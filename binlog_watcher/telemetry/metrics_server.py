"""Where a running service is asked how it is: /metrics for Prometheus, /healthz and /readyz for health checks."""

import asyncio
import contextlib
import errno
import socket
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from socketserver import ThreadingMixIn
from typing import Any, NamedTuple
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import make_wsgi_app

from binlog_watcher.errors import ConfigError
from binlog_watcher.telemetry.metrics import Metrics


class Obstacle(NamedTuple):
    """Why no mail can go out just now: a word for programs, and a sentence where the word does not say all."""

    word: str
    sentence: str = ""

    def __str__(self) -> str:
        return f"{self.word}: {self.sentence}" if self.sentence else self.word


LOOP_PATIENCE_S = 3.0
"""An event loop that does not turn for so long is stuck. Each turn takes milliseconds."""

CLIENT_TIMEOUT_S = 10.0
"""A client that says nothing for so long is left: each holds a thread."""


class _Server(ThreadingMixIn, WSGIServer):
    """A scrape that hangs holds up no other."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away or fell silent is no news."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Server6(_Server):
    """The same for an address of IPv6."""

    address_family = socket.AF_INET6


class _QuietHandler(WSGIRequestHandler):
    """Scrapes are no news."""

    timeout = CLIENT_TIMEOUT_S

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Say nothing."""


def serve(
    metrics: Metrics,
    host: str,
    port: int,
    not_ready: Callable[[], Obstacle | None],
    is_alive: Callable[[], bool] = lambda: True,
) -> Callable[[], None]:
    """Serve /metrics, /healthz and /readyz from a thread; the answer stops it.

    ``not_ready``: what /readyz says with its 503, None while all is well; ``is_alive``: what /healthz goes by. Raises
    ConfigError when nobody can listen there.
    """
    server = _listen(host, port, _app(metrics, not_ready, is_alive))
    thread = threading.Thread(target=server.serve_forever, name="metrics", daemon=True)
    thread.start()

    def stop() -> None:
        server.shutdown()
        server.server_close()
        thread.join(2)

    return stop


def _app(metrics: Metrics, not_ready: Callable[[], Obstacle | None], is_alive: Callable[[], bool]) -> Any:
    prometheus = make_wsgi_app(metrics.registry)

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        def say(status: str, text: object) -> Iterable[bytes]:
            start_response(status, [("Content-Type", "text/plain; charset=utf-8")])
            return [f"{text}\n".encode()]

        match environ.get("PATH_INFO"):
            case "/metrics":
                answer: Iterable[bytes] = prometheus(environ, start_response)
                return answer
            case "/healthz" if is_alive():
                return say("200 OK", "ok")
            case "/healthz":
                return say(
                    "503 Service Unavailable", f"stuck: the event loop stands for {LOOP_PATIENCE_S:.0f} s"
                )
            case "/readyz":
                obstacle = not_ready()
                return say("503 Service Unavailable", obstacle) if obstacle else say("200 OK", "ready")
        return say("404 Not Found", "see /metrics, /healthz and /readyz")

    return app


def turns(loop: asyncio.AbstractEventLoop) -> bool:
    """Whether the service's event loop answers: a process that is there, but hangs, is not well."""
    turned = threading.Event()
    try:
        loop.call_soon_threadsafe(turned.set)
    except RuntimeError:  # closed: the process is about to end
        return False
    return turned.wait(LOOP_PATIENCE_S)


def _listen(host: str, port: int, app: Any) -> WSGIServer:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        # Where a name has both, such as localhost: IPv4, which every scraper speaks.
        family, *_, address = min(found, key=lambda each: each[0] != socket.AF_INET)
        kind = _Server6 if family == socket.AF_INET6 else _Server
        return make_server(str(address[0]), port, app, server_class=kind, handler_class=_QuietHandler)
    except OSError as error:
        where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        setting, cure = _wrong(error, host, port)
        raise ConfigError(
            f"{setting}: can't listen on {where} ({error.strerror or error}); {cure}"
        ) from error


def _wrong(error: OSError, host: str, port: int) -> tuple[str, str]:
    """The setting that is wrong, and what to do about it."""
    host_itself = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
    if isinstance(error, socket.gaierror) or error.errno in host_itself:
        return f"METRICS_HOST={host}", "give an address of this machine, such as 127.0.0.1 or ::1"
    if error.errno == errno.EACCES:
        return f"METRICS_PORT={port}", "choose one from 1024 up, for which no rights are needed"
    return f"METRICS_PORT={port}", "choose a free port"


@contextlib.contextmanager
def serving(
    metrics: Metrics, host: str, port: int | None, not_ready: Callable[[], Obstacle | None]
) -> Iterator[None]:
    """``serve`` for a while, in the service's event loop; without a port nothing is served."""
    if port is None:
        yield
        return
    stop = serve(metrics, host, port, not_ready, partial(turns, asyncio.get_running_loop()))
    try:
        yield
    finally:
        stop()
