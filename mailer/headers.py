"""Header fields, folded and encoded by hand (RFC 5322, RFC 2047).

The email package's policies take ten times as long and fold the URLs of List-Unsubscribe to pieces.
"""

import base64
import re

_LINE = 76
"""RFC 2047: a line that holds an encoded-word is at most 76 characters long."""

_OVERHEAD = len("=?utf-8?B??=")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def field(name: str, value: str) -> str:
    """An unstructured header field (Subject), ending in CRLF.

    Raises ValueError for control characters: nothing can start a header of its own.
    """
    _refuse_control(value)
    return f"{name}: {_encode(value, len(name) + 2)}\r\n"


def mailbox_field(name: str, mailbox: str, display: str | None) -> str:
    """An address field (From, To, Reply-To) with one mailbox, ending in CRLF."""
    _refuse_control(mailbox)
    if not display:
        return f"{name}: {mailbox}\r\n"
    _refuse_control(display)
    phrase = _phrase(display, len(name) + 2)
    last_line = phrase.rsplit("\r\n", 1)[-1]
    used = len(last_line) + (len(name) + 2 if last_line is phrase or "\r\n" not in phrase else 0)
    space = " " if used + len(mailbox) + 3 <= _LINE else "\r\n "
    return f"{name}: {phrase}{space}<{mailbox}>\r\n"


def list_field(name: str, value: str) -> str:
    """A structured ASCII field that may be folded after commas only, so that each URL stays whole."""
    _refuse_control(value)
    if not value.isascii():
        raise ValueError(f"{name} must be ASCII")
    return f"{name}: " + ",\r\n ".join(value.split(", ")) + "\r\n"


def _refuse_control(value: str) -> None:
    if _CONTROL.search(value):
        raise ValueError("a header value holds a control character: clean the text with one_line first")


def _encode(value: str, offset: int) -> str:
    """``value`` folded as it is when that is safe, else as encoded-words; ``offset``: what the line holds already."""
    if value.isascii() and "=?" not in value and value == " ".join(value.split(" ")).strip():
        folded = _fold(value, offset)
        if folded is not None:
            return folded
    return _encoded_words(value, offset)


def _fold(value: str, offset: int) -> str | None:
    """``value`` broken at spaces into lines of at most 76 characters; None when a word or a run of spaces forbids."""
    if "  " in value:
        return None
    lines, used = [""], offset
    for number, word in enumerate(value.split(" ")):
        if len(word) > _LINE - offset:
            return None
        if number and used + 1 + len(word) > _LINE:
            lines.append(word)
            used = 1 + len(word)
        else:
            lines[-1] += f" {word}" if number else word
            used += len(word) + bool(number)
    return "\r\n ".join(lines)


def _encoded_words(value: str, offset: int) -> str:
    """Base64 encoded-words, each whole characters only and its line at most 76 characters long."""
    words, chunk, size = [], b"", 0
    room = _room(offset)
    for char in value:
        code = char.encode()
        if size + len(code) > room:
            words.append(chunk)
            chunk, size, room = b"", 0, _room(1)
        chunk += code
        size += len(code)
    words.append(chunk)
    return "\r\n ".join(f"=?utf-8?B?{base64.b64encode(word).decode()}?=" for word in words)


def _room(offset: int) -> int:
    """Bytes of text that fit into one encoded-word (at most 75 characters) on a line with ``offset`` in use."""
    return (min(75, _LINE - offset) - _OVERHEAD) // 4 * 3


def _phrase(display: str, offset: int) -> str:
    """A display name: atoms, a quoted string, or encoded-words."""
    plain = display.isascii() and "=?" not in display and offset + len(display) + 2 <= _LINE
    if plain and _ATOMS.fullmatch(display) and display == " ".join(display.split()):
        return display
    if plain:
        escaped = display.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return _encoded_words(display, offset)
