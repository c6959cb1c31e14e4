"""The sender against a real SMTP server on 127.0.0.1: deliveries, and connections that are used again or lost."""

import asyncio

import pytest
from aiosmtpd.smtp import SMTP
from fakes.mail_server import break_off, fall_silent, hang_up
from fakes.smtp_inbox import BODY, FROM, TO, Hook, Inbox, Serve, settings
from fakes.waiting import until

from mailer import (
    OutcomeUnknownError,
    RetryLaterError,
    SenderStoppedError,
    SmtpSender,
    UnreachableError,
    WithdrawnError,
)


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
        break_off(inbox.servers[0])
        await sender.send(FROM, TO, BODY)
    assert len(inbox.sessions) == 2


async def test_prepared_connections_are_live_ones_and_opened_once(serve: Serve) -> None:
    inbox = Inbox()
    async with SmtpSender(settings(await serve(inbox), connections=3)) as sender:
        assert not sender.ready(1)
        await sender.prepare(2)
        assert (sender.ready(2), sender.ready(3), len(inbox.servers)) == (True, False, 2)
        break_off(inbox.servers[1])
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

    async def still_wanted() -> bool:
        return answers.pop(0)

    async with SmtpSender(settings(await serve(inbox))) as sender:
        with pytest.raises(WithdrawnError):
            await sender.send(FROM, TO, BODY, still_wanted=still_wanted)
        await sender.send(FROM, TO, BODY, still_wanted=still_wanted)
    assert (len(inbox.mails), len(inbox.sessions)) == (1, 1)


@pytest.mark.parametrize("reply", [hang_up, "421 4.4.2 idle for too long"])
async def test_a_pooled_connection_that_the_server_gave_up_costs_no_retry(serve: Serve, reply: Hook) -> None:
    inbox = Inbox({"MAIL": ["250 OK", reply, "250 OK"]})
    async with SmtpSender(settings(await serve(inbox))) as sender:
        await sender.send(FROM, TO, BODY)
        await sender.send(FROM, TO, BODY)
    assert len(inbox.mails) == 2


@pytest.mark.parametrize("stage", ["MAIL", "RCPT"])
async def test_a_connection_lost_before_the_message_is_tried_later(serve: Serve, stage: str) -> None:
    inbox = Inbox({stage: [hang_up]})
    async with SmtpSender(settings(await serve(inbox))) as sender:
        with pytest.raises(RetryLaterError, match="before it took the message") as raised:
            await sender.send(FROM, TO, BODY)
        assert not isinstance(raised.value, UnreachableError), (
            "it takes others: this may be about the message"
        )
        assert sender.slots.free == sender.slots.total
        assert sender.ready(1)


@pytest.mark.parametrize("messages_before", [0, 1])
async def test_a_server_that_is_gone_says_nothing_of_the_message(messages_before: int) -> None:
    """It hangs up, and no new connection is to be had."""
    inbox = Inbox()
    server = await inbox.serve()
    async with SmtpSender(settings(server.sockets[0].getsockname()[1])) as sender:
        for _ in range(messages_before):
            await sender.send(FROM, TO, BODY)

        async def goes_down(connection: SMTP) -> str:
            server.close()
            return await hang_up(connection)

        inbox.replies["RCPT"] = [goes_down]
        with pytest.raises(UnreachableError, match="can't be reached"):
            await sender.send(FROM, TO, BODY)
    assert len(inbox.mails) == messages_before


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
            break_off(self)

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
