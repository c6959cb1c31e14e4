import aiosmtplib
import pytest

from mailer import (
    MailboxRefusedError,
    RefusedUsError,
    RejectedForeverError,
    RetryLaterError,
    SendError,
    SenderStoppedError,
    SmtpSettings,
)
from mailer.refusals import REFUSALS, About, Refusal
from mailer.smtp_replies import classified, refuses_us


@pytest.mark.parametrize(
    ("code", "reply"),
    [
        (554, "5.7.1 <jane@example.org>: Relay access denied"),  # Postfix
        (554, "5.7.1 <unknown[192.0.2.1]>: Client host rejected: Access denied"),
        (553, "5.7.1 <shop@example.com>: Sender address rejected: not owned by user jo"),
        (550, "relay not permitted"),  # Exim
        (550, "Sender verify failed"),
        (550, "5.7.1 <jane@example.org>... Relaying denied"),  # Sendmail
        (550, "5.7.54 SMTP; Unable to relay recipient in non-accepted domain"),  # Exchange
        (550, "5.7.57 Client was not authenticated to send anonymous mail during MAIL FROM"),
    ],
)
def test_a_recipient_that_is_refused_for_who_we_are_stops_us(code: int, reply: str) -> None:
    assert refuses_us(aiosmtplib.SMTPRecipientRefused(code, reply, "jane@example.org"))


@pytest.mark.parametrize(
    ("code", "reply"),
    [
        (550, "5.1.1 <jane@example.org>: Recipient address rejected: User unknown in virtual mailbox table"),
        (550, "5.1.1 <jane@example.org>: Recipient address rejected: undeliverable: said: 550 no relaying"),
        (550, "5.1.1 <jane@relay.example.org>: User unknown"),
        (550, "5.1.1 <client@example.org>: recipient rejected"),
        (550, "5.1.1 The email account that you tried to reach does not exist."),
        (552, "5.2.2 mailbox full"),
        (550, "5.7.1 Message rejected as spam"),
        (454, "4.7.1 <jane@example.org>: Relay access denied"),  # passes: it is tried again
    ],
)
def test_what_is_the_recipients_own_affair_stops_nobody(code: int, reply: str) -> None:
    assert not refuses_us(aiosmtplib.SMTPRecipientRefused(code, reply, "jane@example.org"))


def test_a_refused_message_is_about_the_message() -> None:
    assert not refuses_us(aiosmtplib.SMTPDataError(554, "5.7.1 relay says: spam"))


RAISES: dict[About, type[SendError]] = {
    About.US: RefusedUsError,
    About.US_NOW: RetryLaterError,
    About.GONE: MailboxRefusedError,
    About.FULL: MailboxRefusedError,
    About.MESSAGE: RejectedForeverError,
}


@pytest.mark.parametrize("kind", [aiosmtplib.SMTPRecipientRefused, aiosmtplib.SMTPDataError])
@pytest.mark.parametrize("row", REFUSALS, ids=lambda row: f"{row.by}: {row.reply[:40]}")
def test_each_line_of_the_table_is_told_apart(
    row: Refusal, kind: type[aiosmtplib.SMTPResponseException]
) -> None:
    code, _, words = row.reply.partition(" ")
    to = ("jane@example.org",) if kind is aiosmtplib.SMTPRecipientRefused else ()
    with pytest.raises(SendError) as caught, classified(SmtpSettings("127.0.0.1", tls="none")):
        raise kind(int(code), words, *to)
    stops = (
        isinstance(caught.value, SenderStoppedError) and row.about is About.US
    )  # in words that need no table
    assert stops or type(caught.value) is RAISES[row.about]
    assert caught.value.code == int(code)
    if isinstance(caught.value, MailboxRefusedError):
        assert caught.value.gone is (row.about is About.GONE)


