"""Whether a change has touched the cart inside of a document at all, told without decoding it.

Shops write their document anew at page views: a session's expiry, a notice, the shipping zone that was looked up. Of
WooCommerce's nine of ten updates leave the cart as it was. When the part under a key at the document's root is the
same bytes before and after, it means the same, as long as it holds no reference out of itself; so does a document
that is the same altogether. Everything else, and every doubt, counts as changed.
"""

import re
from collections.abc import Collection, Sequence

from binlog_watcher.shop.documents.bounds import MAX_BYTES, Budget
from binlog_watcher.shop.documents.errors import DocumentError
from binlog_watcher.shop.documents.paths import Decode
from binlog_watcher.shop.documents.php_scan import ARRAY, KEY, VALUE, Scanner

_NAMED_VALUE = re.compile(
    rb"""
    s:(\d{1,3}):"([^"]{1,128})";  (?: s:(\d{1,8}):" | (?: i:[-+]?\d{1,20} | b:[01] | N ); )
    """,
    re.VERBOSE,
)
"""A name and the beginning of its value, as nearly all at a session's root are."""


class Sameness:
    """Compares the parts under ``keys``, of documents that ``codecs`` unpack.

    Only documents that are serialised PHP as they are, WooCommerce's, are looked into; others are the same when all
    of their bytes are.
    """

    def __init__(self, codecs: Sequence[Decode], keys: Collection[bytes]) -> None:
        self._keys = frozenset(keys)
        self._opens = bool(keys) and [step.codec for step in codecs] == ["php"]

    def unchanged(self, before: bytes, after: bytes) -> bool:
        """Whether the parts surely are the same. Never raises, whatever the bytes are."""
        if before == after:
            return True
        if not self._opens or len(before) > MAX_BYTES or len(after) > MAX_BYTES:
            return False
        try:
            parts, reach = self._parts(before)
            # The same bytes up to the last of the parts are the same parts: then one look is enough.
            same = after.startswith(before[:reach]) or parts == self._parts(after)[0]
        except DocumentError:
            return False
        return same and not any(_refers(part) for part in parts.values())

    def _parts(self, document: bytes) -> tuple[dict[bytes, bytes], int]:
        """(key → the bytes of its value, how far the document was looked at).

        A key that is not there has no part. Raises DocumentError for what is no array at its root.
        """
        end, keys, wanted = len(document), self._keys, len(self._keys)
        scanner = Scanner(document, end, Budget())
        root = VALUE.match(document)
        if root is None or root.lastindex != ARRAY:
            raise DocumentError("shape", 0)
        count, at = scanner.opened(root)
        parts: dict[bytes, bytes] = {}
        for _ in range(count):
            found = _NAMED_VALUE.match(document, at, end)
            name = b"" if found is None else found[2]
            if found is None or len(name) != int(found[1]):
                name, start = _named(scanner, at)
                at = scanner.skip(start, 1)
            elif found[3] is None:
                start = found.end(2) + 2
                at = found.end()
            else:
                start = found.end(2) + 2
                at = found.end() + int(found[3])
                if not document.startswith(b'";', at):
                    raise scanner.bad_string(at)
                at += 2
            if name in keys:
                if name in parts:
                    raise DocumentError("duplicate_key", at)
                parts[name] = document[start:at]
                if len(parts) == wanted:
                    return parts, at
        return parts, scanner.closed(at)


def _named(scanner: Scanner, at: int) -> tuple[bytes, int]:
    """(name of the element at ``at``, offset of its value), by the long way."""
    key = KEY.match(scanner.data, at, scanner.end)
    if key is None:
        raise scanner.unreadable(at)
    if key.lastindex is None:
        return key[0][2:-1], key.end()
    start, stop = scanner.string(key)
    return scanner.data[start:stop], stop + 2


def _refers(part: bytes) -> bool:
    """Whether a part may hold a reference out of itself. What is inside of a string is a document of its own."""
    return not part.startswith(b"s:") and (b"R:" in part or b"r:" in part)
