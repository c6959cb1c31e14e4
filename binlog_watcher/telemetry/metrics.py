"""Counters and gauges of the running service, as Prometheus text on /metrics, and /healthz for health checks."""

import contextlib
import errno
import socket
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, make_wsgi_app

from binlog_watcher.errors import ConfigError


class Metrics:
    """All figures of one service instance, in a registry of their own."""

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()
        self.timers_armed = Gauge("cartwake_timers_armed", "Carts whose timer runs", registry=registry)
        self.in_hand = Gauge("cartwake_recoveries_in_hand", "Carts whose timer fired", registry=registry)
        self.ready = Gauge(
            "cartwake_ready",
            "1 while mails can go out: the binlog is followed, claims can be written, and the SMTP server takes mail",
            registry=registry,
        )
        self.sender_stopped = Gauge(
            "cartwake_sender_stopped", "1 while the SMTP server takes no mail from us", registry=registry
        )
        self.leader = Gauge(
            "cartwake_leader", "1 while this instance may mail, 0 on standby", registry=registry
        )
        self.lag = Gauge(
            "cartwake_source_lag_seconds", "Arrival minus commit, newest transaction", registry=registry
        )
        self.resets = Gauge("cartwake_source_resets", "Times all carts were read anew", registry=registry)
        self.relapses = Gauge(
            "cartwake_source_relapses",
            "Of these, for what the one before had not cured",
            ["cause"],
            registry=registry,
        )
        self.mails = Counter("cartwake_mails", "Attempts to mail by outcome", ["outcome"], registry=registry)
        self.returned = Counter(
            "cartwake_mails_returned", "Mails that came back", ["kind"], registry=registry
        )
        self.mailbox_failing = Gauge(
            "cartwake_mailbox_failing", "1 while BOUNCE_MAILBOX can't be read", registry=registry
        )
        self.skips = Counter("cartwake_skips", "Carts not mailed by reason", ["reason"], registry=registry)
        self.fallbacks = Counter(
            "cartwake_fallbacks", "Parts replaced after a failure", ["part"], registry=registry
        )
        self.finds = Counter("cartwake_reconcile_finds", "Carts that only reconcile found", registry=registry)
        self.lateness = Histogram(
            "cartwake_lateness_seconds",
            "Hand-over to SMTP minus the moment the cart became due",
            buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60, 600),
            registry=registry,
        )

    def mails_with(self, outcome: str) -> int:
        """How many attempts ended so."""
        return int(self.registry.get_sample_value("cartwake_mails_total", {"outcome": outcome}) or 0)


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


def serve(metrics: Metrics, host: str, port: int, not_ready: Callable[[], str | None]) -> Callable[[], None]:
    """Serve /metrics and /healthz from a thread; the answer stops it.

    ``not_ready``: what /healthz says with its 503, None while all is well. Raises ConfigError when nobody can listen
    there.
    """
    prometheus = make_wsgi_app(metrics.registry)

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ.get("PATH_INFO") == "/healthz":
            problem = not_ready()
            start_response(
                "503 Service Unavailable" if problem else "200 OK", [("Content-Type", "text/plain")]
            )
            return [f"{problem or 'ready'}\n".encode()]
        if environ.get("PATH_INFO") == "/metrics":
            answer: Iterable[bytes] = prometheus(environ, start_response)
            return answer
        start_response("404 Not Found", [("Content-Type", "text/plain")])
        return [b"see /metrics and /healthz\n"]

    server = _listen(host, port, app)
    thread = threading.Thread(target=server.serve_forever, name="metrics", daemon=True)
    thread.start()

    def stop() -> None:
        server.shutdown()
        server.server_close()
        thread.join(2)

    return stop


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
    metrics: Metrics, host: str, port: int | None, not_ready: Callable[[], str | None]
) -> Iterator[None]:
    """``serve`` for a while; without a port nothing is served."""
    if port is None:
        yield
        return
    stop = serve(metrics, host, port, not_ready)
    try:
        yield
    finally:
        stop()
