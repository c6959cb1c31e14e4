"""A small pool of SMTP connections; one message and one recipient a transaction."""

import asyncio
import contextlib
from types import TracebackType
from typing import Self

from mailer.connection import Connection, StillWanted
from mailer.errors import RetryLaterError, SenderStoppedError, UnreachableError
from mailer.slots import ConnectionSlots
from mailer.smtp_settings import COURTESY, SmtpSettings


async def _always() -> bool:
    return True


class SmtpSender:
    """Sends message bytes through at most ``settings.connections`` connections, opened when first needed.

    Once the server demands a human (a refused login, missing TLS), every ``send`` fails with the same
    SenderStoppedError without asking the server again, until ``verify`` succeeds.
    """

    def __init__(self, settings: SmtpSettings) -> None:
        self._settings = settings
        self.slots = ConnectionSlots(settings.connections)
        self._spare: list[Connection] = []
        self._stopped: SenderStoppedError | None = None
        self._refused_as: str | None = None
        self._closed = False

    @property
    def stopped(self) -> SenderStoppedError | None:
        """Why nothing is sent any more; None while all is well."""
        return self._stopped

    def ready(self, messages: int) -> bool:
        """Whether so many messages would find connections that are open and have lately been heard of."""
        spare = self._spare[-messages:]
        return len(spare) == messages and all(self._is_fresh(connection) for connection in spare)

    async def prepare(self, messages: int) -> RetryLaterError | SenderStoppedError | None:
        """Open or ask connections, as far as can be, so that the next so many messages find ``ready`` ones.

        To connect, encrypt and log in takes long enough for a message to become unwanted. The answer is why not a
        single one is to be had, None if one is; what else goes wrong is told by ``send``.
        """
        held: list[Connection] = []
        trouble: RetryLaterError | SenderStoppedError | None = None

        async def hold() -> None:
            nonlocal trouble
            with contextlib.suppress(Exception):
                try:
                    held.append((await self._take())[0])
                except SenderStoppedError as error:
                    trouble = self._stopped = error  # one refused login is enough
                except RetryLaterError as error:
                    trouble = error

        try:
            await asyncio.gather(*(hold() for _ in range(messages)))
        finally:
            if self._closed:
                for connection in held:
                    connection.abort()
            else:
                self._spare += held
        return None if held else trouble

    async def send(
        self,
        mail_from: str,
        rcpt: str,
        message: bytes,
        *,
        checked: bool = False,
        slot_taken: bool = False,
        still_wanted: StillWanted = _always,
    ) -> str:
        """Hand ``message`` (CRLF line ends, as ``build`` makes it) over for ``rcpt``; the server's reply.

        ``checked``: ``check_line_ends`` has seen it, in a thread or process that had the time. ``slot_taken``: the
        caller holds one of ``slots`` for it; else the call waits for one. ``still_wanted`` is asked at the last
        moment, right before DATA.

        Raises WithdrawnError when it says no, RetryLaterError (UnreachableError where no connection is to be had),
        RejectedForeverError, SenderStoppedError or OutcomeUnknownError. When the call is cancelled its connection is
        closed; whether the message had left is then not known.
        """
        if not checked:
            check_line_ends(message)
        if slot_taken:
            return await self._send(mail_from, rcpt, message, still_wanted)
        async with self.slots.one():
            return await self._send(mail_from, rcpt, message, still_wanted)

    async def verify(self, mail_from: str | None = None) -> None:
        """Connect and log in, and with ``mail_from`` ask whether we may send as that address; sends nothing.

        Success lifts a stop (to lift one, the address in use when sending stopped is asked for in any case,
        for the login alone may have been fine all the time). Raises RetryLaterError or SenderStoppedError.
        """
        address = mail_from or self._refused_as
        try:
            connection = await self._open()
            try:
                if address is not None:
                    await connection.check_sender(address)
            finally:
                await connection.quit()
        except SenderStoppedError as error:
            self._stopped, self._refused_as = error, address
            raise
        self._stopped = self._refused_as = None

    async def close(self) -> None:
        """Say goodbye on the spare connections; those in use are closed by their ``send`` when it ends."""
        self._closed = True
        spare, self._spare = self._spare, []
        await asyncio.gather(*(connection.quit() for connection in spare))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _send(self, mail_from: str, rcpt: str, message: bytes, still_wanted: StillWanted) -> str:
        try:
            return await self._deliver(mail_from, rcpt, message, still_wanted)
        except SenderStoppedError as error:
            self._stopped, self._refused_as = error, mail_from
            raise

    async def _deliver(self, mail_from: str, rcpt: str, message: bytes, still_wanted: StillWanted) -> str:
        connection, tired = await self._take()
        try:
            return await connection.deliver(mail_from, rcpt, message, still_wanted)
        except RetryLaterError as error:
            if connection.is_open or error.code not in (None, 421):
                raise
            # A server that is gone takes no new connection either, and that says nothing about this message.
            connection = await self._open()
            # Nor does it that a server drops an idle one, some with a 421; a new one it may drop for the message.
            if not tired:
                raise
            return await connection.deliver(mail_from, rcpt, message, still_wanted)
        finally:
            await self._give_back(connection)

    async def _take(self) -> tuple[Connection, bool]:
        """A connection, and whether the server may be tired of it: it was used before, or has waited."""
        if self._closed:
            raise RetryLaterError("the sender is closed: the message is sent after the next start")
        if self._stopped is not None:
            raise SenderStoppedError(self._stopped.text, self._stopped.code)
        now = asyncio.get_running_loop().time()
        while self._spare:
            connection = self._spare.pop()
            if self._is_fresh(connection):
                tired = connection.messages > 0 or now - connection.opened_at > COURTESY
                return connection, tired
            if now - connection.opened_at > self._settings.max_age:
                await connection.quit()
            elif await connection.is_alive():
                return connection, True
        return await self._open(), False

    def _is_fresh(self, connection: Connection) -> bool:
        now = asyncio.get_running_loop().time()
        young = now - connection.opened_at <= self._settings.max_age
        return young and connection.is_open and now - connection.used_at <= self._settings.max_idle

    async def _open(self) -> Connection:
        connection = Connection(self._settings)
        try:
            await connection.open()
        except RetryLaterError as error:
            raise UnreachableError(error.text, error.code) from error
        return connection

    async def _give_back(self, connection: Connection) -> None:
        if not connection.is_open:
            connection.abort()
        elif self._closed or connection.messages >= self._settings.max_messages:
            await connection.quit()
        else:
            self._spare.append(connection)


def check_line_ends(message: bytes) -> None:
    """Refuse bytes that another server could read as two messages (SMTP smuggling) or that break DATA.

    Raises ValueError: CR and LF may only come as a pair, the last line must end, no line may begin with a dot
    (the messages of ``build`` have none; so nothing needs to be escaped).
    """
    pairs = message.count(b"\r\n")
    if message.count(b"\n") != pairs or message.count(b"\r") != pairs or not message.endswith(b"\r\n"):
        raise ValueError("the message must have CRLF line ends throughout: make it with mailer.build")
    if message.startswith(b".") or b"\r\n." in message:
        raise ValueError("a line of the message begins with a dot: encode its body, as mailer.build does")
