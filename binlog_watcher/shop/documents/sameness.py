"""Whether a change has touched the cart inside of a document at all, told without decoding it.

Shops write their document anew at page views: a session's expiry, a notice, the shipping zone that was looked up. Of
WooCommerce's nine of ten updates leave the cart as it was. When the part under a key at the document's root is the
same bytes before and after, it means the same, as long as it holds no reference out of itself; so does a document
that is the same altogether. Everything else, and every doubt, counts as changed.
"""

import re
from collections.abc import Collection, Sequence
from typing import cast

from binlog_watcher.shop.documents.bounds import MAX_BYTES, Budget
from binlog_watcher.shop.documents.errors import DocumentError
from binlog_watcher.shop.documents.paths import Decode
from binlog_watcher.shop.documents.php_runs import Always, run_past
from binlog_watcher.shop.documents.php_scan import Scanner
from binlog_watcher.shop.documents.php_tokens import ARRAY, KEY, SMALLEST_ELEMENT, VALUE

_NAMED_VALUE = re.compile(
    rb"""
    s:(\d{1,3}):"([^"]{1,128})";  (?: s:(\d{1,8}):" | (?: i:[-+]?\d{1,20} | b:[01] | N ); )
    """,
    re.VERBOSE,
)
"""A name and the beginning of its value, as nearly all at a session's root are."""


Parts = dict[bytes | None, bytes]
"""Key → the bytes of its value, if it is there. In doubt of what they mean: None → all of the document."""


class Sameness:
    """Compares the parts under ``keys``, of documents that ``codecs`` unpack.

    Only documents that are serialised PHP as they are, WooCommerce's, are looked into; others are the same when all
    of their bytes are.
    """

    def __init__(self, codecs: Sequence[Decode], keys: Collection[bytes]) -> None:
        self._keys = frozenset(keys)
        opens = bool(keys) and [step.codec for step in codecs] == ["php"]
        self._past = run_past(self._keys) if opens else None

    def unchanged(self, before: bytes, after: bytes) -> bool:
        """Whether the parts surely are the same. Never raises, whatever the bytes are."""
        return before == after or is_same(self.parts(before), self.parts(after))

    def parts(self, document: bytes) -> Parts:
        """What ``is_same`` compares."""
        if self._past is None or len(document) > MAX_BYTES:
            return {None: document}
        try:
            return self._found(document, self._past)
        except DocumentError:
            return {None: document}

    def _found(self, document: bytes, past: Always) -> Parts:
        """The parts. Raises DocumentError.

        What is behind the last of them is not looked at: no PHP writes a key twice, and who reads the cart sees it.
        """
        end, keys, wanted = len(document), self._keys, len(self._keys)
        root = VALUE.match(document)
        if root is None or root.lastindex != ARRAY:
            raise DocumentError("shape", 0)
        left, at = int(root[ARRAY]), root.end()
        if left * SMALLEST_ELEMENT > end - at:
            raise DocumentError("count", at)
        parts: Parts = {}
        while left > 0:
            found = _NAMED_VALUE.match(document, at, end)
            if found is None or len(found[2]) != int(found[1]):
                name, start, at = _by_the_long_way(document, at)
            else:
                name, start, at = found[2], found.end(2) + 2, found.end()
                if found[3] is not None:
                    at += int(found[3]) + 2
                    if document[at - 2 : at] != b'";':
                        raise DocumentError("length", at)
            if name in keys:
                if name in parts:
                    raise DocumentError("duplicate_key", at)
                parts[name] = document[start:at]
                if len(parts) == wanted:
                    return parts
            run = past(document, at, end)
            at = run.end()
            left -= 1 + (run.lastindex or 0)
        if left or document[at:] != b"}":
            raise DocumentError("count", at)
        return parts


def _by_the_long_way(document: bytes, at: int) -> tuple[bytes, int, int]:
    """(name of the element at ``at``, offset of its value, offset behind it)."""
    scanner = Scanner(document, len(document), Budget())
    key = KEY.match(document, at)
    if key is None:
        raise scanner.unreadable(at)
    if key.lastindex is None:
        name, start = key[0][2:-1], key.end()
    else:
        begin, stop = scanner.string(key)
        name, start = document[begin:stop], stop + 2
    return name, start, scanner.skip(start, 1)


def is_same(before: Parts, after: Parts) -> bool:
    """Whether parts surely mean the same."""
    return before == after and (None in after or not refer(after))


def refer(parts: Parts) -> bool:
    """Whether one of them may hold a reference out of itself. What is inside of a string is a document of its own."""
    return any(not part.startswith(b"s:") and (b"R:" in part or b"r:" in part) for part in parts.values())


def alone(parts: Parts | None) -> dict[bytes, bytes] | None:
    """The parts, if they can be read without the rest of their document; None: they can't."""
    if parts is None or None in parts or refer(parts):
        return None
    return cast("dict[bytes, bytes]", parts)
