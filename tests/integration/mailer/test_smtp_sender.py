"""The sender against a real SMTP server on 127.0.0.1: every way in which one can answer, or not."""

import asyncio
import contextlib
import datetime as dt
import email
import email.policy
import os
import pathlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from fakes.certificate import write_certificate
from fakes.recovering import until

from mailer import (
    DiscountTable,
    Line,
    Links,
    OutcomeUnknownError,
    Pick,
    RecoveryMail,
    RejectedForeverError,
    Renderer,
    RetryLaterError,
    SenderStoppedError,
    ShopInfo,
    SmtpSender,
    SmtpSettings,
    Tier,
    WithdrawnError,
    build,
    message_id,
    parse_address,
)

FROM, TO, PASSWORD = "shop@example.com", "jane.doe@example.org", "correct horse battery"
BODY = b"Subject: Hi\r\n\r\nHello\r\n"
Hook = Callable[[SMTP], Awaitable[str]] | str
Serve = Callable[..., Awaitable[int]]


@dataclass
class Inbox:
    """aiosmtpd's handler: keeps what arrives; ``replies`` names what to answer at a stage instead of 250."""

    replies: dict[str, list[Hook]] = field(default_factory=dict)
    mails: list[Envelope] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    servers: list[SMTP] = field(default_factory=list)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def has(self, mails: int) -> None:
        """Returns once so many mails have arrived."""
        async with asyncio.timeout(10), self.changed:
            await self.changed.wait_for(lambda: len(self.mails) >= mails)

    async def _reply(self, stage: str, server: SMTP) -> str:
        hooks = self.replies.get(stage)
        if not hooks:
            return "250 OK"
        hook = hooks.pop(0) if len(hooks) > 1 else hooks[0]
        return hook if isinstance(hook, str) else await hook(server)

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        reply = await self._reply("MAIL", server)
        if reply.startswith("250"):
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        if session not in self.sessions:
            self.sessions.append(session)
        return reply

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        reply = await self._reply("RCPT", server)
        if reply.startswith("250"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - same
        async with self.changed:
            self.mails.append(envelope)
            self.changed.notify_all()
        return await self._reply("DATA", server)


async def hang_up(server: SMTP) -> str:
    server.transport.abort()
    return "250 too late"


async def fall_silent(_server: SMTP) -> str:
    await asyncio.Event().wait()
    return "never"


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Starts aiosmtpd on a free port of 127.0.0.1 for an Inbox; returns the port."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(inbox: Inbox, *, tls_from_start: ssl.SSLContext | None = None, **options: Any) -> int:
            def accept() -> SMTP:
                inbox.servers.append(SMTP(inbox, hostname="mx.test", **options))
                return inbox.servers[-1]

            server = await asyncio.get_running_loop().create_server(
                accept, "127.0.0.1", 0, ssl=tls_from_start
            )
            stack.callback(_end, server, inbox)
            port: int = server.sockets[0].getsockname()[1]
            return port

        yield start


def _end(server: asyncio.Server, inbox: Inbox) -> None:
    server.close()
    for connection in inbox.servers:
        if connection.transport is not None:
            with contextlib.suppress(
                AttributeError
            ):  # Python 3.11.2's closed TLS transports can't be aborted
                connection.transport.abort()
        if connection._handler_coroutine is not None:
            connection._handler_coroutine.cancel()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server context with a self-made certificate for 127.0.0.1, and a client context that trusts it."""
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    write_certificate(path)
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(path)
    return server, ssl.create_default_context(cafile=str(path))


def settings(port: int, /, **changes: Any) -> SmtpSettings:
    return SmtpSettings(**({"host": "127.0.0.1", "port": port, "tls": "none", "timeout": 10} | changes))


def log_in(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any) -> AuthResult:
    """aiosmtpd's authenticator: one account."""
    right = isinstance(data, LoginPassword) and data.login == b"shop" and data.password == PASSWORD.encode()
    return AuthResult(success=right, handled=False, message=None if right else f"535 5.7.8 bad {PASSWORD}")


# Delivery


async def test_a_message_arrives_byte_for_byte_and_connections_are_used_again(serve: Serve) -> None:
    inbox = Inbox()
    async with SmtpSender(settings(await serve(inbox))) as sender:
        for _ in range(3):
            assert await sender.send(FROM, TO, BODY) == "OK"
    assert [(mail.mail_from, mail.rcpt_tos, mail.original_content) for mail in inbox.mails] == [
        (FROM, [TO], BODY)
    ] * 3
    assert len(inbox.sessions) == 1


async def test_the_pool_opens_no_more_connections_than_allowed_and_counts_the_idle(serve: Serve) -> None:
    inbox, gate = Inbox(), asyncio.Event()

    async def wait_at_the_gate(_server: SMTP) -> str:
        await gate.wait()
        return "250 OK"

    inbox.replies["DATA"] = [wait_at_the_gate]
    async with SmtpSender(settings(await serve(inbox), connections=3)) as sender:
        assert (sender.slots.total, sender.slots.free) == (3, 3)
        sending = [asyncio.create_task(sender.send(FROM, TO, BODY)) for _ in range(8)]
        await inbox.has(3)
        assert sender.slots.free == 0
        gate.set()
        await asyncio.gather(*sending)
        assert sender.slots.free == 3
    assert len(inbox.mails) == 8
    assert len(inbox.sessions) == 3


async def test_a_connection_is_replaced_after_its_share_of_messages(serve: Serve) -> None:
    inbox = Inbox()
    async with SmtpSender(settings(await serve(inbox), max_messages=2)) as sender:
        for _ in range(5):
            await sender.send(FROM, TO, BODY)
    assert len(inbox.sessions) == 3


async def test_a_connection_is_replaced_when_it_is_old(serve: Serve) -> None:
    inbox = Inbox()
    async with SmtpSender(settings(await serve(inbox), max_age=1e-9)) as sender:
        await sender.send(FROM, TO, BODY)
        await sender.send(FROM, TO, BODY)
    assert len(inbox.sessions) == 2


async def test_an_idle_connection_is_asked_for_a_sign_of_life(serve: Serve) -> None:
    inbox = Inbox()
    async with SmtpSender(settings(await serve(inbox), max_idle=1e-9)) as sender:
        await sender.send(FROM, TO, BODY)
        await sender.send(FROM, TO, BODY)
        assert len(inbox.sessions) == 1
        inbox.servers[0].transport.abort()
        await sender.send(FROM, TO, BODY)
    assert len(inbox.sessions) == 2


async def test_prepared_connections_are_live_ones_and_opened_once(serve: Serve) -> None:
    inbox = Inbox()
    async with SmtpSender(settings(await serve(inbox), connections=3)) as sender:
        assert not sender.ready(1)
        await sender.prepare(2)
        assert (sender.ready(2), sender.ready(3), len(inbox.servers)) == (True, False, 2)
        inbox.servers[1].transport.abort()
        await until(lambda: not sender.ready(2))
        await sender.prepare(2)
        assert (sender.ready(2), len(inbox.servers)) == (True, 3)
        for _ in range(2):
            await sender.send(FROM, TO, BODY)
        assert len(inbox.servers) == 3


async def test_to_prepare_tells_no_trouble() -> None:
    async with SmtpSender(settings(1)) as sender:
        await sender.prepare(2)
        assert not sender.ready(1)
        with pytest.raises(RetryLaterError, match="can't be reached"):
            await sender.send(FROM, TO, BODY)


async def test_a_message_that_is_not_wanted_any_more_does_not_leave(serve: Serve) -> None:
    inbox, answers = Inbox(), [False, True]
    async with SmtpSender(settings(await serve(inbox))) as sender:
        with pytest.raises(WithdrawnError):
            await sender.send(FROM, TO, BODY, still_wanted=lambda: answers.pop(0))
        await sender.send(FROM, TO, BODY, still_wanted=lambda: answers.pop(0))
    assert (len(inbox.mails), len(inbox.sessions)) == (1, 1)


@pytest.mark.parametrize("reply", [hang_up, "421 4.4.2 idle for too long"])
async def test_a_pooled_connection_that_the_server_gave_up_costs_no_retry(serve: Serve, reply: Hook) -> None:
    inbox = Inbox({"MAIL": ["250 OK", reply, "250 OK"]})
    async with SmtpSender(settings(await serve(inbox))) as sender:
        await sender.send(FROM, TO, BODY)
        await sender.send(FROM, TO, BODY)
    assert len(inbox.mails) == 2


# Refusals


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("code", [450, 451, 452])
async def test_greylisting_and_other_4xx_are_tried_later_on_the_same_connection(
    serve: Serve, stage: str, code: int
) -> None:
    inbox = Inbox({stage: [f"{code} 4.7.1 greylisted, come back", "250 OK"]})
    async with SmtpSender(settings(await serve(inbox))) as sender:
        with pytest.raises(RetryLaterError, match="greylisted") as caught:
            await sender.send(FROM, TO, BODY)
        assert caught.value.code == code
        await sender.send(FROM, TO, BODY)
    assert len(inbox.sessions) == 1


@pytest.mark.parametrize("stage", ["RCPT", "DATA"])
@pytest.mark.parametrize("code", [550, 552, 554])
async def test_a_5xx_for_the_recipient_or_the_message_is_final(serve: Serve, stage: str, code: int) -> None:
    inbox = Inbox({stage: [f"{code} 5.1.1 <{TO}>: no such user", "250 OK"]})
    async with SmtpSender(settings(await serve(inbox))) as sender:
        with pytest.raises(RejectedForeverError) as caught:
            await sender.send(FROM, TO, BODY)
        assert caught.value.code == code
        assert "j***@example.org" in str(caught.value)
        assert TO not in str(caught.value)
        await sender.send(FROM, TO, BODY)
    assert len(inbox.sessions) == 1


async def test_a_used_up_daily_quota_passes(serve: Serve) -> None:
    inbox = Inbox({"DATA": ["550 5.4.5 Daily user sending limit exceeded"]})
    async with SmtpSender(settings(await serve(inbox))) as sender:
        with pytest.raises(RetryLaterError, match="sending limit"):
            await sender.send(FROM, TO, BODY)


async def test_a_refused_sender_stops_the_sender_until_it_is_verified_again(serve: Serve) -> None:
    inbox = Inbox({"MAIL": ["553 5.7.1 not owned by user", "553 5.7.1 still not", "250 OK"]})
    async with SmtpSender(settings(await serve(inbox))) as sender:
        with pytest.raises(SenderStoppedError, match=r"s\*\*\*@example\.com.*SENDER_EMAIL"):
            await sender.send(FROM, TO, BODY)
        assert sender.stopped is not None
        with pytest.raises(SenderStoppedError, match="SENDER_EMAIL"):
            await sender.send(FROM, TO, BODY)
        assert len(inbox.sessions) == 1  # the second send did not even ask
        with pytest.raises(SenderStoppedError, match="still not"):
            await sender.verify()
        await sender.verify()
        assert sender.stopped is None
        await sender.send(FROM, TO, BODY)
    assert len(inbox.mails) == 1


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA"])
async def test_a_421_means_later_and_on_a_new_connection(serve: Serve, stage: str) -> None:
    inbox = Inbox({stage: ["421 4.3.2 shutting down", "250 OK"]})
    async with SmtpSender(settings(await serve(inbox))) as sender:
        with pytest.raises(RetryLaterError, match="shutting down"):
            await sender.send(FROM, TO, BODY)
        await sender.send(FROM, TO, BODY)
    assert len(inbox.sessions) == 2


# Lost connections


@pytest.mark.parametrize("stage", ["MAIL", "RCPT"])
async def test_a_connection_lost_before_the_message_is_tried_later(serve: Serve, stage: str) -> None:
    inbox = Inbox({stage: [hang_up]})
    async with SmtpSender(settings(await serve(inbox))) as sender:
        with pytest.raises(RetryLaterError, match="before it took the message"):
            await sender.send(FROM, TO, BODY)
        assert sender.slots.free == sender.slots.total


@pytest.mark.parametrize("stage", ["MAIL", "RCPT"])
async def test_silence_before_the_message_is_tried_later(serve: Serve, stage: str) -> None:
    inbox = Inbox({stage: [fall_silent]})
    async with SmtpSender(settings(await serve(inbox), timeout=0.3)) as sender:
        with pytest.raises(RetryLaterError, match="no answer in time"):
            await sender.send(FROM, TO, BODY)


@pytest.mark.parametrize("reply", [hang_up, fall_silent])
async def test_silence_after_the_message_leaves_its_fate_unknown(serve: Serve, reply: Hook) -> None:
    inbox = Inbox({"DATA": [reply, "250 OK"]})
    async with SmtpSender(settings(await serve(inbox), data_timeout=0.3)) as sender:
        with pytest.raises(OutcomeUnknownError, match="may have been delivered"):
            await sender.send(FROM, TO, BODY)
        await sender.send(FROM, TO, BODY)
    assert len(inbox.mails) == 2
    assert len(inbox.sessions) == 2


async def test_a_server_lost_at_the_data_command_has_no_message() -> None:
    class HangsUpAtData(SMTP):
        async def smtp_DATA(self, _arg: str) -> None:  # noqa: N802 - aiosmtpd's name
            self.transport.abort()

    inbox = Inbox()
    server = await asyncio.get_running_loop().create_server(
        lambda: HangsUpAtData(inbox, hostname="mx"), "127.0.0.1", 0
    )
    async with server, SmtpSender(settings(server.sockets[0].getsockname()[1])) as sender:
        with pytest.raises(RetryLaterError, match="before it took the message"):
            await sender.send(FROM, TO, BODY)


async def test_a_cancelled_send_closes_its_connection_and_frees_its_place(serve: Serve) -> None:
    inbox = Inbox({"DATA": [fall_silent, "250 OK"]})
    async with SmtpSender(settings(await serve(inbox), connections=1)) as sender:
        sending = asyncio.create_task(sender.send(FROM, TO, BODY))
        await inbox.has(1)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        assert sender.slots.free == 1
        await sender.send(FROM, TO, BODY)
    assert len(inbox.sessions) == 2


async def test_a_server_that_is_not_there_is_tried_later() -> None:
    server = await asyncio.get_running_loop().create_server(asyncio.Protocol, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    async with SmtpSender(settings(port)) as sender:
        with pytest.raises(RetryLaterError, match=rf"port {port} can't be reached.*SMTP_HOST"):
            await sender.send(FROM, TO, BODY)
        with pytest.raises(RetryLaterError):
            await sender.verify()


async def test_a_server_that_accepts_and_says_nothing_is_tried_later() -> None:
    server = await asyncio.get_running_loop().create_server(asyncio.Protocol, "127.0.0.1", 0)
    async with server, SmtpSender(settings(server.sockets[0].getsockname()[1], timeout=0.3)) as sender:
        with pytest.raises(RetryLaterError, match="no answer in time"):
            await sender.send(FROM, TO, BODY)


@pytest.mark.parametrize(
    ("greeting", "error"),
    [(b"421 busy\r\n", RetryLaterError), (b"554 no service for you\r\n", SenderStoppedError)],
)
async def test_a_server_that_turns_us_away_at_the_door(greeting: bytes, error: type[Exception]) -> None:
    class Door(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            assert isinstance(transport, asyncio.WriteTransport)
            transport.write(greeting)

    server = await asyncio.get_running_loop().create_server(Door, "127.0.0.1", 0)
    async with server, SmtpSender(settings(server.sockets[0].getsockname()[1])) as sender:
        with pytest.raises(error):
            await sender.send(FROM, TO, BODY)


async def test_a_closed_sender_sends_nothing(serve: Serve) -> None:
    inbox = Inbox()
    sender = SmtpSender(settings(await serve(inbox)))
    await sender.close()
    with pytest.raises(RetryLaterError, match="closed"):
        await sender.send(FROM, TO, BODY)
    assert inbox.sessions == []


# TLS and logins

Certificate = tuple[ssl.SSLContext, ssl.SSLContext]


@pytest.mark.parametrize("tls", ["starttls", "tls"])
async def test_an_encrypted_login_and_delivery(serve: Serve, certificate: Certificate, tls: str) -> None:
    inbox, (server_side, client_side) = Inbox(), certificate
    if tls == "tls":  # aiosmtpd knows of TLS only what it started itself
        port = await serve(inbox, authenticator=log_in, auth_require_tls=False, tls_from_start=server_side)
    else:
        port = await serve(
            inbox, authenticator=log_in, auth_required=True, tls_context=server_side, require_starttls=True
        )
    account = settings(port, tls=tls, user="shop", password=PASSWORD, tls_context=client_side)
    async with SmtpSender(account) as sender:
        await sender.verify(FROM)
        await sender.send(FROM, TO, BODY)
    assert len(inbox.mails) == 1


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
async def test_a_wrong_password_stops_the_sender_after_one_try(
    serve: Serve, certificate: Certificate, mechanism: str
) -> None:
    tries: list[str] = []

    def refuse(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        tries.append(mechanism)
        return log_in(server, session, envelope, mechanism, data)

    inbox, (server_side, client_side) = Inbox(), certificate
    other = {"PLAIN": "LOGIN", "LOGIN": "PLAIN"}[mechanism]
    port = await serve(inbox, authenticator=refuse, tls_context=server_side, auth_exclude_mechanism=[other])
    account = settings(port, tls="starttls", user="shop", password=PASSWORD + "!", tls_context=client_side)
    async with SmtpSender(account) as sender:
        for attempt in (sender.verify(), sender.send(FROM, TO, BODY), sender.send(FROM, TO, BODY)):
            with pytest.raises(SenderStoppedError, match=r"535.*SMTP_USER and SMTP_PASSWORD") as caught:
                await attempt
            assert PASSWORD + "!" not in str(caught.value)
    assert tries == [mechanism]  # the second and the third did not ask
    assert inbox.mails == []


async def test_a_server_that_wants_a_login_stops_the_sender(serve: Serve) -> None:
    inbox = Inbox({"MAIL": ["530 5.7.0 Authentication required"]})
    async with SmtpSender(settings(await serve(inbox))) as sender:
        with pytest.raises(SenderStoppedError, match=r"wants a login.*530"):
            await sender.send(FROM, TO, BODY)


async def test_a_server_without_logins_stops_a_sender_that_has_one(serve: Serve) -> None:
    async with SmtpSender(settings(await serve(Inbox()), user="shop", password=PASSWORD)) as sender:
        with pytest.raises(SenderStoppedError, match="offers no login"):
            await sender.verify()


async def test_no_starttls_no_password(serve: Serve) -> None:
    inbox = Inbox()
    port = await serve(inbox, authenticator=log_in, auth_require_tls=False)
    async with SmtpSender(settings(port, tls="starttls", user="shop", password=PASSWORD)) as sender:
        with pytest.raises(SenderStoppedError, match="does not offer STARTTLS"):
            await sender.send(FROM, TO, BODY)
    assert inbox.mails == []


@pytest.mark.parametrize("tls", ["starttls", "tls"])
async def test_a_certificate_that_nobody_signed_stops_the_sender(
    serve: Serve, certificate: Certificate, tls: str
) -> None:
    server_side = certificate[0]
    how = {"tls_from_start": server_side} if tls == "tls" else {"tls_context": server_side}
    async with SmtpSender(settings(await serve(Inbox(), **how), tls=tls)) as sender:
        with pytest.raises(
            SenderStoppedError, match=r"certificate of the SMTP server 127\.0\.0\.1 is not trusted"
        ):
            await sender.send(FROM, TO, BODY)


async def test_tls_towards_a_plain_port_says_which_setting_to_change(serve: Serve) -> None:
    async with SmtpSender(settings(await serve(Inbox()), tls="tls")) as sender:
        with pytest.raises(SenderStoppedError, match="SMTP_TLS and SMTP_PORT"):
            await sender.send(FROM, TO, BODY)


# Addresses beyond ASCII


async def test_an_address_beyond_ascii_needs_smtputf8(serve: Serve) -> None:
    address = parse_address("josé@bücher.example").mailbox
    able, unable = Inbox(), Inbox()
    async with SmtpSender(settings(await serve(able, enable_SMTPUTF8=True))) as sender:
        await sender.send(FROM, address, BODY)
    assert able.mails[0].rcpt_tos == [address]
    assert "SMTPUTF8" in able.mails[0].mail_options
    async with SmtpSender(settings(await serve(unable))) as sender:
        with pytest.raises(RejectedForeverError, match="SMTPUTF8"):
            await sender.send(FROM, address, BODY)
        await sender.send(FROM, TO, BODY)


async def test_a_reply_in_any_bytes_is_one_clean_line(serve: Serve) -> None:
    inbox = Inbox({"RCPT": ["550-5.1.1 über\r\n550 " + "x" * 900]})
    async with SmtpSender(settings(await serve(inbox))) as sender:
        with pytest.raises(RejectedForeverError) as caught:
            await sender.send(FROM, TO, BODY)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


# Settings


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"host": "smtp.example.com", "tls": "none"}, "would send the password"),
        ({"host": "127.0.0.1.example.com", "tls": "none"}, "would send the password"),
        ({"host": " "}, "host is empty"),
        ({"tls": "ssl"}, "allowed are starttls, tls and none"),
        ({"port": 0}, "1 to 65535"),
        ({"user": "shop"}, "belong together"),
        ({"connections": 0}, "at least 1"),
        ({"timeout": 0}, "above 0"),
    ],
)
def test_impossible_settings_are_refused(changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        settings(2525, **changes)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "[::1]", "localhost", "LOCALHOST."])
def test_plain_text_is_allowed_on_the_loopback_by_all_its_names(host: str) -> None:
    assert SmtpSettings(host, 25, tls="none").host == host


