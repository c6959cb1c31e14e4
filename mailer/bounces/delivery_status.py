"""Delivery status notifications: those of RFC 3464, and plain texts of servers that write none. Pure."""

import re
from collections.abc import Sequence

from mailer.bounces.mime import Fields, Part, first, groups_of
from mailer.bounces.severity import codes_in, severity, telling
from mailer.bounces.verdict import Result

KINDS = frozenset({"message/delivery-status", "message/global-delivery-status"})

_XTEXT = re.compile(r"\+([0-9A-F]{2})")
_DIAGNOSTIC = 1_000
"""Characters of a server's words that are looked at."""

_TEXT = 20_000
_COPY_BEGINS = re.compile(
    r"^-+ ?(?:Below this line is a copy|This is a copy of|Original message|Enclosed is a copy)",
    re.MULTILINE | re.IGNORECASE,
)
"""What is behind it was written by the mail's author (qmail, Exim, others)."""

_QMAIL = "Hi. This is the qmail-send program"
_GAVE_UP = re.compile(r"I've given up|I wasn't able to deliver")
_NAMED = re.compile(r"^<([^<>\s@]{1,64}@[^<>\s@]{1,255})>:?", re.MULTILINE)
_SYSTEM = re.compile(r"(?:^|[<\s\"])mailer-daemon@", re.IGNORECASE)


def results_of(part: Part) -> list[Result]:
    """Each recipient of a delivery status. A group without any of the fields that we read tells of none."""
    found = [_result(group) for group in groups_of(part.content)]
    return [result for result in found if result is not None]


def plain_results(fields: Fields, text: str) -> list[Result] | None:
    """What a plain text of a mail server says; None where it is no such text."""
    named = [
        address.strip() for value in fields.get("x-failed-recipients", ()) for address in value.split(",")
    ]
    if not (named or _QMAIL in text[:_TEXT] or _SYSTEM.search(first(fields, "from"))):
        return None
    copy = _COPY_BEGINS.search(text[:_TEXT])
    words = text[: copy.start() if copy else _TEXT]
    codes = codes_in(words)
    if not codes and not named and not _GAVE_UP.search(words):
        return None
    named += _NAMED.findall(words)
    addresses = tuple(dict.fromkeys(address for address in named if address))[:20]
    code = telling(codes)
    # One text tells of one recipient, since each mail of ours has one.
    return [Result(severity("failed", code, words[:_DIAGNOSTIC]), addresses, code)]


def _result(group: Fields) -> Result | None:
    recipient = _addresses(group, ("original-recipient", "final-recipient", "x-actual-recipient"))
    action, status = first(group, "action"), first(group, "status")
    diagnostic = first(group, "diagnostic-code")[:_DIAGNOSTIC]
    if not (recipient or action or status):
        return None
    if not (action or status or diagnostic):  # the message's own group, with a recipient in it
        return None
    code = telling([*codes_in(status), *codes_in(diagnostic)])
    return Result(severity(action, status, diagnostic), recipient, code)


def _addresses(group: Fields, names: Sequence[str]) -> tuple[str, ...]:
    """``rfc822; jane@example.com``; one that came by ORCPT is in xtext (RFC 3461, 4)."""
    found = []
    for name in names:
        kind, semicolon, address = first(group, name).partition(";")
        address = (address if semicolon else kind).strip().strip("<>")
        found.append(address)
        found.append(_XTEXT.sub(lambda code: chr(int(code[1], 16)), address))
    return tuple(dict.fromkeys(address for address in found if "@" in address and len(address) <= 320))
