"""Addresses that are never mailed, by name, domain or pattern: staff, shop bots, ``noreply@``. Pure."""

import re
from dataclasses import dataclass, field

from mailer.addresses import InvalidAddressError, parse_address

_LOCAL = re.compile(r"[^\s@,;\"'<>()]*")
_DOMAIN = re.compile(r"[\w*-]+(\.[\w*-]+)*|")


@dataclass(frozen=True, slots=True)
class AddressPatterns:
    """``texts`` as they were given: ``name@domain``, with ``*`` for any letters; an empty side is any at all.

    ``noreply@`` is that name at every domain, ``@example.com`` that domain without those below it, which are
    ``@*.example.com``. Upper and lower case are the same.
    """

    texts: tuple[str, ...] = ()
    _pattern: re.Pattern[str] | None = field(default=None, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.texts:
            object.__setattr__(self, "_pattern", re.compile("|".join(map(_regex, self.texts))))

    def __bool__(self) -> bool:
        return bool(self.texts)

    def match(self, raw: str | None) -> bool:
        """Whether an address as the shop has it is one of them; what is no address is none."""
        if self._pattern is None:
            return False
        try:
            return self._pattern.fullmatch(parse_address(raw).normalised) is not None
        except InvalidAddressError:
            return False


def _regex(text: str) -> str:
    """One pattern. Raises ValueError, which completes the sentence "give …"."""
    local, at, domain = text.partition("@")
    if not at or "@" in domain or not _LOCAL.fullmatch(local) or not _DOMAIN.fullmatch(domain):
        raise ValueError(
            f"addresses such as jane@example.com, noreply@ or @example.com, with * for any letters and commas"
            f" between them; {text!r} is none"
        )
    if not (local + domain).strip("*."):
        raise ValueError(f"patterns that leave somebody to write to; {text!r} is everybody")
    labels = ".".join(map(_ascii, domain.lower().split(".")))
    return f"{_side(local.lower())}@{_side(labels)}"


def _side(text: str) -> str:
    return ".*".join(map(re.escape, text.split("*"))) if text else ".*"


def _ascii(label: str) -> str:
    """A part of a domain in the form that addresses are compared in. One with a ``*`` stays as it is."""
    if label.isascii() or "*" in label:
        return label
    try:
        return parse_address(f"a@{label}.test").normalised.removeprefix("a@").removesuffix(".test")
    except InvalidAddressError:
        raise ValueError(f"domains that can exist; {label!r} is in none") from None
