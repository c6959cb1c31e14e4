"""The pages' web server: uvicorn in a thread of its own, so that no page ever holds up a mail, and no mail a page."""

import asyncio
import logging
import socket
import threading
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

MOST_CONNECTIONS = 256
"""More are told to come again (503)."""

REQUEST_S = 10.0
"""How long a request's line and headers may take to arrive."""

HEADER_BYTES = 16_384
KEEP_ALIVE_S = 5
GRACE_S = 5
"""What is being answered may end when the server stops."""


class PatientProtocol(H11Protocol):
    """uvicorn waits for ever for the rest of a request's headers; this one gives such a connection up."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """A connection that never asks for anything is given up, too."""
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """What came may end the request's headers, or begin the next request's."""
        super().data_received(data)
        if self._is_answering():
            self._unwatch()
        else:
            self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._unwatch()
        super().connection_lost(exc)

    def _is_answering(self) -> bool:
        cycle: RequestResponseCycle | None = (
            self.cycle
        )  # None before the first request, whatever uvicorn says
        return cycle is not None and not cycle.response_complete

    def _watch(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(REQUEST_S, self.transport.close)

    def _unwatch(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


class PageServer:
    """Serves an application until ``close``. Raises OSError when nobody can listen there."""

    def __init__(self, app: ASGIApp, host: str, port: int) -> None:
        self._socket = _listening(host, port)
        # It says something of every odd request: nobody shall fill a log from outside.
        logging.getLogger("uvicorn").setLevel(logging.ERROR)
        config = uvicorn.Config(
            app,
            http=PatientProtocol,
            ws="none",
            lifespan="on",
            loop="asyncio",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            limit_concurrency=MOST_CONNECTIONS,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=GRACE_S,
            h11_max_incomplete_event_size=HEADER_BYTES,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, name="pages", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """Where it listens: another than was asked for if that was 0."""
        return int(self._socket.getsockname()[1])

    def _run(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._socket]))

    def close(self) -> None:
        """Answer what was asked, and stop. Blocking, for a few seconds at most."""
        self._server.should_exit = True
        self._thread.join(GRACE_S + 2)
        self._socket.close()


def _listening(host: str, port: int) -> socket.socket:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    # Where a name has both, such as localhost: IPv4, which every proxy speaks.
    family, *_, address = min(found, key=lambda each: each[0] != socket.AF_INET)
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listening.bind(address)
        listening.listen(MOST_CONNECTIONS)
    except BaseException:
        listening.close()
        raise
    return listening
