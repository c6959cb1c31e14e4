"""Signals to the service as a process of its own."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes.waiting import wait_until


@contextlib.contextmanager
def silent_after_data() -> Iterator[int]:
    """An SMTP server that takes a message, and never says what became of it; its port."""

    def talk() -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                threading.Thread(target=answer, args=(client,), daemon=True).start()

    def answer(client: socket.socket) -> None:
        with contextlib.suppress(OSError), client, client.makefile("rb") as lines:
            client.sendall(b"220 mx.test\r\n")
            for line in lines:
                if line.upper().startswith(b"DATA"):
                    client.sendall(b"354 go on\r\n")
                    client.recv(1)
                    ended.wait()
                    return
                client.sendall(b"221 bye\r\n" if line.upper().startswith(b"QUIT") else b"250 OK\r\n")

    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=talk, daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            ended.set()
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join(5)


def test_a_second_ctrl_c_ends_it_at_once_and_the_next_start_takes_over(running_shop: Any) -> None:
    with silent_after_data() as port:
        service = running_shop.service(SMTP_PORT=str(port), SMTP_CONNECTIONS="1")
        addresses = {key: running_shop.user(key) for key in (1, 2)}
        for key in addresses:
            running_shop.add(key)
        wait_until(lambda: sorted(row[1] for row in running_shop.log()) == ["claimed", "sending"])
        os.kill(service.pid, signal.SIGINT)
        wait_until(lambda: "service.stopping" in running_shop.said)
        assert service.alive, "it waits for the mails in hand"
        os.kill(service.pid, signal.SIGINT)
        wait_until(lambda: not service.alive, 5)
        assert service.stop() == 128 + signal.SIGINT
    waiting = next(int(row[0]) for row in running_shop.log() if row[1] == "claimed")
    running_shop.service()
    running_shop.wait_for_mail(addresses[waiting])
    wait_until(lambda: sorted(row[1] for row in running_shop.log()) == ["sent", "unknown"])
    assert len(running_shop.catcher.mails) == 1


def interrupted_while_importing(module: str, folder: Path, *command: str) -> tuple[int, list[str]]:
    """The exit code, and what is said besides the imports, when Ctrl-C comes right after ``module`` was imported."""
    with subprocess.Popen(
        [sys.executable, "-X", "importtime", "-m", "binlog_watcher", *command],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=folder, start_new_session=True, text=True,
    ) as process:  # fmt: skip
        assert process.stderr is not None
        for line in process.stderr:
            if line.rpartition("|")[2].strip() == module:
                os.killpg(process.pid, signal.SIGINT)
                break
        said = [line.strip() for line in process.stderr if not line.startswith("import time:")]
    return process.returncode, [line for line in said if line]


@pytest.mark.parametrize("module", ["typer", "sqlalchemy.exc", "binlog_watcher.core.cart"])
def test_ctrl_c_while_it_imports_is_one_line(tmp_path: Path, module: str) -> None:
    assert interrupted_while_importing(module, tmp_path, "schema", "show") == (130, ["cartwake: interrupted"])
