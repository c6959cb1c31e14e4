"""The service as a process that stands still in the midst of a hand-over, as on a paused virtual machine."""

import contextlib
import os
import signal
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from fakes.waiting import wait_until

from binlog_watcher.clock import counter_us
from binlog_watcher.demo.process import ServiceProcess
from binlog_watcher.recovery.send.last_word import FENCE_HOLDS_US


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


@contextlib.contextmanager
def standing_still(service: ServiceProcess) -> Iterator[None]:
    """While it can do nothing; for longer than a fence counts."""
    pid = service.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    stopped_us = counter_us()
    try:
        yield
        wait_until(lambda: counter_us() - stopped_us > FENCE_HOLDS_US)
    finally:
        os.kill(pid, signal.SIGCONT)


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
    with standing_still(service):
        if bought:
            running_shop.run("INSERT INTO orders (user_id, total_amount) VALUES (1, 10)")
        slow_smtp.go.set()  # the reply waits in the socket
    expected = [("1", "skipped", "bought_meanwhile", 0)] if bought else [("1", "sent", None, 1)]
    wait_until(lambda: running_shop.log() == expected, tell=lambda: running_shop.said)
    assert slow_smtp.taken == (0 if bought else 1)


def test_an_order_that_no_binlog_tells_of_is_seen_by_a_new_fence(
    running_shop: Any, slow_smtp: SlowServer
) -> None:
    """Who has the address buys by a second account. The service has caught up with the binlog before DATA is due."""
    service = running_shop.service(SMTP_PORT=str(slow_smtp.port))
    address = running_shop.user(1)
    running_shop.user(2, address)
    running_shop.user(3)
    running_shop.add(1)
    assert slow_smtp.asked.wait(60), running_shop.said
    running_shop.add(3)
    with standing_still(service):
        running_shop.run("INSERT INTO orders (user_id, total_amount) VALUES (2, 10)")
    wait_until(lambda: slow_smtp.taken == 1, tell=lambda: running_shop.said)  # the other's: it is awake
    slow_smtp.go.set()
    expected = [("1", "skipped", "bought_meanwhile", 0), ("3", "sent", None, 1)]
    wait_until(lambda: running_shop.log() == expected, tell=lambda: running_shop.said)
    assert slow_smtp.taken == 1
