"""Keys and ids as they are known everywhere outside of SQL: numbers and text; bytes are known by their hex. Pure."""

import re
import uuid
from typing import Any

_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})*")


def as_key(value: Any) -> Any:
    """A key from what a driver gives: bytes as lower-case hex, all others as they are."""
    return value.hex() if isinstance(value, bytes) else value


def as_bytes(text: str) -> bytes | None:
    """Bytes from their hex; None for what is none."""
    return bytes.fromhex(text) if _HEX.fullmatch(text) else None


def as_uuid(text: str) -> str | None:
    """A UUID in its usual form, from any; None for what is none."""
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return None
