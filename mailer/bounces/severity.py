"""What the codes of a delivery status tell about the recipient (RFC 3463, RFC 3464). Pure."""

import enum
import re

from mailer.refusal_words import ADDRESS, LIMIT, NO_MAILBOX, NO_SUCH_MAILBOX, OF_SENDING
from mailer.refusals import About, known


class Severity(enum.StrEnum):
    """From what tells most about the recipient to what tells nothing."""

    HARD = "hard"  # there is no such mailbox
    SOFT = "soft"  # it could not be reached, for now or for a reason that may pass
    ABOUT_US = "about_us"  # policy, spam, size: the mailbox may be well
    DELIVERED = "delivered"  # no bounce at all


_CODE = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_REPLY = re.compile(r"(?<![\d.])([45]\d\d)(?![\d.])")
_BEFORE = re.compile(r"^\s*(?:[\w-]+\s*;)?\s*(?:\d{3}[ -])?")
"""What stands before a server's words in Diagnostic-Code: ``smtp; 550 ``."""

_ARRIVED = frozenset({"delivered", "relayed", "expanded"})
_OF_THE_MESSAGE = frozenset({"5.2.3", "5.3.4"})  # too large
_OF_THE_SENDER = frozenset({"5.1.7", "5.1.8"})
_FILTERED = re.compile(r"\bspam|\bblock(?:ed|list)|\bblacklist|\bpolicy\b|\breputation\b", re.IGNORECASE)


_TOLD = {
    About.GONE: Severity.HARD, About.FULL: Severity.SOFT, About.US: Severity.ABOUT_US,
    About.US_NOW: Severity.ABOUT_US, About.MESSAGE: Severity.ABOUT_US,
}  # fmt: skip
"""What the large providers' words mean for the recipient."""


def codes_in(text: str) -> list[str]:
    """The enhanced status codes within a text (``5.1.1``), without addresses of hosts."""
    return [found[0] for found in _CODE.finditer(text)]


def severity(action: str, status: str, diagnostic: str) -> Severity:
    """Of one recipient's fields Action, Status and Diagnostic-Code, each "" where there is none."""
    action = action.strip().lower().partition(" ")[0]
    if action in _ARRIVED:
        return Severity.DELIVERED
    codes = [*codes_in(status), *codes_in(diagnostic)]
    code = telling(codes)
    words = ADDRESS.sub("", diagnostic)
    told = _told(words) if code[:1] in {"", "5"} and action != "delayed" else None
    if told is not None:
        return told
    if any(each.split(".")[1] == "7" for each in codes):
        return Severity.ABOUT_US
    if action == "delayed" or code.startswith("4"):
        return Severity.SOFT
    if code.startswith("2"):
        return Severity.DELIVERED
    return _failed(code, words)


def _told(words: str) -> Severity | None:
    about = known(_BEFORE.sub("", words, count=1))
    return None if about is None else _TOLD[about]


def telling(codes: list[str]) -> str:
    """The first code that says more than its class (5.0.0), else the first; "" of none."""
    return next((code for code in codes if not code.endswith(".0.0")), codes[0] if codes else "")


def _failed(code: str, words: str) -> Severity:
    """Of a recipient that was given up. In doubt it may pass: soft ones must come often to count."""
    if code in _OF_THE_SENDER | _OF_THE_MESSAGE or code.startswith("5.6."):
        return Severity.ABOUT_US
    about_us = OF_SENDING.search(words) or _FILTERED.search(words)
    if code in NO_SUCH_MAILBOX:
        if about_us:
            return Severity.ABOUT_US
        return Severity.SOFT if LIMIT.search(words) else Severity.HARD
    # Codes that say nothing (5.0.0, 5.5.0), or none: then the words do.
    named = NO_MAILBOX.search(words) and code.rpartition(".")[2] in {"0", ""}
    reply = _REPLY.search(words)
    if named and not about_us and (reply is None or reply[1].startswith("5")):
        return Severity.HARD
    return Severity.SOFT
