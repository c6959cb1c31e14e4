"""The dead man's switch: who is called, when, and when not."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, Self

import pytest
import structlog
from fakes.waiting import until
from pydantic import SecretStr

from binlog_watcher.service import heartbeat as heartbeat_module
from binlog_watcher.service.heartbeat import Heartbeat

PATH = "/ping/5c1f8a"


class Listener:
    """What waits for the calls; ``answers`` are given in turn, 200 at last."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.answers: list[int] = []
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                listener.paths.append(self.path)
                self.send_response(listener.answers.pop(0) if listener.answers else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - same
                """Say nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}{PATH}"


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    thread = threading.Thread(target=listener.server.serve_forever)
    thread.start()
    yield listener
    listener.server.shutdown()
    listener.server.server_close()
    thread.join()


class Beating:
    """A heartbeat with what it depends on."""

    def __init__(self, url: str | None) -> None:
        self.hangs = False
        self.ready = True
        secret = None if url is None else SecretStr(url)
        self.heartbeat = Heartbeat(secret, self._sweep, lambda: self.ready, interval_s=0.02)

    async def _sweep(self) -> None:
        if self.hangs:
            await asyncio.sleep(60)

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self.heartbeat.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task


async def test_it_calls_again_and_again(listener: Listener) -> None:
    async with Beating(listener.url):
        await until(lambda: len(listener.paths) >= 3)
    assert set(listener.paths) == {PATH}


async def test_nobody_is_called_while_no_mail_can_go_out(listener: Listener) -> None:
    beating = Beating(listener.url)
    beating.ready = False
    async with beating:
        await asyncio.sleep(0.1)
        assert listener.paths == []
        beating.ready = True
        await until(lambda: len(listener.paths) >= 1)


async def test_nobody_is_called_while_the_timers_hang(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat_module, "SWEEP_S", 0.05)
    beating = Beating(listener.url)
    beating.hangs = True
    async with beating:
        await asyncio.sleep(0.2)
        assert listener.paths == []
        beating.hangs = False
        await until(lambda: len(listener.paths) >= 1)


async def test_a_call_that_fails_is_told_once_and_without_the_address(listener: Listener) -> None:
    listener.answers = [500, 404]
    with structlog.testing.capture_logs() as logs:
        async with Beating(listener.url):
            await until(lambda: len(listener.paths) >= 4)
    assert [entry["event"] for entry in logs] == ["heartbeat.failed", "heartbeat.works_again"]
    assert logs[0]["error"] == "HTTP 500"
    assert PATH not in str(logs)


async def test_a_listener_that_is_gone_is_told_of() -> None:
    url = "http://127.0.0.1:9" + PATH
    with structlog.testing.capture_logs() as logs:
        async with Beating(url):
            await until(lambda: bool(logs))
    assert "refused" in logs[0]["error"].lower()
    assert PATH not in str(logs)


async def test_without_an_address_there_is_nothing_to_do() -> None:
    for url in (None, ""):
        await asyncio.wait_for(Beating(url).heartbeat.run(), 5)
