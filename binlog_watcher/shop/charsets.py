"""How Python reads the server's character sets: a key in the binlog is bytes, and must be the text that SQL gives."""

import codecs
from typing import Any

MYSQL_LATIN1 = "mysql_latin1"
"""A codec of ours, for what MySQL calls latin1: cp1252, whose five gaps are control characters there."""

_GAPS = {0xDC00 + byte: byte for byte in (0x81, 0x8D, 0x8F, 0x90, 0x9D)}
_LATIN1 = bytes(range(256)).decode("cp1252", "surrogateescape").translate(_GAPS)
_TO_LATIN1 = codecs.charmap_build(_LATIN1)


def _decode_latin1(data: Any, errors: str = "strict", /) -> tuple[str, int]:
    return codecs.charmap_decode(data, errors, _LATIN1)


def _encode_latin1(text: str, errors: str = "strict", /) -> tuple[bytes, int]:
    return codecs.charmap_encode(text, errors, _TO_LATIN1)


def _find(name: str) -> codecs.CodecInfo | None:
    return (
        codecs.CodecInfo(_encode_latin1, _decode_latin1, name=MYSQL_LATIN1) if name == MYSQL_LATIN1 else None
    )


codecs.register(_find)

_CODECS = {
    "armscii8": None,
    "dec8": None,
    "eucjpms": None,
    "geostd8": None,
    "hp8": "hp_roman8",
    "keybcs2": None,
    "koi8r": "koi8_r",
    "koi8u": "koi8_u",
    "latin1": MYSQL_LATIN1,
    "latin7": "iso8859_13",
    "macce": "mac_latin2",
    "macroman": "mac_roman",
    "swe7": None,
    "ucs2": "utf_16_be",
    "ujis": "euc_jp",
    "utf16": "utf_16_be",
    "utf16le": "utf_16_le",
    "utf32": "utf_32_be",
    "utf8": "utf_8",
    "utf8mb3": "utf_8",
    "utf8mb4": "utf_8",
}
"""Those that Python knows by another name, or, None, not at all."""


def codec_of(charset: str) -> str | None:
    """Python's codec for one of MySQL's character sets, such as utf32; None where it has none."""
    return _CODECS.get(charset, charset)
