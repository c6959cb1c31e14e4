"""Signals to the service as a process of its own."""

import os
import signal
import socket
from typing import Any


def test_a_second_ctrl_c_ends_it_at_once_and_the_next_start_takes_over(
    running_shop: Any, eventually: Any
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # accepts, and never says a word
        service = running_shop.service(SMTP_PORT=str(silent.getsockname()[1]), SMTP_CONNECTIONS="1")
        addresses = {key: running_shop.user(key) for key in (1, 2)}
        for key in addresses:
            running_shop.add(key)
        assert eventually(lambda: sorted(row[1] for row in running_shop.log()) == ["claimed", "sending"])
        os.kill(service.pid, signal.SIGINT)
        assert eventually(lambda: "service.stopping" in running_shop.said)
        assert service.alive, "it waits for the mails in hand"
        os.kill(service.pid, signal.SIGINT)
        assert eventually(lambda: not service.alive, 5)
        assert service.stop() == 128 + signal.SIGINT
    waiting = next(int(row[0]) for row in running_shop.log() if row[1] == "claimed")
    running_shop.service()
    running_shop.wait_for_mail(addresses[waiting])
    assert eventually(lambda: sorted(row[1] for row in running_shop.log()) == ["sent", "unknown"])
    assert len(running_shop.catcher.mails) == 1
