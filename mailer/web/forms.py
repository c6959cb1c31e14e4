"""What was posted: bounded in size and time, in either form that browsers and mail providers use."""

import asyncio
import enum
from email import message_from_bytes
from email.message import Message
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request

MOST_BYTES = 4096
PATIENCE_S = 10.0
_MOST_FIELDS = 10


class Choice(enum.StrEnum):
    """What the customer asks for."""

    STOP_MAILS = "stop"
    LEAVE_CART = "cart"


class TooLargeError(Exception):
    """The body is larger than any answer of ours."""


class TooSlowError(Exception):
    """The body did not arrive in time, or its sender went away."""


async def posted_choice(request: Request) -> Choice | None:
    """One-Click of RFC 8058, or a button of our page; None for anything else.

    Raises TooLargeError and TooSlowError.
    """
    body = await read_body(request, MOST_BYTES)
    fields = fields_of(request.headers.get("content-type", ""), body)
    # Names of fields are matched exactly, values of the RFC without regard to case.
    if any(name == "List-Unsubscribe" and value.lower() == "one-click" for name, value in fields):
        return Choice.STOP_MAILS
    chosen = [value for name, value in fields if name == "choice"]
    return next((choice for choice in Choice if chosen == [choice]), None)


async def read_body(request: Request, most_bytes: int) -> bytes:
    """The whole body. Raises TooLargeError and TooSlowError."""
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length[:10]) > most_bytes:
        raise TooLargeError
    chunks, size = [], 0
    try:
        async with asyncio.timeout(PATIENCE_S):
            async for chunk in request.stream():
                chunks.append(chunk)
                size += len(chunk)
                if size > most_bytes:
                    raise TooLargeError
    except (TimeoutError, ClientDisconnect):
        raise TooSlowError from None
    return b"".join(chunks)


def fields_of(content_type: str, body: bytes) -> list[tuple[str, str]]:
    """Names and values; none for what is no form."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return _of_parts(content_type, body)
    if kind in {"application/x-www-form-urlencoded", ""}:
        try:
            return parse_qsl(
                body.decode("ascii", "replace"), keep_blank_values=True, max_num_fields=_MOST_FIELDS
            )
        except ValueError:  # more fields than any form of ours
            return []
    return []


def _of_parts(content_type: str, body: bytes) -> list[tuple[str, str]]:
    """RFC 7578 by the parser for mails, which reads any bytes; they are few, so nothing in them can grow."""
    header = content_type.encode("ascii", "replace")
    parsed = message_from_bytes(b"Content-Type: " + header + b"\r\n\r\n" + body)
    parts = parsed.get_payload()
    if not isinstance(parts, list):
        return []
    return [_field(part) for part in parts[:_MOST_FIELDS] if isinstance(part, Message)]


def _field(part: Message) -> tuple[str, str]:
    name = part.get_param("name", "", header="content-disposition")
    value = part.get_payload()
    return (name if isinstance(name, str) else "", value.strip() if isinstance(value, str) else "")
