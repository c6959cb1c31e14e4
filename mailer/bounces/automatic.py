"""Replies that nobody wrote: out of office, tickets, read receipts (RFC 3834). Pure."""

import re

from mailer.bounces.mime import Fields, decoded, first

_SURE = ("x-autoreply", "x-autorespond", "x-autoreply-from", "x-mail-autoreply", "x-auto-reply")
_PRECEDENCE = frozenset({"auto_reply", "auto-reply"})
_LIKELY_PRECEDENCE = frozenset({"bulk", "junk", "list"})
_SUBJECT = re.compile(
    r"\bout of (?:the )?office|\bauto(?:matic)?[- ]?(?:reply|response)|\baway from\b|\bon vacation|\bon leave\b"
    r"|\babwesen|\bautomatische (?:antwort|r[üu]ckmeldung)|\bnicht im (?:b[üu]ro|haus)|\burlaub"
    r"|\br[ée]ponse automatique|\babsen(?:ce|te?|za)\b|\bcong[ée]s"
    r"|\brespuesta autom[áa]tica|\bfuera de (?:la )?oficina|\bvacaciones"
    r"|\brisposta automatica|\bfuori (?:ufficio|sede)|\bferie\b"
    r"|\bautomatisch antwoord|\bafwezig|\bautomatyczna odpowied|\bnieobecn|\bresposta autom[áa]tica|\baus[êe]ncia"
    r"|自動(?:返信|応答)|不在",
    re.IGNORECASE,
)
"""Of replies in the languages that mails are written in. A person may write such a subject, too."""


def is_automatic(fields: Fields) -> bool:
    """By a header that says so; by the subject only beside a header that makes it likely."""
    submitted = first(fields, "auto-submitted").partition(";")[0].strip().lower()
    if submitted not in {"", "no"} or any(name in fields for name in _SURE):
        return True
    precedences = {
        value.strip().lower() for name in ("precedence", "x-precedence") for value in fields.get(name, ())
    }
    if precedences & _PRECEDENCE:
        return True
    likely = (
        precedences & _LIKELY_PRECEDENCE
        or "x-auto-response-suppress" in fields
        or first(fields, "return-path").strip() == "<>"
    )
    return bool(likely) and _SUBJECT.search(decoded(first(fields, "subject"))) is not None
