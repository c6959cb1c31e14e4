"""What a mail is that came to the bounce address: whoever sent it, it is read in bounded time and raises nothing. Pure.

A mail says which mail of ours it is about by the signed id in the address that it went to (VERP), or in the Message-ID
of what it returns or answers. Where it can't, it is counted, and nothing follows from it: anybody can write a report.
"""

import enum
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mailer.bounces import delivery_status
from mailer.bounces.automatic import is_automatic
from mailer.bounces.mime import Fields, Part, decoded, fields_of, first, split
from mailer.bounces.verdict import Result
from mailer.links import Links
from mailer.mail_ids import MailIds
from mailer.tokens import InvalidTokenError


class Kind(enum.StrEnum):
    """The sorts of mails that come back."""

    BOUNCE = "bounce"
    COMPLAINT = "complaint"
    AUTO_REPLY = "auto_reply"
    UNSUBSCRIBE = "unsubscribe"
    OTHER = "other"  # for a person to look at


@dataclass(frozen=True, slots=True)
class Incoming:
    """``log_id``: the row whose mail it is about, by a signed id; None where it has none. ``results``: of a bounce."""

    kind: Kind
    log_id: int | None = None
    results: Sequence[Result] = ()


_DELIVERED_TO = (
    "to",
    "delivered-to",
    "x-original-to",
    "envelope-to",
    "x-envelope-to",
    "x-forwarded-to",
    "cc",
)
_ANSWERS = ("in-reply-to", "references")
_OF_THE_RETURNED = ("message-id", "return-path", "x-original-message-id")
_RETURNED = frozenset({"message/rfc822", "text/rfc822-headers", "message/rfc822-headers", "message/global",
                       "message/global-headers"})  # fmt: skip
_COMPLAINTS = frozenset({"abuse", "fraud", "opt-out", "opt-out-list"})
"""Of the types of RFC 5965 and its registry; auth-failure (DMARC) and not-spam are none."""

_LINE = 1_000
"""Characters of a line or field that a token is looked for in."""


def read_mail(raw: bytes, ids: MailIds, links: Links) -> Incoming:
    """What the mail is. ``links`` reads unsubscribe tokens, ``ids`` the ids of our mails."""
    fields, parts = split(raw)
    kinds = {part.kind for part in parts}
    if "message/feedback-report" in kinds:
        return _complaint(fields, parts, ids)
    if kinds & delivery_status.KINDS:
        results = [
            result
            for part in parts
            if part.kind in delivery_status.KINDS
            for result in delivery_status.results_of(part)
        ]
        return Incoming(Kind.BOUNCE, _about(fields, parts, ids), results)
    text = next((part.text for part in parts if part.kind == "text/plain"), "")
    unsubscribed = _unsubscribed(fields, text, links)
    if unsubscribed is not None:
        return Incoming(Kind.UNSUBSCRIBE, unsubscribed)
    about = _about(fields, parts, ids)
    plain = delivery_status.plain_results(fields, text)
    if plain is not None:
        return Incoming(Kind.BOUNCE, about, plain)
    if "message/disposition-notification" in kinds or is_automatic(fields):
        return Incoming(Kind.AUTO_REPLY, about)
    return Incoming(Kind.OTHER)


def _complaint(fields: Fields, parts: Sequence[Part], ids: MailIds) -> Incoming:
    report = next(part for part in parts if part.kind == "message/feedback-report")
    what = first(fields_of(report.content), "feedback-type").partition(";")[0].strip().lower()
    return (
        Incoming(Kind.COMPLAINT, _about(fields, parts, ids)) if what in _COMPLAINTS else Incoming(Kind.OTHER)
    )


def _about(fields: Fields, parts: Sequence[Part], ids: MailIds) -> int | None:
    """The row whose mail it is about."""
    found = (ids.find(value[:_LINE]) for value in _places(fields, parts))
    return next((log_id for log_id in found if log_id is not None), None)


def _places(fields: Fields, parts: Sequence[Part]) -> Iterator[str]:
    """Where ids stand: what says it best comes first, and of each kind no more than a few."""
    for name in _DELIVERED_TO:
        yield from fields.get(name, ())[:3]
    for part in parts:
        if part.kind in _RETURNED:
            returned = fields_of(part.content)
            for name in _OF_THE_RETURNED:
                yield from returned.get(name, ())[:1]
    for name in _ANSWERS:
        yield from fields.get(name, ())[:1]


def _unsubscribed(fields: Fields, text: str, links: Links) -> int | None:
    """The row whose unsubscribe token stands in the subject, or in the first line that is not empty."""
    line = text.lstrip()[:_LINE].partition("\n")[0]
    for place in (decoded(first(fields, "subject"))[:_LINE], line):
        try:
            log_id = links.read(place)
        except InvalidTokenError:
            continue
        if isinstance(log_id, int):
            return log_id
    return None