def test_each_line_of_the_table_has_a_use_of_its_own() -> None:
    for row in REFUSALS:
        assert row.source.startswith("https://")
        assert row.match.search(row.reply.partition(" ")[2]), row.reply
    first = {
        next(one for one in REFUSALS if one.match.search(row.reply.partition(" ")[2])) for row in REFUSALS
    }
    assert first == set(REFUSALS), "a line above takes all that this one is for"


def test_what_a_server_quotes_of_another_is_not_about_us() -> None:
    error = aiosmtplib.SMTPRecipientRefused(
        550, "5.1.1 Recipient address rejected: undeliverable address: mx said: 554 5.7.1 Relay access denied",
        "jane@example.org",
    )  # fmt: skip
    assert not refuses_us(error)


def refused(kind: type[aiosmtplib.SMTPResponseException], code: int, reply: str) -> SendError:
    to = ("jane@example.org",) if kind is aiosmtplib.SMTPRecipientRefused else ()
    settings = SmtpSettings("127.0.0.1", tls="none")
    with pytest.raises(SendError) as caught, classified(settings):
        raise kind(code, reply, *to)
    return caught.value


@pytest.mark.parametrize("kind", [aiosmtplib.SMTPRecipientRefused, aiosmtplib.SMTPDataError])
@pytest.mark.parametrize(
    ("code", "reply", "gone"),
    [
        (
            550,
            "5.1.1 <jane@example.org>: Recipient address rejected: User unknown in virtual mailbox table",
            True,
        ),
        (550, "5.1.10 null MX", True),
        (550, "5.1.2 no such domain", True),
        (550, "5.2.1 The email account that you tried to reach is disabled", True),
        (552, "5.2.2 The email account that you tried to reach is over quota", False),
    ],
)
def test_a_refusal_of_a_mailbox_is_told_from_all_others(
    kind: type[aiosmtplib.SMTPResponseException], code: int, reply: str, gone: bool
) -> None:
    error = refused(kind, code, reply)
    assert isinstance(error, MailboxRefusedError)
    assert (error.gone, error.code) == (gone, code)


@pytest.mark.parametrize(
    ("code", "reply"),
    [
        (554, "5.2.252 SendAsDenied; shop@example.com not allowed to send as sales@example.com"),
        (552, "5.2.3 message too long"),
        (550, "5.1.8 <shop@example.com>: sender's domain does not exist"),
        (550, "5.1.7 bad address of the sender"),
        (554, "5.7.1 Service unavailable; Unverified host [192.0.2.1] blocked using zen.spamhaus.org"),
        (550, "max emails per hour exceeded"),
        (554, "Message rejected: Email address is not verified."),
        (550, "5.1.1.9 is no status"),
        (552, "quota exceeded"),
        (
            550,
            "5.1.90 Your message can't be sent because you've reached your daily limit for message recipients",
        ),
        (550, "5.1.0 Sender denied"),
        (550, "The sender domain does not exist"),
        (550, "5.1.1 too many recipients: rate of this account exceeded"),
        (550, "5.2.1 The user you are trying to contact is receiving mail at a rate that prevents delivery"),
        (552, "5.2.2 Sending quota exceeded"),
    ],
)
@pytest.mark.parametrize("kind", [aiosmtplib.SMTPRecipientRefused, aiosmtplib.SMTPDataError])
def test_a_refusal_that_may_be_of_all_is_of_no_mailbox(
    kind: type[aiosmtplib.SMTPResponseException], code: int, reply: str
) -> None:
    assert not isinstance(refused(kind, code, reply), MailboxRefusedError)


@pytest.mark.parametrize(
    "reply",
    ["No such user here", "<jane@example.org>: User unknown", "unknown recipient", "mailbox does not exist"],
)
def test_a_server_without_status_codes_names_the_mailbox_in_words_at_rcpt_only(reply: str) -> None:
    assert isinstance(refused(aiosmtplib.SMTPRecipientRefused, 550, reply), MailboxRefusedError)
    assert not isinstance(refused(aiosmtplib.SMTPDataError, 550, reply), MailboxRefusedError)
