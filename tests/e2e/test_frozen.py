"""The service as a process that stands still in the midst of a hand-over, as on a paused virtual machine."""

import os
import signal
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from fakes.waiting import wait_until

STANDS_STILL_S = 1.5
"""Longer than a fence counts."""


class SlowServer:
    """An SMTP server that answers RCPT when ``go`` is set. ``asked``: somebody waits for that; ``taken``: messages."""

    def __init__(self) -> None:
        self.asked, self.go, self.taken = threading.Event(), threading.Event(), 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(client,), daemon=True).start()

    def _answer(self, client: socket.socket) -> None:
        with client, client.makefile("rb") as lines:
            client.sendall(b"220 mx.test\r\n")
            for line in lines:
                match line.split(maxsplit=1)[0].upper():
                    case b"RCPT" if b"user1" in line:  # it asks for itself at its start
                        self.asked.set()
                        self.go.wait()
                        client.sendall(b"250 OK\r\n")
                    case b"DATA":
                        client.sendall(b"354 go on\r\n")
                        while next(lines, b".\r\n") != b".\r\n":
                            pass
                        self.taken += 1
                        client.sendall(b"250 taken\r\n")
                    case b"QUIT":
                        client.sendall(b"221 bye\r\n")
                        return
                    case _:
                        client.sendall(b"250 OK\r\n")

    def close(self) -> None:
        self.go.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@pytest.fixture
def slow_smtp() -> Iterator[SlowServer]:
    server = SlowServer()
    yield server
    server.close()


@pytest.mark.parametrize("bought", [True, False])
def test_who_buys_while_it_stands_still_is_not_mailed(
    running_shop: Any, slow_smtp: SlowServer, bought: bool
) -> None:
    """The row is ``sending`` and the server has taken the recipient when the order commits."""
    service = running_shop.service(SMTP_PORT=str(slow_smtp.port))
    running_shop.user(1)
    running_shop.add(1)
    assert slow_smtp.asked.wait(60), running_shop.said
    assert [row[1] for row in running_shop.log()] == ["sending"]
    os.kill(service.pid, signal.SIGSTOP)
    try:
        if bought:
            running_shop.run("INSERT INTO orders (user_id, total_amount) VALUES (1, 10)")
        slow_smtp.go.set()  # the reply waits in the socket
        threading.Event().wait(STANDS_STILL_S)
    finally:
        os.kill(service.pid, signal.SIGCONT)
    expected = [("1", "skipped", "bought_meanwhile", 0)] if bought else [("1", "sent", None, 1)]
    wait_until(lambda: running_shop.log() == expected, tell=lambda: running_shop.said)
    assert slow_smtp.taken == (0 if bought else 1)
