"""A real SMTP server in a thread of its own, with a port for each instance, which has its moods and writes all down."""

import asyncio
import contextlib
import enum
import random
import re
import socket
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session
from fakes.chaos.shop import now_us
from fakes.mail_server import break_off

_MESSAGE_ID = re.compile(rb"^Message-ID:\s*(<[^>]+>)", re.IGNORECASE | re.MULTILINE)


SLOW_RCPT = 0.15
THINKS_ABOUT_RCPT_S = (3.0, 4.5)
"""Longer than a fence counts: it must be asked again before DATA."""


class Mood(enum.StrEnum):
    """How the server behaves for a while."""

    NORMAL = "normal"
    SLOW = "slow"  # it thinks about each message for a while, and about some recipients for seconds
    REFUSING = "refusing"  # no connection is accepted, the open ones are closed at their next mail
    CLOSING = "closing"  # 421 to every mail
    GREYLISTING = "greylisting"  # 451 to the first try of each recipient
    DROPPING = "dropping"  # hangs up after some messages: one half it keeps, the other it throws away


@dataclass(slots=True)
class Transfer:
    """One DATA. Times in epoch microseconds; ``kept``: the message counts as delivered."""

    instance: int
    connection: int
    recipient: str
    begun_us: int
    message_id: str = ""
    kept: bool = False
    dropped: bool = False
    reply: str = ""
    over: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the transcript."""

    at_us: int
    instance: int
    connection: int
    text: str


@dataclass
class SmtpServer:
    """``instances`` ports. ``drops``: messages that may be dropped in all."""

    instances: int
    seed: int
    drops: int
    mood: Mood = Mood.NORMAL
    ports: list[int] = field(default_factory=list)
    transfers: list[Transfer] = field(default_factory=list)
    lines: dict[str, list[Line]] = field(default_factory=lambda: defaultdict(list))
    errors: list[Exception] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.dice = random.Random(f"smtp {self.seed}")
        self.tried: set[str] = set()
        self.news = threading.Condition()
        self.connections = 0
        self._open: set[_Conversation] = set()
        self._listeners: list[asyncio.Server] = []
        self._reserved: list[socket.socket] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    @contextlib.contextmanager
    def running(self) -> Iterator["SmtpServer"]:
        """Accept connections until the end of the block."""
        for _ in range(self.instances):
            # Bound and never listening: the port stays ours while connections are refused.
            reserved = socket.socket()
            reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            reserved.bind(("127.0.0.1", 0))
            self._reserved.append(reserved)
            self.ports.append(reserved.getsockname()[1])
        self._loop.set_exception_handler(self._note_error)
        self._thread.start()
        try:
            self._run(self._listen())
            yield self
        finally:
            self._run(self._end())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()
            for reserved in self._reserved:
                reserved.close()

    def be(self, mood: Mood) -> None:
        """Change the mood."""
        if mood is self.mood:
            return
        before, self.mood = self.mood, mood
        if mood is Mood.REFUSING:
            self._run(self._refuse())
        elif before is Mood.REFUSING:
            self._run(self._listen())

    @property
    def kept(self) -> int:
        """Messages that count as delivered."""
        return sum(transfer.kept for transfer in self.transfers)

    def under_way(self, instance: int) -> list[Transfer]:
        """Transfers of an instance that were begun and have no reply yet."""
        with self.news:
            return [one for one in self._under_way() if one.instance == instance]

    def wait_for_data(self, wanted: Callable[[Transfer], bool], seconds: float) -> Transfer | None:
        """Wait until a transfer of the wanted kind is under way; None when there was none in time."""

        def found() -> Transfer | None:
            return next((one for one in self._under_way() if wanted(one)), None)

        with self.news:
            return self.news.wait_for(found, seconds)

    def _under_way(self) -> list[Transfer]:
        return [c.transfer for c in self._open if c.transfer is not None and not c.transfer.over]

    def tell(self, conversation: "_Conversation", recipient: str, text: str) -> None:
        """Add a line to a recipient's transcript."""
        line = Line(now_us(), conversation.instance, conversation.number, text)
        self.lines[recipient.lower()].append(line)

    # --- in the server's thread -----------------------------------------------------------------------------

    def _run(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def _note_error(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        # A client that was killed: its connection breaks at any point of the conversation.
        if isinstance(error, Exception) and not isinstance(error, ConnectionError):
            self.errors.append(error)

    async def _listen(self) -> None:
        for instance, port in enumerate(self.ports):
            self._listeners.append(
                await self._loop.create_server(
                    partial(self._accept, instance), "127.0.0.1", port, reuse_address=True
                )
            )

    def _accept(self, instance: int) -> "_Conversation":
        self.connections += 1
        conversation = _Conversation(self, instance, self.connections)
        with self.news:
            self._open.add(conversation)
        return conversation

    def forget(self, conversation: "_Conversation") -> None:
        """A connection has ended."""
        with self.news:
            self._open.discard(conversation)

    async def _refuse(self) -> None:
        # A connection that was accepted in this round gets its transport in the next, and Python 3.11 can't attach it
        # to a server that is closed by then: its socket would stay open.
        for listener in self._listeners:
            for listening in listener.sockets:
                self._loop.remove_reader(listening.fileno())
        await asyncio.sleep(0)
        for listener in self._listeners:
            listener.close()
        self._listeners.clear()

    async def _end(self) -> None:
        await self._refuse()
        for conversation in list(self._open):
            break_off(conversation)
        ending = asyncio.all_tasks() - {task for task in (asyncio.current_task(),) if task}
        if ending:
            await asyncio.wait(ending, timeout=5)


class _Conversation(SMTP):
    """One connection, which knows whose it is."""

    def __init__(self, server: SmtpServer, instance: int, number: int) -> None:
        self.server, self.instance, self.number = server, instance, number
        self.transfer: Transfer | None = None
        super().__init__(_Answers(server, self), hostname="mx.test", enable_SMTPUTF8=True)

    def connection_lost(self, error: Exception | None) -> None:
        self.server.forget(self)
        super().connection_lost(error)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - aiosmtpd's name
        recipients = self.envelope.rcpt_tos if self.envelope else []
        if not recipients:
            await super().smtp_DATA(arg)
            return
        transfer = Transfer(self.instance, self.number, recipients[0].lower(), now_us())
        with self.server.news:
            self.transfer = transfer
            self.server.transfers.append(transfer)
            self.server.news.notify_all()
        self.server.tell(self, transfer.recipient, "DATA")
        try:
            await super().smtp_DATA(arg)
        except BaseException:
            transfer.reply = transfer.reply or "(the client was gone)"
            raise
        finally:
            transfer.over = True
            self.server.tell(
                self, transfer.recipient, f"{'kept' if transfer.kept else 'not kept'}: {transfer.reply}"
            )


class _Answers:
    """What the server says, by its mood."""

    def __init__(self, server: SmtpServer, conversation: _Conversation) -> None:
        self._server = server
        self._conversation = conversation

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, _smtp: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        match self._server.mood:
            case Mood.REFUSING:
                self._hang_up()
            case Mood.CLOSING:
                return "421 4.3.2 closing for a while"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802 - same
        self, _smtp: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        known = address.lower() in self._server.tried
        self._server.tried.add(address.lower())
        if self._server.mood is Mood.GREYLISTING and not known:
            self._server.tell(self._conversation, address, "451 at RCPT")
            return "451 4.7.1 greylisted"
        dice = self._server.dice
        if self._server.mood is Mood.SLOW and dice.random() < SLOW_RCPT:
            self._server.tell(self._conversation, address, "thinks about RCPT")
            await asyncio.sleep(dice.uniform(*THINKS_ABOUT_RCPT_S))
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _smtp: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - same
        server, transfer, dice = self._server, self._conversation.transfer, self._server.dice
        assert transfer is not None
        found = _MESSAGE_ID.search(envelope.original_content or b"")
        transfer.message_id = found[1].decode() if found else "?"
        thinks_s = dice.uniform(0.1, 0.4) if server.mood is Mood.SLOW else dice.uniform(0.005, 0.05)
        if server.mood is Mood.DROPPING and server.drops > 0 and dice.random() < 0.3:
            server.drops -= 1
            transfer.dropped, transfer.kept = True, dice.random() < 0.5
            await asyncio.sleep(thinks_s)
            transfer.reply = "(hung up)"
            self._hang_up()
            return "250 nobody hears this"
        # A server writes the message down before its reply, so a client that is gone by then was mailed for.
        before = dice.random() < 0.5
        transfer.kept = before
        await asyncio.sleep(thinks_s)
        transfer.kept, transfer.reply = True, "250 OK"
        return "250 OK"

    def _hang_up(self) -> None:
        break_off(self._conversation)
