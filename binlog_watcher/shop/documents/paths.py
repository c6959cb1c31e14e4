r"""The paths of a preset: where in a document something is.

    cart|php?.*                                 every element of what the string under "cart" holds, serialised
    lineItems.elements.*                        properties are named without their \0Class\0 in front
    bdata."order.product.productid"             a key with dots, blanks, *, | or @ stands in quotes, a " in it doubled
    addresses.payment.0                         a key of a list is its number
    @key, @value                                within a line: the key that it stands under, and itself

Steps are parted by dots. ``|`` decodes the string that was reached: ``php`` (what ``serialize`` writes),
``php-session`` (session.serialize_handler = php), ``json``, ``zlib`` (gzip too), ``deflate``, ``zstd`` or ``base64``.
With a ``?`` behind it, only where it is such: WooCommerce, say, serialises what is no scalar, and Shopware packs or
does not.
"""

import re
from dataclasses import dataclass

from binlog_watcher.shop.documents.codecs import UNPACK

FORMATS = frozenset({"php", "php-session", "json"})
_OPTIONAL = frozenset({"php", "json", "zlib", "zstd"})  # those that can be told from anything else
_STEP = re.compile(
    r"""
    (?:^|(?<=.)\.) (?: (?P<each>\*) | "(?P<quoted>(?:[^"]|"")*)" | (?P<special>@\w+) | (?P<name>[^\s.|*"@?]+) )
    | \| (?P<codec>[a-z0-9-]+) (?P<optional>\??)
    """,
    re.VERBOSE,
)
_MAX_STEPS = 32
_MAX_EACH = 3


@dataclass(frozen=True, slots=True)
class Key:
    """The element under a key, or the property of a name; of a list, the element of a number."""

    name: bytes


@dataclass(frozen=True, slots=True)
class Each:
    """Every element."""


@dataclass(frozen=True, slots=True)
class Decode:
    """What the string holds. ``optional``: where it is no string of that kind, it is taken as it is."""

    codec: str
    optional: bool = False


Step = Key | Each | Decode


@dataclass(frozen=True, slots=True)
class Path:
    """A way from a document's root, or from a line. ``of_key``: it means the key that a line stands under."""

    steps: tuple[Step, ...]
    of_key: bool = False

    @property
    def has_each(self) -> bool:
        """Whether it leads to many."""
        return any(isinstance(step, Each) for step in self.steps)


def parse_path(text: str, *, in_line: bool = False) -> Path:
    """A path as a preset has it. Raises ValueError that names the bad step.

    ``in_line``: it begins at a line, where ``@key`` and ``@value`` mean something and ``*`` nothing.
    """
    if in_line and text in {"@key", "@value"}:
        return Path((), of_key=text == "@key")
    steps: list[Step] = []
    at = 0
    while at < len(text):
        found = _STEP.match(text, at)
        if found is None:
            raise ValueError(f"{text!r}: can't be read from {text[at:]!r} on; {_FORM}")
        steps.append(_step(text, found, in_line=in_line))
        at = found.end()
    if not steps:
        raise ValueError(f"an empty path; {_FORM}")
    if len(steps) > _MAX_STEPS or sum(isinstance(step, Each) for step in steps) > _MAX_EACH:
        raise ValueError(f"{text!r}: at most {_MAX_STEPS} steps and {_MAX_EACH} times *")
    return Path(tuple(steps))


_FORM = 'steps are keys between dots ("quoted" where they have dots of their own), * and |codec'


def _step(text: str, found: re.Match[str], *, in_line: bool) -> Step:
    if found["codec"] is not None:
        try:
            return parse_codec(found["codec"] + found["optional"])
        except ValueError as error:
            raise ValueError(f"{text!r}: step {found[0]!r}: {error}") from None
    if found["each"] is not None:
        if in_line:
            raise ValueError(f"{text!r}: step '*': a line has one of each; only lines has *")
        return Each()
    if found["special"] is not None:
        raise ValueError(
            f"{text!r}: step {found['special']!r}: @key and @value stand alone, in a path of a line; "
            "a key that begins with @ is written in quotes"
        )
    quoted = found["quoted"]
    return Key((found["name"] if quoted is None else quoted.replace('""', '"')).encode())


def parse_codec(text: str) -> Decode:
    """One codec or format, with or without ``?``. Raises ValueError with those that there are."""
    name = text.removesuffix("?")
    optional = name != text
    if name not in FORMATS and name not in UNPACK:
        raise ValueError(f"{name!r} is no codec; there are: {', '.join(sorted(FORMATS | UNPACK.keys()))}")
    if optional and name not in _OPTIONAL:
        raise ValueError(f"{name!r} can't be told from other text: no ? behind it")
    return Decode(name, optional)
