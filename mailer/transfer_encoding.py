"""How a text travels: quoted-printable or base64 (RFC 2045, 6.7 and 6.8), whichever is shorter.

HTML in a Latin script grows by a tenth in quoted-printable and by a third in base64; Japanese grows less in base64.
Assembled by hand: the standard library's quoted-printable takes three times as long, and leaves lines that begin with a
dot, which SMTP has a meaning for.
"""

import binascii
import codecs
import re

_KEPT = bytes(code for code in (9, 10, 13, *range(32, 127)) if code != ord("="))
"""What quoted-printable leaves as it is: white space, line ends, printable ASCII but its own sign."""

_PRINTABLE = bytes((ord("="), *range(128, 256)))
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")

_CHUNK = re.compile(rb".{1,72}(?<!=)(?<!=[0-9A-F])")
"""Of a line's text, no escape cut in two; 72, since a dot, a space and a soft line break may make it 76."""

_BASE64_LINE = re.compile(rb".{1,76}")


def encoded(text: str) -> tuple[str, bytes]:
    """The encoding's name, and the text in it: CRLF throughout, no line over 76 or beginning with a dot.

    What can't be encoded (lone surrogates) becomes a question mark.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")
    data = text.encode("utf-8", "replace")
    escapes = data.translate(None, _KEPT)
    # Lines of 72 end in = and CRLF, those of base64 (four characters for three bytes) in CRLF.
    if (len(data) + 2 * len(escapes)) * 75 / 72 <= len(data) * 4 / 3 * 78 / 76:
        # Text that was made fit for a mail has none; to look for them costs as much as the rest.
        has_controls = bool(escapes.translate(None, _PRINTABLE))
        return "quoted-printable", _quoted_printable(text.replace("=", "=3D"), has_controls=has_controls)
    in_base64 = binascii.b2a_base64(data, newline=False)
    # base64.encodebytes goes line by line, and takes a third longer.
    return "base64", b"\r\n".join([*_BASE64_LINE.findall(in_base64), b""])


def _quoted_printable(text: str, *, has_controls: bool) -> bytes:
    """``text`` with its equals signs escaped already."""
    if has_controls:
        text = _CONTROL.sub(lambda found: f"={ord(found[0]):02X}", text)
    # The codec finds what is not ASCII three times as fast as a regular expression does.
    lines = text.encode("ascii", _ESCAPING).split(b"\r\n")
    folded = b"\r\n".join([b"=\r\n".join(_CHUNK.findall(line)) for line in lines]) + b"\r\n"
    # Relays may take white space off a line's end; a soft line break ends in = and keeps it.
    folded = folded.replace(b" \r\n", b"=20\r\n").replace(b"\t\r\n", b"=09\r\n")
    return (b"\n" + folded).replace(b"\n.", b"\n=2E")[1:]


def _escape(error: UnicodeError) -> tuple[str, int]:
    """Stands in for letters that are not ASCII: the bytes of their UTF-8, escaped."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    data = error.object[error.start : error.end].encode("utf-8", "replace")
    return f"={data.hex('=').upper()}", error.end


_ESCAPING = "cartwake.quoted-printable"
codecs.register_error(_ESCAPING, _escape)
