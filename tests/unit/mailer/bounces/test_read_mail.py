"""What comes back by mail, as servers and people write it, and as nobody should."""

import base64
import email
import email.policy
import random
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
from fakes.returned_mail import NAMES, specimen
from hypothesis import example, given
from hypothesis import strategies as st

from mailer import Links, MailIds
from mailer.bounces import Incoming, Kind, Severity, read_mail, verdict
from mailer.bounces.mime import LONGEST, split

SECRET = "a secret for tests only"
IDS, LINKS = MailIds(SECRET), Links(SECRET, support_email="help@example.com")
JANE = "jane@example.org"


def read(raw: bytes) -> Incoming:
    return read_mail(raw, IDS, LINKS)


def is_jane(address: str) -> bool:
    return address.lower() == JANE


SAID = {
    "postfix-unknown": (Severity.HARD, "5.1.1", JANE),
    "postfix-delayed": (Severity.SOFT, "4.4.1", JANE),
    "postfix-full": (Severity.SOFT, "5.2.2", JANE),
    "postfix-spam": (Severity.ABOUT_US, "5.7.1", JANE),
    "postfix-relayed": (Severity.DELIVERED, "2.0.0", JANE),
    "gmail-no-such-user": (Severity.HARD, "5.1.1", JANE),
    "exchange-not-found": (Severity.HARD, "5.1.10", "Jane@Example.org"),
    "qmail-no-mailbox": (Severity.HARD, "5.1.1", JANE),
    "qmail-queue-too-long": (Severity.SOFT, "4.4.1", JANE),
    "exim-unrouteable": (Severity.HARD, "", JANE),
    "forwarded": (Severity.SOFT, "5.1.1", None),
}
"""Of each bounce: what follows for the one who was mailed."""

KINDS = dict.fromkeys(SAID, (Kind.BOUNCE, 7)) | {
    "unsigned": (Kind.BOUNCE, None),
    "arf-abuse": (Kind.COMPLAINT, 7),
    "arf-not-spam": (Kind.OTHER, None),
    "arf-dmarc-failure": (Kind.OTHER, None),
    "out-of-office": (Kind.AUTO_REPLY, 7),
    "out-of-office-german": (Kind.AUTO_REPLY, 7),
    "unsubscribe-gmail": (Kind.UNSUBSCRIBE, 7),
    "unsubscribe-forwarded": (Kind.UNSUBSCRIBE, 7),
    "person": (Kind.OTHER, None),
}


def test_every_specimen_is_judged() -> None:
    assert sorted(KINDS) == NAMES


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("line_end", [b"\r\n", b"\n", b"\r"])
def test_what_it_is_and_about_which_mail(name: str, line_end: bytes) -> None:
    found = read(specimen(name, IDS, LINKS).replace(b"\r\n", line_end))
    assert (found.kind, found.log_id) == KINDS[name]


@pytest.mark.parametrize("name", SAID)
def test_what_a_bounce_says_of_who_was_mailed(name: str) -> None:
    said = verdict(read(specimen(name, IDS, LINKS)).results, is_jane)
    assert (said.severity, said.status, said.address) == SAID[name]


@pytest.mark.parametrize("name", NAMES)
def test_the_specimens_are_mails_that_the_email_package_reads(name: str) -> None:
    parsed = email.message_from_bytes(specimen(name, IDS, LINKS), policy=email.policy.default)
    assert not [defect for part in parsed.walk() for defect in part.defects]


@pytest.mark.parametrize("name", NAMES)
def test_parts_are_those_of_the_email_package(name: str) -> None:
    raw = specimen(name, IDS, LINKS)

    def is_plain(kind: str) -> bool:
        return kind.partition("/")[0] == "text" and kind != "text/rfc822-headers"

    theirs = [part for part in email.message_from_bytes(raw).walk() if is_plain(part.get_content_type())]
    ours = [part for part in split(raw)[1] if is_plain(part.kind)]
    assert ours
    for mine, other in zip(ours, theirs, strict=False):  # it descends into what is returned, and we don't
        payload = other.get_payload(decode=True)
        assert isinstance(payload, bytes)
        assert mine.kind == other.get_content_type()
        assert mine.content.split() == payload.split()


def test_with_another_secret_nothing_is_about_a_mail_of_ours() -> None:
    for name in NAMES:
        raw = specimen(
            name,
            MailIds("of somebody else, not ours"),
            Links("somebody else's secret", support_email="a@b.test"),
        )
        assert read(raw).log_id is None


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
def test_whatever_happens_to_a_report_it_is_read(name: str, data: st.DataObject) -> None:
    raw = specimen(name, IDS, LINKS)
    start = data.draw(st.integers(0, len(raw)))
    end = data.draw(st.integers(start, min(len(raw), start + 60)))
    found = read(raw[:start] + data.draw(st.binary(max_size=60)) + raw[end:])
    assert found.log_id in {None, 7}


@given(st.binary(max_size=2_000))
@example(b"")
@example(b"\n")
@example(b"Content-Type: multipart/mixed; boundary=\n\n--\n--\n")
@example(b"Subject: =?utf-8?b?////?= =?punycode?q?aaaa?= =?x?q?=\n\n")
@example(b"Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\nA")
def test_any_bytes_are_read(raw: bytes) -> None:
    assert read(raw).log_id is None


