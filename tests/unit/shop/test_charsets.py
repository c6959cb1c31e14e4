"""MySQL's latin1 is cp1252, and has all 256 bytes."""

from binlog_watcher.shop.charsets import codec_of

ALL = bytes(range(256))


def test_latin1_as_mysql_has_it() -> None:
    codec = codec_of("latin1") or ""
    text = ALL.decode(codec)
    assert text.encode(codec) == ALL
    assert {byte: text[byte] for byte in (0x41, 0x80, 0x81, 0x8D, 0x8F, 0x90, 0x9D, 0xEB)} == {
        0x41: "A", 0x80: "€", 0x81: "\x81", 0x8D: "\x8d", 0x8F: "\x8f", 0x90: "\x90", 0x9D: "\x9d", 0xEB: "ë",
    }  # fmt: skip
