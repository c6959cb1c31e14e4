"""The sender against a real mail server, as a shop has one."""

import asyncio
import email
import email.policy
import re
from collections.abc import AsyncIterator, Iterator

import pytest
from parts import specimens as made
from parts.postfix import DOMAIN, PASSWORD, USER, Postfix
from parts.specimens import RECIPIENT, Specimen, specimens

from mailer import (
    RejectedForeverError,
    RetryLaterError,
    SenderStoppedError,
    SmtpSender,
    SmtpSettings,
    build,
    message_id,
    parse_address,
)

pytestmark = pytest.mark.parts

# Each is added by Postfix on delivery, above the message.
ADDED = re.compile(rb"(?:Return-Path|X-Original-To|Delivered-To|Received):.*\n(?:[ \t].*\n)*")


@pytest.fixture(autouse=True)
def _empty_mailboxes(mail_server: Postfix) -> Iterator[None]:
    yield
    mail_server.empty_mailboxes()


def settings(server: Postfix, **changes: object) -> SmtpSettings:
    given = {"user": USER, "password": PASSWORD, "tls_context": server.trust, "timeout": 20.0} | changes
    return SmtpSettings("127.0.0.1", server.port, **given)  # type: ignore[arg-type] # each is of its field's type


@pytest.fixture
async def sender(mail_server: Postfix) -> AsyncIterator[SmtpSender]:
    async with SmtpSender(settings(mail_server)) as sender:
        yield sender


def without_added(stored: bytes) -> bytes:
    """The mail as it was before delivery."""
    while found := ADDED.match(stored):
        stored = stored[found.end() :]
    return stored


@pytest.mark.parametrize("kind", list(specimens()))
async def test_a_mail_arrives_as_it_was_built(mail_server: Postfix, sender: SmtpSender, kind: str) -> None:
    specimen = specimens()[kind]
    await sender.send(USER, RECIPIENT, specimen.message)
    (stored,) = mail_server.mailbox("jane.doe", 1)
    # Byte for byte, headers included; only the line ends are the disk's.
    assert without_added(stored) == specimen.message.replace(b"\r\n", b"\n")
    assert_unsubscribes(stored, specimen)


def assert_unsubscribes(stored: bytes, specimen: Specimen) -> None:
    read = email.message_from_bytes(stored, policy=email.policy.default)
    for name, value in specimen.mail.unsubscribe.headers:
        assert " ".join(str(read[name]).split()) == value
    body = read.get_body(("html",))
    assert body is not None
    assert body.get_content().splitlines() == specimen.rendered.html.splitlines()


async def test_everything_travels_encrypted_and_logged_in(mail_server: Postfix, sender: SmtpSender) -> None:
    before = len(mail_server.log())
    await sender.send(USER, RECIPIENT, specimens()["bare"].message)
    mail_server.mailbox("jane.doe", 1)
    assert mail_server.logged("TLS connection established", before)
    assert mail_server.logged(f"sasl_username={USER}", before)


