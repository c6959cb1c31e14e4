"""Takes mail addresses and secrets out of text before anyone can read it.

Works on finished text, so it also covers messages of other libraries, tracebacks and nested values.
"""

import json
import re
from urllib.parse import quote, quote_plus

SHORTEST_SECRET = 4
"""Shorter values are not scrubbed: a password "a" would take every "a" out of the log."""

# The lookbehind makes each run of characters be tried once, so that a long text stays linear. Single quotes
# stay outside, so that MySQL's 'user'@'host' is left readable; %40 is the @ of an address inside a URL.
_LOCAL = r"\w.!#$%&*+/?^`{|}~-"
_ADDRESS = re.compile(rf"""(?<![{_LOCAL}])(?:([{_LOCAL}])[{_LOCAL}]*?|("[^"\n])[^"\n]*")(@|%40)(?=[\w\[])""")


def mask_addresses(text: str) -> str:
    """``jane.doe@example.com`` → ``j***@example.com``; the domain stays, since it explains delivery failures."""
    if "@" not in text and "%40" not in text:
        return text
    return _ADDRESS.sub(r"\1\2***\3", text)


class Redactor:
    """Knows the secrets of this process and takes them and mail addresses out of a text."""

    def __init__(self) -> None:
        self._spellings: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def register(self, *secrets: str) -> None:
        """From now on ``secrets`` are shown nowhere, in none of the spellings that logs and URLs use."""
        for secret in secrets:
            if len(secret) >= SHORTEST_SECRET:
                escaped = (
                    repr(secret)[1:-1],
                    json.dumps(secret)[1:-1],
                    secret.encode("unicode_escape").decode(),
                )
                self._spellings.update((secret, quote(secret, safe=""), quote_plus(secret), *escaped))
        # The longest first, so that a secret that begins with another one goes as a whole.
        longest_first = sorted(self._spellings, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def redact(self, text: str) -> str:
        """``text`` without registered secrets (→ ``[secret]``) and with mail addresses masked."""
        if self._pattern is not None:
            text = self._pattern.sub("[secret]", text)
        return mask_addresses(text)
