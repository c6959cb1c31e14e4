"""What is made of an answer, and of none."""

import asyncio
import threading

import structlog
from fakes.waiting import until

from binlog_watcher.errors import DatabaseUnavailableError
from binlog_watcher.service.write_check import PATIENCE_S, WriteCheck


class Server:
    """Refuses when it is told to, or does not answer."""

    def __init__(self) -> None:
        self.refusal: Exception | None = None
        self.answers = threading.Event()
        self.answers.set()
        self.now = 0.0
        self.check = WriteCheck(self.ask, clock=lambda: self.now)

    def ask(self) -> None:
        assert self.answers.wait(60)
        if self.refusal is not None:
            raise self.refusal


async def test_a_refusal_stands_until_it_is_taken_back_and_is_told_once() -> None:
    server = Server()
    with structlog.testing.capture_logs() as logs:
        await server.check.ask()
        assert server.check.obstacle() is None
        refused = (
            DatabaseUnavailableError("used up (value: 5)"),
            DatabaseUnavailableError("used up (value: 6)"),
        )
        for server.refusal in (*refused, ValueError("odd"), None, None):
            await server.check.ask()
            if server.refusal is not None:
                assert str(server.refusal) in str(server.check.obstacle())
    assert server.check.obstacle() is None
    events = [entry["event"] for entry in logs]
    assert events == ["service.cannot_write", "service.cannot_write", "service.can_write"]


async def test_no_answer_is_an_obstacle_too() -> None:
    server = Server()
    server.answers.clear()
    asking = asyncio.create_task(server.check.ask())
    await until(lambda: server.check._asked_at is not None)
    server.now = PATIENCE_S
    assert server.check.obstacle() is None
    server.now += 1
    assert "are its tables locked?" in str(server.check.obstacle())
    server.answers.set()
    await asking
    assert server.check.obstacle() is None
