"""Takes a mail apart by MIME, as far as reports need it (RFC 5322, RFC 2045, RFC 2046). Pure.

Its own, since the email package recurses as deep as the mail, and takes a time that grows with depth times length. This
one goes over the bytes once a level; what exceeds the bounds is left out, which costs no report that a server writes.
"""

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header

LONGEST = 1_000_000
"""Bytes of a mail that are looked at. Reports come first in theirs, what they return last."""

_DEEPEST = 5
_MOST_PARTS = 40
_HEADER_BYTES = 64_000
_MOST_FIELDS = 300
_LONGEST_VALUE = 4_000

_CHARSETS = frozenset({
    "utf-8", "utf8", "us-ascii", "iso-8859-1", "iso-8859-2", "iso-8859-15", "windows-1250", "windows-1251",
    "windows-1252", "koi8-r", "iso-2022-jp", "shift_jis", "euc-jp", "gb2312", "gbk", "gb18030", "big5", "euc-kr",
})  # fmt: skip
"""Those that subjects are read in: Python knows others that take a time which grows with the square."""

_FIELD = re.compile(r"([!-9;-~]{1,100})[ \t]*:[ \t]*(.*)", re.DOTALL)

Fields = dict[str, list[str]]
"""Header fields by their names in small letters, unfolded; each name's in their order."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part that has no parts. ``kind``: its type, in small letters."""

    kind: str
    fields: Fields
    body: bytes

    @property
    def content(self) -> bytes:
        """The body without its transfer encoding; as it stands where that is broken."""
        encoding = first(self.fields, "content-transfer-encoding").strip().lower()
        try:
            if encoding == "base64":
                return binascii.a2b_base64(self.body)
            if encoding == "quoted-printable":
                return binascii.a2b_qp(self.body)
        except binascii.Error:
            pass
        return self.body

    @property
    def text(self) -> str:
        """The content in UTF-8, else byte by byte: what we look for is ASCII."""
        return as_text(self.content)


def split(raw: bytes) -> tuple[Fields, list[Part]]:
    """The mail's header fields and its parts, in their order."""
    mail = raw[:LONGEST].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    fields, body = _fields_and_body(mail)
    parts = [part for part, _ in zip(_parts(fields, body, _DEEPEST), range(_MOST_PARTS), strict=False)]
    return fields, parts


def fields_of(block: bytes) -> Fields:
    """The header fields that a text begins with, up to its first empty line."""
    return _fields_and_body(block)[0]


def groups_of(block: bytes) -> list[Fields]:
    """Groups of fields with empty lines between them, as in a delivery status (RFC 3464, 2.1)."""
    lines = block[:_HEADER_BYTES].replace(b"\r\n", b"\n")
    groups = re.split(rb"\n[ \t]*\n", lines.strip(b"\n"), maxsplit=_MOST_PARTS)
    return [_fields(group) for group in groups[:_MOST_PARTS] if group.strip()]


def first(fields: Fields, name: str) -> str:
    """The first field of that name; "" without one."""
    return next(iter(fields.get(name, ())), "")


def as_text(data: bytes) -> str:
    """In UTF-8 if it is, else byte by byte."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def decoded(value: str) -> str:
    """A field's text without encoded-words (RFC 2047), as far as they can be read."""
    if "=?" not in value:
        return value
    try:
        words = decode_header(value[:_LONGEST_VALUE])
    except (HeaderParseError, ValueError):
        return value
    return "".join(_word(text, charset) for text, charset in words)


def parameter(value: str, name: str) -> str:
    """A parameter of a structured field, ``boundary`` of Content-Type, say; "" without it."""
    found = re.search(
        rf';\s*{re.escape(name)}\s*=\s*(?:"([^"]{{0,200}})"|([^\s;"]{{1,200}}))', value, re.IGNORECASE
    )
    return "" if found is None else found[1] or found[2] or ""


def _word(text: str | bytes, charset: str | None) -> str:
    if isinstance(text, str):
        return text
    known = charset is not None and charset.lower() in _CHARSETS
    return text.decode(charset or "ascii", "replace") if known else as_text(text)


def _fields_and_body(mail: bytes) -> tuple[Fields, bytes]:
    if mail.startswith(b"\n"):
        return {}, mail[1:]
    head, _, body = mail.partition(b"\n\n")
    return _fields(head[:_HEADER_BYTES]), body


def _fields(block: bytes) -> Fields:
    lines: list[list[str]] = []
    for line in as_text(block).split("\n"):
        if line[:1] in {" ", "\t"} and lines:
            lines[-1].append(line.strip())
        elif len(lines) < _MOST_FIELDS:
            lines.append([line.rstrip()])
    fields: Fields = {}
    for parts in lines:
        found = _FIELD.match(" ".join(parts)[:_LONGEST_VALUE])
        if found is not None:
            fields.setdefault(found[1].lower(), []).append(found[2].strip())
    return fields


def _parts(fields: Fields, body: bytes, deepest: int) -> Iterator[Part]:
    value = first(fields, "content-type")
    kind = value.partition(";")[0].strip().lower() or "text/plain"
    boundary = parameter(value, "boundary").encode("utf-8", "replace")
    if not kind.startswith("multipart/") or not boundary or not deepest:
        yield Part(kind, fields, body)
        return
    for piece in _pieces(body, boundary):
        inner, content = _fields_and_body(piece)
        yield from _parts(inner, content, deepest - 1)


def _pieces(body: bytes, boundary: bytes) -> Iterator[bytes]:
    """What stands between the boundary's lines; what comes after its last, or in front of its first, is nobody's."""
    start = None
    found = re.finditer(rb"^--" + re.escape(boundary) + rb"(--)?[ \t]*$", body, re.MULTILINE)
    for line, _ in zip(found, range(_MOST_PARTS + 1), strict=False):
        if start is not None:
            yield body[start : max(start, line.start() - 1)]
        start = None if line[1] else line.end() + 1
        if start is None:
            return
    if start is not None:  # cut off
        yield body[start:]