def test_ports_follow_from_tls_and_the_password_stays_out_of_the_repr() -> None:
    hosts = [SmtpSettings("smtp.example.com", tls=tls).effective_port for tls in ("starttls", "tls")]
    assert [*hosts, SmtpSettings("localhost", tls="none").effective_port] == [587, 465, 25]
    assert PASSWORD not in repr(SmtpSettings("smtp.example.com", user="shop", password=PASSWORD))


# The mail as a whole: the third group of the owner's suite


async def test_a_generated_mail_arrives_whole_and_a_sample_is_saved(
    serve: Serve, tmp_path: pathlib.Path
) -> None:
    store = ShopInfo(
        name="Fernweh Outfitters",
        url="https://shop.example.com",
        address="12 Harbour Street\nBristol BS1 4RN",
        support_email="help@example.com",
        sender_email=FROM,
        sender_name="Fernweh Outfitters",
        cart_url="https://shop.example.com/cart",
    )
    lines = (
        Line("Trail Runner Backpack 28 L", "Bags", Decimal("129.90"), 1, "img/backpack.jpg"),
        Line("Merino Base Layer", "Clothing", Decimal("64.50"), 2),
    )
    picks = tuple(
        Pick(name, Decimal(price), "Outdoor")
        for name, price in (("Dry Bag", 24), ("Beanie", 29), ("Mug", 19))
    )
    table = DiscountTable((Tier(Decimal(100), Decimal(10), "SAVE10"), Tier(Decimal(500), Decimal(20))))
    unsubscribe = Links(b"0123456789abcdef", support_email="help@example.com").unsubscribe(42)
    mail = RecoveryMail(
        "José", lines, 42, unsubscribe, table.for_total(Decimal("258.90")), "These go well with it.", picks
    )
    message = build(
        Renderer(store).render(mail),
        store=store,
        recipient=parse_address(TO),
        recipient_name="José Núñez",
        message_id=message_id(42, "example.com"),
        date=dt.datetime(2026, 5, 17, tzinfo=dt.UTC),
        unsubscribe=unsubscribe,
    )
    inbox = Inbox()
    async with SmtpSender(settings(await serve(inbox))) as sender:
        await sender.send(FROM, TO, message)

    content = inbox.mails[0].original_content
    assert content == message
    parsed = email.message_from_bytes(content, policy=email.policy.default)
    assert parsed["Subject"] == "José, you left something in your cart – 10% off"  # noqa: RUF001 - en dash
    plain, html = parsed.get_body(("plain",)), parsed.get_body(("html",))
    assert plain is not None
    assert html is not None
    for part in (plain, html):
        text = part.get_content()
        for wanted in ("José", "SAVE10", "$258.90", "−$25.89", "$233.01", "Return to Cart", "Dry Bag", "Mug"):  # noqa: RUF001 - minus
            assert wanted in text, (part.get_content_type(), wanted)
    assert 10_000 < len(message) < 100_000
    save_sample(pathlib.Path(os.environ.get("CARTWAKE_TEST_OUTPUT", tmp_path)), content, html.get_content())


def save_sample(folder: pathlib.Path, message: bytes, html: str) -> None:
    """For a look with a browser or a mail program: ``CARTWAKE_TEST_OUTPUT=folder make test``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sample-mail.eml").write_bytes(message)
    (folder / "sample-mail.html").write_text(html, encoding="utf-8")
    assert (folder / "sample-mail.html").stat().st_size > 10_000
