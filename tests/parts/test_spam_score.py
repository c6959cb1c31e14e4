"""What a spam filter makes of the mails, as they reach the customer's mail server."""

from collections.abc import Callable
from email.message import EmailMessage

import pytest
from parts.spam import SpamAssassin, Verdict
from parts.specimens import RECIPIENT, STORE, matrix, specimens

pytestmark = pytest.mark.parts

MAILS = specimens() | matrix()

LIMIT = 1.5
"""The usual limit is 5; what local rules leave of it is for the sender's reputation."""


def received(message: bytes, sender: str = STORE.sender_email) -> bytes:
    """``message`` as the customer's mail server would write it down."""
    host = f"mail.{sender.rpartition('@')[2]}"
    # An address for examples (RFC 3849); those of IPv4 are "illegal" to the filter.
    trace = (
        f"Return-Path: <{sender}>\r\n"
        f"Received: from {host} ({host} [IPv6:2001:db8::25])\r\n"
        "\tby mx.example.org (Postfix) with ESMTPS id 4F1B2C3D4E\r\n"
        f"\tfor <{RECIPIENT}>; Mon,  2 Mar 2026 09:30:01 +0000 (UTC)\r\n"
    )
    return trace.encode() + message


@pytest.fixture(scope="module")
def verdicts(spam_filter: SpamAssassin) -> dict[str, Verdict]:
    mails = [received(made.message, made.store.sender_email) for made in MAILS.values()]
    return dict(zip(MAILS, spam_filter.judge(mails), strict=True))


@pytest.mark.parametrize("kind", list(MAILS))
def test_a_mail_is_no_spam(
    verdicts: dict[str, Verdict], kind: str, record_property: Callable[[str, object], None]
) -> None:
    verdict = verdicts[kind]
    rules = ", ".join(f"{rule} {score}" for rule, score in sorted(verdict.hits.items()))
    record_property("spam", f"{kind}: {verdict.score:.1f} ({rules})")  # printed at the end of the run
    assert verdict.score < LIMIT, verdict


def test_the_filter_knows_spam_when_it_sees_it(spam_filter: SpamAssassin) -> None:
    spam = EmailMessage()
    spam["From"] = "Dr. M. Abacha <winner@example.com>"
    spam["To"] = "undisclosed-recipients:;"
    spam["Subject"] = "URGENT!!! YOU HAVE WON $10,500,000.00 USD"
    spam.set_content(
        "Dear Friend, I am the next of kin of a deceased bank manager in Nigeria. I need your help to transfer "
        "the sum of $10,500,000 (TEN MILLION FIVE HUNDRED THOUSAND US DOLLARS) to your bank account. "
        "Buy cheap Viagra and Cialis online, no prescription! 100% guaranteed, act now, risk free!\n"
    )
    (verdict,) = spam_filter.judge([received(spam.as_bytes())])
    assert verdict.score >= 5, verdict


def test_a_test_message_of_the_filter_itself_is_recognised(spam_filter: SpamAssassin) -> None:
    # The GTUBE line of SpamAssassin's documentation, a thousand points.
    line = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
    (verdict,) = spam_filter.judge([received(f"Subject: test\r\n\r\n{line}\r\n".encode())])
    assert verdict.hits["GTUBE"] == 1000