def nested(depth: int) -> bytes:
    levels = (
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (level, level) for level in range(depth)
    )
    return b"".join(levels) + b"Content-Type: message/delivery-status\n\nAction: failed\nStatus: 5.1.1\n"


MIXED = b"Content-Type: multipart/mixed; boundary=a\n\n"
STATUS = b"Content-Type: message/delivery-status\n\n"
HOSTILE: dict[str, Callable[[], bytes]] = {
    "deep": lambda: nested(20_000),
    "one boundary for all": lambda: nested(1) + b"--b0\n" * 200_000,
    "nested in itself": lambda: MIXED * 20_000 + b"--a\n" * 50_000,
    "parts": lambda: MIXED + b"--a\nContent-Type: message/rfc822\n\nMessage-ID: <7-aaaaaaaaaaaaaaaa@x>\n" * 30_000,
    "fields": lambda: b"".join(b"X-%d: a\n" % number for number in range(200_000)),
    "one field": lambda: b"To: " + b"7-aaaaaaaaaaaaaaaa " * 100_000,
    "folded": lambda: b"To: a\n" + b" a\n" * 500_000,
    "quotes": lambda: b"Content-Type: multipart/report" + b';"' * 500_000,
    "subject": lambda: b"Subject: " + b"=?utf-8?q?" * 100_000,
    "dots": lambda: b"Subject: " + b"a." * 500_000,
    "groups": lambda: STATUS + b"Final-Recipient: rfc822;a@b\n\n" * 50_000,
    "diagnostic": lambda: STATUS + b"Action: failed\nDiagnostic-Code: " + b"a" * 900_000,
    "punycode": lambda: b"Subject: =?punycode?b?" + base64.b64encode(random.Random(1).randbytes(2_000)) + b"?=\n\n",
    "huge": lambda: b"From: mailer-daemon@example.com\n\n" + b"<a@b>:\n5.1.1 " * 2_000_000,
    "failed recipients": lambda: b"X-Failed-Recipients: " + b"a@b," * 400_000 + b"\n\n5.1.1",
    "encodings": lambda: "From: Zoë <a@b>\nSubject: 自動返信\n\n".encode("utf-16") * 1_000,
}  # fmt: skip


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", HOSTILE)
def test_a_mail_that_is_made_to_cost_time_costs_none(name: str) -> None:
    """Bounded by lines executed: a clock would judge the machine."""
    raw = HOSTILE[name]()
    executed = 0

    def count(_frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal executed
        executed += event == "line"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        found = read(raw)
    finally:
        sys.settrace(before)
    assert found.log_id is None
    assert executed < 400_000


def test_what_lies_behind_the_bound_is_not_looked_at() -> None:
    report = specimen("postfix-unknown", IDS, LINKS)
    padded = b"X-Padding: " + b"a" * LONGEST + b"\r\n" + report
    assert read(padded).kind is Kind.OTHER


def test_a_report_within_a_forwarded_mail_is_no_report() -> None:
    forwarded = b"To: help@example.com\n" + MIXED + b"--a\nContent-Type: message/rfc822\n\n"
    assert read(forwarded + specimen("postfix-unknown", IDS, LINKS)).kind is Kind.OTHER


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        ("Auto-Submitted: auto-replied", Kind.AUTO_REPLY),
        ("Auto-Submitted: no", Kind.OTHER),
        ("X-Autoreply: yes", Kind.AUTO_REPLY),
        ("Precedence: auto_reply", Kind.AUTO_REPLY),
        ("Precedence: bulk", Kind.OTHER),
        ("Subject: Out of Office", Kind.OTHER),
        ("Subject: Out of Office\nPrecedence: bulk", Kind.AUTO_REPLY),
        ("Subject: =?utf-8?b?6Ieq5YuV6L+U5L+h?=\nX-Auto-Response-Suppress: All", Kind.AUTO_REPLY),
        ("Subject: R\xe9ponse automatique\nReturn-Path: <>", Kind.AUTO_REPLY),
    ],
)
def test_automatic_replies_are_told_by_a_header(header: str, kind: Kind) -> None:
    assert read(f"To: bounce@example.com\n{header}\n\nI am away.".encode("latin-1")).kind is kind


@pytest.mark.parametrize(
    "text",
    [
        "Subject: Re: unsubscribe {token}\n\n",
        "Subject: unsubscribe\n {token}\n\n",
        "Subject: unsubscribe%20{token}\n\n",
        "Subject: unsubscribe\n\n\n  {token}  \nmore",
        "Subject: unsubscribe {token}\nAuto-Submitted: auto-generated\n\n",
    ],
)
def test_an_unsubscribe_token_is_found_in_the_subject_or_the_first_line(text: str) -> None:
    assert read(text.format(token=LINKS.token(7)).encode()) == Incoming(Kind.UNSUBSCRIBE, 7)


@pytest.mark.parametrize(
    "text",
    [
        "Subject: unsubscribe\n\nHello,\n{token}",
        "Subject: unsubscribe\nX-Token: {token}\n\nHello",
        "Subject: unsubscribe {cut}\n\n",
    ],
)
def test_a_token_elsewhere_or_cut_unsubscribes_nobody(text: str) -> None:
    token = LINKS.token(7)
    assert read(text.format(token=token, cut=token[:-1]).encode()).kind is Kind.OTHER
