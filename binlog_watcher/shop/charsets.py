"""How Python reads the server's character sets: a key in the binlog is bytes, and must be the text that SQL gives."""

_CODECS = {
    "armscii8": None,
    "dec8": None,
    "eucjpms": None,
    "geostd8": None,
    "hp8": "hp_roman8",
    "keybcs2": None,
    "koi8r": "koi8_r",
    "koi8u": "koi8_u",
    "latin1": "cp1252",  # in MySQL; ISO 8859-1 it is not
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
