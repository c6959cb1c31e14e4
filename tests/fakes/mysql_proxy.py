"""Stands between a client and MySQL, and can be cut at an exact packet: before it, or before its reply arrives."""

import contextlib
import socket
import threading
from collections.abc import Iterator


class MysqlProxy:
    """A TCP proxy on 127.0.0.1. ``packets`` counts what clients sent; ``trap`` arms a cut."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._pairs: dict[socket.socket, socket.socket] = {}
        self._swallow: set[socket.socket] = set()
        self._down = False
        self._trap: tuple[bytes, bool] | None = None
        self._countdown = 0
        self._refused: bytes = b""
        self.packets = 0
        self.sprung = threading.Event()

    def trap(self, needle: bytes, *, reply_lost: bool, nth: int = 1) -> None:
        """Cut everything at the ``nth`` packet that holds ``needle``: before MySQL gets it, or before its reply."""
        with self._lock:
            self.sprung.clear()
            self._trap, self._countdown = (needle, reply_lost), nth

    def refuse(self, commands: bytes) -> None:
        """End each connection that begins a command of these (first bytes of COM_… packets)."""
        self._refused = commands

    def cut(self) -> None:
        """End all connections and refuse new ones."""
        with self._lock:
            self._down = True
            sockets = [*self._pairs, *self._pairs.values()]
        for one in sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        """Let new connections through."""
        self._trap = None
        self._down = False

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self._down:
                client.close()
                continue
            server = socket.create_connection(self._target)
            with self._lock:
                self._pairs[client] = server
            threading.Thread(target=self._requests, args=(client, server), daemon=True).start()
            threading.Thread(target=self._replies, args=(client, server), daemon=True).start()

    def _requests(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := client.recv(65536):
                if data[3:4] == b"\0" and data[4:5] and data[4] in self._refused:
                    break
                match self._look(data):
                    case None:
                        server.sendall(data)
                    case True:
                        self._swallow.add(client)
                        server.sendall(data)
                    case False:
                        self._spring()
                        break
        self._end(client, server)

    def _look(self, data: bytes) -> bool | None:
        """Whether the trap springs at this packet, and if so whether it is the reply that is lost."""
        with self._lock:
            self.packets += 1
            if self._trap is None or self._trap[0] not in data:
                return None
            self._countdown -= 1
            return self._trap[1] if self._countdown == 0 else None

    def _replies(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := server.recv(65536):
                if client in self._swallow:
                    self._spring()
                    break
                client.sendall(data)
        self._end(client, server)

    def _spring(self) -> None:
        self._trap = None
        self.cut()
        self.sprung.set()

    def _end(self, client: socket.socket, server: socket.socket) -> None:
        with self._lock:
            self._pairs.pop(client, None)
            self._swallow.discard(client)
        for one in (client, server):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    @contextlib.contextmanager
    def running(self) -> Iterator["MysqlProxy"]:
        thread = threading.Thread(target=self._serve, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.cut()
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            thread.join(5)
