"""What the words and codes of a refusal tell about whom it means: in SMTP's replies, and in reports. Pure."""

import re

NO_SUCH_MAILBOX = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})
"""RFC 3463's codes that tell of the recipient alone; 5.1.0 and 5.1.90, say, may mean the sender."""

OF_SENDING = re.compile(r"\bsend(?:er|ing)\b", re.IGNORECASE)
LIMIT = re.compile(r"\blimit|\bquota|\brate\b", re.IGNORECASE)
"""Words of a refusal that tells of us, or of now, whatever its code says: nobody's address is given up for it."""

NO_MAILBOX = re.compile(
    r"\bno such (?:user|mailbox|recipient|address)|\b(?:user|mailbox|recipient|address) (?:is )?(?:unknown|not found)"
    r"|\bunknown (?:user|mailbox|recipient)|\bdoes(?: not|n't) exist",
    re.IGNORECASE,
)
"""The same as those codes, where a server gives none."""

ADDRESS = re.compile(r"[^\s<>@:;,\"'()]+@[^\s<>@:;,\"'()]+")
"""An address within a text; what it is made of tells nothing."""
