"""A local SMTP catcher: takes every mail, delivers none, keeps each as .eml and .html.

It listens on 127.0.0.1 only. Arrival is taken when the whole message has been received, on this machine's
clock, before anything is parsed or written.
"""

import asyncio
import html
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiosmtpd.smtp import SMTP

MAX_MESSAGE_BYTES = 2_000_000
MAX_MAILS = 10_000


@dataclass(frozen=True)
class CaughtMail:
    """One message as it arrived. ``arrived_at`` is in epoch seconds; ``recipients`` come from the envelope."""

    number: int
    arrived_at: float
    sender: str
    recipients: tuple[str, ...]
    content: bytes
    path: Path

    @cached_property
    def message(self) -> EmailMessage:
        """The parsed message; parsed when first asked for, so that catching stays quick."""
        return message_from_bytes(self.content, policy=policy.default)

    @property
    def subject(self) -> str:
        """The decoded subject."""
        return str(self.message.get("Subject", ""))

    def part(self, subtype: str) -> str:
        """The decoded text of the first ``text/<subtype>`` part; empty when there is none."""
        body = self.message.get_body(preferencelist=(subtype,))
        return "" if body is None else str(body.get_content())


class MailCatcher:
    """An SMTP server in a thread of its own that stores what it gets in ``folder``.

    Use as a context manager; ``port`` is known inside it. ``on_mail`` is called from another thread,
    after the mail's files are written. ``edit_page(page, folder)`` may change the extracted page, never the mail.
    """

    def __init__(
        self,
        folder: Path,
        on_mail: Callable[[CaughtMail], None] | None = None,
        *,
        edit_page: Callable[[str, Path], str] | None = None,
    ) -> None:
        self._folder = folder
        self._edit_page = edit_page
        self.on_mail = on_mail
        self._arrived = threading.Condition()
        self._mails: list[CaughtMail] = []
        self._refused = 0
        self._port: Future[int] = Future()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="mail-catcher", daemon=True)
        # Pages are extracted beside the server: parsing takes milliseconds that a burst would wait for.
        self._pages = ThreadPoolExecutor(1, thread_name_prefix="mail-pages")

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        self.write_index()
        self._thread.start()
        self._port.result(timeout=10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(timeout=10)
        self._pages.shutdown()
        self.write_index()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except OSError as error:
            self._port.set_exception(error)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()

        def protocol() -> Any:
            return SMTP(
                _Handler(self),
                hostname="localhost",
                data_size_limit=MAX_MESSAGE_BYTES,
                enable_SMTPUTF8=True,
                loop=self._loop,
            )

        server = await self._loop.create_server(protocol, "127.0.0.1", 0)
        async with server:
            self._port.set_result(server.sockets[0].getsockname()[1])
            await self._stop.wait()
            server.close()
            for connection in _connections():
                connection.cancel()

    @property
    def port(self) -> int:
        """The port on 127.0.0.1."""
        return self._port.result(timeout=10)

    @property
    def folder(self) -> Path:
        """Where the .eml and .html files are."""
        return self._folder

    @property
    def mails(self) -> tuple[CaughtMail, ...]:
        """Everything caught so far, in order of arrival."""
        with self._arrived:
            return tuple(self._mails)

    @property
    def refused(self) -> int:
        """How many messages were turned away because ``MAX_MAILS`` were kept already."""
        return self._refused

    def wait(self, condition: Callable[[tuple[CaughtMail, ...]], bool], seconds: float) -> bool:
        """Wait until the caught mails satisfy ``condition``; False when ``seconds`` pass first."""
        with self._arrived:
            return self._arrived.wait_for(lambda: condition(tuple(self._mails)), timeout=seconds)

    def take(self, sender: str, recipients: list[str], content: bytes) -> str:
        """Store one message; the answer is the SMTP reply."""
        arrived_at = time.time()
        with self._arrived:
            number = len(self._mails) + 1
            if number > MAX_MAILS:
                self._refused += 1
                return f"452 4.3.1 this catcher keeps {MAX_MAILS} mails"
            path = self._folder / f"{number:04d}.eml"
            path.write_bytes(content)
            mail = CaughtMail(number, arrived_at, sender, tuple(recipients), content, path)
            self._mails.append(mail)
            self._arrived.notify_all()
        self._pages.submit(self._publish, mail)
        return f"250 2.0.0 caught as {mail.path.name}"

    def _publish(self, mail: CaughtMail) -> None:
        """Extract the page and tell ``on_mail``."""
        page = mail.part("html")
        if page:
            if self._edit_page is not None:
                page = self._edit_page(page, self._folder)
            mail.path.with_suffix(".html").write_text(page, encoding="utf-8")
        if mail.number == len(self.mails):  # in a burst once, after the last one
            self.write_index()
        if self.on_mail is not None:
            self.on_mail(mail)

    def write_index(self) -> Path:
        """Write ``index.html``, the list of all mails, and return its path."""
        rows = "\n".join(_row(mail) for mail in self.mails)
        path = self._folder / "index.html"
        new = path.with_suffix(".new")  # who reads it meanwhile gets a whole one
        new.write_text(_INDEX.format(count=len(self.mails), rows=rows), encoding="utf-8")
        return new.replace(path)


class _Handler:
    """aiosmtpd's hooks; their names are its protocol."""

    def __init__(self, catcher: MailCatcher) -> None:
        self._catcher = catcher

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        return self._catcher.take(envelope.mail_from or "", list(envelope.rcpt_tos), bytes(envelope.content))


def _connections() -> set[asyncio.Task[Any]]:
    """The tasks of open SMTP sessions: every task of the loop but the server's own."""
    return asyncio.all_tasks() - {current for current in (asyncio.current_task(),) if current}


def _row(mail: CaughtMail) -> str:
    at = time.strftime("%H:%M:%S", time.gmtime(mail.arrived_at))
    page = mail.path.with_suffix(".html").name
    cells = (
        f"{mail.number}",
        at,
        html.escape(", ".join(mail.recipients)),
        f'<a href="{page}">{html.escape(mail.subject)}</a>',
        f'<a href="{mail.path.name}">{mail.path.name}</a>',
        f"{len(mail.content) / 1024:.1f} KB",
    )
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


_INDEX = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Caught mails</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }}
table {{ border-collapse: collapse; width: 100%; }}
td, th {{ border-bottom: 1px solid #ddd; padding: .4rem .6rem; text-align: left; }}
</style>
</head>
<body>
<h1>{count} mails</h1>
<table>
<tr><th>#</th><th>Time (UTC)</th><th>To</th><th>Subject</th><th>Source</th><th>Size</th></tr>
{rows}
</table>
</body>
</html>
"""
