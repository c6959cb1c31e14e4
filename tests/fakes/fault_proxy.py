"""Stands between the reader and the server and breaks what it forwards: frozen, cut, cut within a packet, garbled.

It forwards bytes and understands none of them, so TLS passes through.
"""

import contextlib
import select
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field


@dataclass(eq=False)
class _Link:
    """One client's connection, both halves."""

    client: socket.socket
    server: socket.socket
    frozen: threading.Event = field(default_factory=threading.Event)

    def end(self) -> None:
        for half in (self.client, self.server):
            with contextlib.suppress(OSError):
                half.shutdown(socket.SHUT_RDWR)


class FaultProxy:
    """Listens on ``port`` of 127.0.0.1 and forwards to ``target``, a port of the same address."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._links: set[_Link] = set()
        self._refusing = False
        self._budget: int | None = None
        self._needle = b""
        self._flowing = threading.Event()
        self._flowing.set()
        self._threads: list[threading.Thread] = []
        self.cuts = 0

    def freeze(self) -> None:
        """Forward nothing more on the connections that are open; they stay open, and new ones work."""
        with self._lock:
            for link in self._links:
                link.frozen.set()

    def cut(self, *, refuse: bool = False) -> None:
        """End all connections; with ``refuse`` take no new ones until ``mend``."""
        with self._lock:
            self._refusing = refuse
            links = list(self._links)
        for link in links:
            link.end()

    def mend(self) -> None:
        """Take new connections again."""
        self._refusing = False

    def hold(self) -> None:
        """Keep what the server sends, until ``release``."""
        self._flowing.clear()

    def release(self) -> None:
        """Forward in one piece what was held."""
        self._flowing.set()

    def garble(self, needle: bytes) -> None:
        """Change one bit of the next ``needle`` that the server sends in one piece."""
        self._needle = needle

    def cut_after(self, size: int) -> None:
        """Let ``size`` more bytes from the server through, wherever in a packet that is, and cut then."""
        with self._lock:
            self._budget = size

    @contextlib.contextmanager
    def running(self) -> Iterator["FaultProxy"]:
        """Forward while the block runs."""
        self._start(self._accept)
        try:
            yield self
        finally:
            self.release()
            self.cut(refuse=True)
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self.cut(refuse=True)  # one that was just being accepted
            for thread in self._threads:
                thread.join(10)

    def _start(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self._target))
            except OSError:  # the server is down: so are we
                client.close()
                continue
            link = _Link(client, server)
            with self._lock:
                self._links.add(link)
                refused = self._refusing
            if refused:
                link.end()
            replies = threading.Thread(target=self._replies, args=(link,), daemon=True)
            replies.start()
            self._start(self._requests, link, replies)

    def _requests(self, link: _Link, replies: threading.Thread) -> None:
        with contextlib.suppress(OSError):
            while data := link.client.recv(1 << 16):
                if not link.frozen.is_set():
                    link.server.sendall(data)
        link.end()
        replies.join()
        with self._lock:
            self._links.discard(link)
        link.client.close()
        link.server.close()

    def _replies(self, link: _Link) -> None:
        with contextlib.suppress(OSError):
            while data := link.server.recv(1 << 16):
                if link.frozen.is_set():
                    continue
                data = self._garbled(data + self._held_back(link.server))
                allowed = self._spend(len(data))
                link.client.sendall(data[:allowed])
                if allowed < len(data):
                    self.cuts += 1
                    break
        link.end()

    def _held_back(self, server: socket.socket) -> bytes:
        """What more the server sends until the flow is released."""
        held = b""
        while not self._flowing.is_set():
            readable, _, _ = select.select([server], [], [], 0.02)
            if readable and not (data := server.recv(1 << 16)):
                break
            held += data if readable else b""
        return held

    def _garbled(self, data: bytes) -> bytes:
        needle = self._needle
        if not needle or needle not in data:
            return data
        self._needle = b""
        return data.replace(needle, needle[:-1] + bytes([needle[-1] ^ 1]), 1)

    def _spend(self, size: int) -> int:
        """How many of the bytes may pass."""
        with self._lock:
            if self._budget is None:
                return size
            allowed = min(size, self._budget)
            self._budget = None if allowed < size else self._budget - allowed
            return allowed