@pytest.mark.parametrize("method", ["PLAIN", "LOGIN", "CRAM-MD5"])
async def test_every_login_that_we_know_is_understood(
    mail_server: Postfix, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    monkeypatch.setattr("mailer.login._METHODS", (method.lower(),))
    before = len(mail_server.log())
    async with SmtpSender(settings(mail_server)) as sender:
        await sender.send(USER, RECIPIENT, specimens()["bare"].message)
    mail_server.mailbox("jane.doe", 1)
    assert mail_server.logged(f"sasl_method={method}, sasl_username={USER}", before)


async def test_a_wrong_password_stops_the_sender_and_is_never_shown(mail_server: Postfix) -> None:
    wrong = "not the password at all"
    async with SmtpSender(settings(mail_server, password=wrong)) as sender:
        with pytest.raises(SenderStoppedError, match="535") as caught:
            await sender.send(USER, RECIPIENT, specimens()["bare"].message)
    assert wrong not in str(caught.value)
    assert wrong not in mail_server.log()


async def test_a_server_that_wants_a_login_stops_the_sender_that_has_none(mail_server: Postfix) -> None:
    # Postfix says so when the recipient is named: it must not be taken for the recipient's fault.
    async with SmtpSender(settings(mail_server, user=None, password=None)) as sender:
        with pytest.raises(SenderStoppedError, match=r"554 5\.7\.1 .*SMTP_USER"):
            await sender.send(USER, RECIPIENT, specimens()["bare"].message)
        with pytest.raises(SenderStoppedError, match=r"554 5\.7\.1"):
            await sender.verify()
        assert sender.stopped


async def test_verifying_finds_a_missing_login_before_any_mail_is_due(mail_server: Postfix) -> None:
    async with SmtpSender(settings(mail_server, user=None, password=None)) as sender:
        with pytest.raises(SenderStoppedError, match=r"554 5\.7\.1"):
            await sender.verify(USER)
    async with SmtpSender(settings(mail_server)) as sender:
        await sender.verify(USER)
        assert sender.stopped is None


async def test_a_certificate_that_nobody_vouches_for_is_not_trusted(mail_server: Postfix) -> None:
    async with SmtpSender(settings(mail_server, tls_context=None)) as sender:
        with pytest.raises(SenderStoppedError, match="certificate"):
            await sender.send(USER, RECIPIENT, specimens()["bare"].message)


async def test_an_unknown_recipient_is_refused_for_good(mail_server: Postfix, sender: SmtpSender) -> None:
    with pytest.raises(RejectedForeverError, match="User unknown") as caught:
        await sender.send(USER, f"nobody@{DOMAIN}", specimens()["bare"].message)
    assert caught.value.code == 550
    assert f"nobody@{DOMAIN}" not in str(caught.value)
    await sender.send(USER, RECIPIENT, specimens()["bare"].message)
    assert len(mail_server.mailbox("jane.doe", 1)) == 1


async def test_a_greylisted_mail_arrives_at_the_second_try(mail_server: Postfix, sender: SmtpSender) -> None:
    message = specimens()["bare"].message
    with pytest.raises(RetryLaterError, match="Greylisted") as caught:
        await sender.send(USER, f"grey@{DOMAIN}", message)
    assert caught.value.code == 450
    await sender.send(USER, f"grey@{DOMAIN}", message)
    (stored,) = mail_server.mailbox("grey", 1)
    assert without_added(stored) == message.replace(b"\r\n", b"\n")


async def test_a_server_that_hangs_up_after_many_refusals_costs_no_mail(
    mail_server: Postfix, sender: SmtpSender
) -> None:
    # More errors than Postfix takes on one connection: it answers 421 and closes.
    for number in range(12):
        with pytest.raises((RejectedForeverError, RetryLaterError)):
            await sender.send(USER, f"nobody{number}@{DOMAIN}", specimens()["bare"].message)
    await sender.send(USER, RECIPIENT, specimens()["bare"].message)
    assert len(mail_server.mailbox("jane.doe", 1)) == 1
    assert mail_server.logged("too many errors")


async def test_an_address_beyond_ascii_arrives(mail_server: Postfix, sender: SmtpSender) -> None:
    address = parse_address(f"用户@{DOMAIN}")
    specimen = specimens()["japanese"]
    message = build(
        specimen.rendered,
        store=made.STORE,
        recipient=address,
        message_id=message_id(9, DOMAIN),
        date=made.DATE,
        unsubscribe=specimen.mail.unsubscribe,
    )
    await sender.send(USER, address.mailbox, message)
    (stored,) = mail_server.mailbox("用户", 1)
    assert without_added(stored) == message.replace(b"\r\n", b"\n")


async def test_two_hundred_mails_go_through_four_connections(mail_server: Postfix) -> None:
    specimen = specimens()["tier-1"]
    before = len(mail_server.log())
    async with SmtpSender(settings(mail_server, connections=4, max_messages=200)) as sender:

        async def send(number: int) -> None:
            message = build(
                specimen.rendered,
                store=made.STORE,
                recipient=parse_address(RECIPIENT),
                message_id=message_id(number, DOMAIN),
                date=made.DATE,
                unsubscribe=specimen.mail.unsubscribe,
            )
            await sender.send(USER, RECIPIENT, message)

        await asyncio.gather(*(send(number) for number in range(200)))
    stored = mail_server.mailbox("jane.doe", 200)
    found = {email.message_from_bytes(mail)["Message-ID"] for mail in stored}
    assert found == {message_id(number, DOMAIN) for number in range(200)}
    assert len(stored) == 200
    # The goodbyes come last.
    assert mail_server.logged("quit=1", before)
    assert mail_server.log()[before:].count(": connect from") == 4


async def test_a_restart_of_the_server_is_got_over(mail_server: Postfix, sender: SmtpSender) -> None:
    message = specimens()["bare"].message
    before = len(mail_server.log())
    await sender.send(USER, RECIPIENT, message)
    # Killed between the mailbox and its queue, Postfix delivers once more at its next start.
    assert mail_server.logged(": removed", before)
    await asyncio.to_thread(mail_server.stop)
    with pytest.raises(RetryLaterError):
        await sender.send(USER, RECIPIENT, message)
    await asyncio.to_thread(mail_server.start)
    await sender.send(USER, RECIPIENT, message)
    assert len(mail_server.mailbox("jane.doe", 2)) == 2
