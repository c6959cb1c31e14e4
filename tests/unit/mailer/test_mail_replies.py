import aiosmtplib
import pytest

from mailer.smtp_replies import refuses_us


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
