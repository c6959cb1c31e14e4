"""Character sets by the numbers of their collations, which is what table maps carry.

Numbers: ``information_schema.COLLATIONS`` of MySQL; MariaDB adds ``COLLATION_CHARACTER_SET_APPLICABILITY`` and
``strings/ctype-uca1400.h``.
"""

from pymysqlreplication.constants import CHARSET

BINARY = "binary"

_UNICODE = ("utf8mb3", "utf8mb4", "ucs2", "utf16", "utf32")
_NO_PAD = 1024
"""MariaDB's collations that count spaces at the end are so much above those that do not."""

_OWN_OF_MARIADB, _OWN_OF_EACH = range(576, 768), 32
_UCA1400, _UCA1400_OF_EACH = range(2048, 2048 + 256 * len(_UNICODE)), 256


def charset_of(collation: int) -> str | None:
    """The character set of a collation; None for a number that is not known."""
    if collation in _UCA1400:
        return _UNICODE[(collation - _UCA1400.start) // _UCA1400_OF_EACH]
    if collation >= _NO_PAD:
        collation -= _NO_PAD
    if collation in _OWN_OF_MARIADB:
        return _OWN.get((collation - _OWN_OF_MARIADB.start) // _OWN_OF_EACH)
    found = CHARSET.charset_by_id(collation, "mysql")
    return None if found is None else str(found.name)


_OWN = {0: "utf8mb3", 1: "utf8mb4", 2: "ucs2", 3: "utf16", 5: "utf32"}
