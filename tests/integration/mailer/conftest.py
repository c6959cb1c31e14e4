"""SMTP servers that end with their test."""

import contextlib
import ssl
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fakes.smtp_inbox import Inbox, Serve


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Starts aiosmtpd on a free port of 127.0.0.1 for an Inbox; returns the port."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(inbox: Inbox, *, tls_from_start: ssl.SSLContext | None = None, **options: Any) -> int:
            server = await inbox.serve(tls_from_start=tls_from_start, **options)
            stack.callback(inbox.end, server)
            port: int = server.sockets[0].getsockname()[1]
            return port

        yield start
