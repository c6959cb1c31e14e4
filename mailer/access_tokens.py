"""Access tokens for SMTP servers that take no password: Microsoft 365, Gmail (OAuth 2.0, RFC 6749; SASL XOAUTH2).

A token comes from a command that prints it, or from the provider's token endpoint. It is used until shortly before its
end, and asked for anew when the server refuses it.
"""

import asyncio
import contextlib
import json
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from mailer.errors import RetryLaterError, SenderStoppedError
from mailer.smtp_settings import is_loopback

TIMEOUT_S = 20.0
"""How long a command or an endpoint has."""

COMMAND_KEEPS_S = 300.0
"""For how long a command's token is used: it does not say how long it lives."""

_MARGIN_S = 60.0
"""A token is given up so long before its end."""

_LONGEST_ANSWER = 65_536
_LONGEST_TOKEN = 16_384
_PASSING = frozenset({408, 425, 429})
"""What an endpoint answers, besides 5xx, when it is to be asked again."""


@dataclass(frozen=True, slots=True)
class Token:
    """``lives_s``: for how many seconds it may be used."""

    text: str = field(repr=False)
    lives_s: float


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """Who asks the endpoint ``url`` for tokens: by itself (client credentials), or with a refresh token.

    Raises ValueError for what can't work.
    """

    url: str
    client_id: str
    client_secret: str = field(repr=False)
    scope: str = ""
    refresh_token: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
            raise ValueError("the token endpoint must be an https:// address: secrets are sent to it")

    @property
    def form(self) -> dict[str, str]:
        """The request's fields (RFC 6749, 4.4.2 and 6)."""
        grant = {"grant_type": "client_credentials"}
        if self.refresh_token:
            grant = {"grant_type": "refresh_token", "refresh_token": self.refresh_token}
        scope = {"scope": self.scope} if self.scope else {}
        return grant | {"client_id": self.client_id, "client_secret": self.client_secret} | scope


class AccessTokens:
    """Keeps the token that ``fetch`` gave as long as it can be used; one fetch at a time."""

    def __init__(self, fetch: Callable[[], Awaitable[Token]]) -> None:
        self._fetch = fetch
        self._lock = asyncio.Lock()
        self._token: str | None = None
        self._until = 0.0

    async def get(self) -> str:
        """The token. Raises RetryLaterError or SenderStoppedError, as ``fetch`` does."""
        async with self._lock:
            now = asyncio.get_running_loop().time()
            if self._token is None or now >= self._until:
                token = await self._fetch()
                self._token, self._until = token.text, now + max(token.lives_s - _MARGIN_S, token.lives_s / 2)
            return self._token

    def refused(self, token: str) -> None:
        """The SMTP server did not take it: the next one is a new one."""
        if token == self._token:
            self._token = None


def by_command(command: Sequence[str]) -> AccessTokens:
    """Tokens that a command prints, on the first line. It gets no shell and no input."""

    async def fetch() -> Token:
        try:
            return Token(_checked(await _output(command), "SMTP_TOKEN_COMMAND printed"), COMMAND_KEEPS_S)
        except OSError as error:
            raise SenderStoppedError(
                f"SMTP_TOKEN_COMMAND can't be run ({error.strerror}): give the whole path of a program; sending has"
                " stopped"
            ) from None

    return AccessTokens(fetch)


async def _output(command: Sequence[str]) -> str:
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,  # it may hold secrets
    )  # fmt: skip
    try:
        async with asyncio.timeout(TIMEOUT_S):
            output, _ = await process.communicate()
    except TimeoutError:
        raise RetryLaterError(
            f"SMTP_TOKEN_COMMAND took longer than {TIMEOUT_S:g} s: run it by hand"
        ) from None
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    if process.returncode:
        raise RetryLaterError(f"SMTP_TOKEN_COMMAND failed (exit {process.returncode}): run it by hand")
    return output[: _LONGEST_TOKEN + 2].decode("ascii", "replace").partition("\n")[0].strip()


def by_endpoint(client: OAuthClient) -> AccessTokens:
    """Tokens of the provider's endpoint."""

    async def fetch() -> Token:
        return _token_of(await asyncio.to_thread(_ask, client))

    return AccessTokens(fetch)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """The secrets go to the address that was given and to no other."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _ask(client: OAuthClient) -> bytes:
    request = urllib.request.Request(  # noqa: S310 - https, or this machine: OAuthClient sees to it
        client.url, urlencode(client.form).encode(), {"Accept": "application/json"}
    )
    try:
        with urllib.request.build_opener(_NoRedirects).open(request, timeout=TIMEOUT_S) as answer:
            body: bytes = answer.read(_LONGEST_ANSWER)
            return body
    except urllib.error.HTTPError as error:
        with error:
            said = _error_of(error.read(_LONGEST_ANSWER))
        why = f"the token endpoint answers {error.code}{said and f' ({said})'}"
        if error.code >= 500 or error.code in _PASSING:
            raise RetryLaterError(f"{why}: it is asked again") from None
        raise SenderStoppedError(
            f"{why}: check SMTP_OAUTH_TOKEN_URL, SMTP_OAUTH_CLIENT_ID, SMTP_OAUTH_CLIENT_SECRET, SMTP_OAUTH_SCOPE and"
            " SMTP_OAUTH_REFRESH_TOKEN; sending has stopped"
        ) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise RetryLaterError(f"the token endpoint can't be reached ({reason}): it is asked again") from None


def _error_of(body: bytes) -> str:
    """The error's code (RFC 6749, 5.2): a short word; what else there is may hold anything."""
    try:
        code = json.loads(body)["error"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return ""
    return code if isinstance(code, str) and len(code) <= 64 and code.replace("_", "").isalnum() else ""


def _token_of(body: bytes) -> Token:
    try:
        answer = json.loads(body)
        text, lives_s = answer["access_token"], float(answer.get("expires_in", COMMAND_KEEPS_S))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise RetryLaterError(
            "the token endpoint answers with no access_token: check SMTP_OAUTH_TOKEN_URL; it is asked again"
        ) from None
    return Token(_checked(text, "the token endpoint gave"), min(max(lives_s, 1.0), 86_400.0))


def _checked(text: object, whose: str) -> str:
    """A token is printable ASCII: what else there is would end up in a command to the SMTP server."""
    if (
        not isinstance(text, str)
        or not 0 < len(text) <= _LONGEST_TOKEN
        or not text.isascii()
        or not text.isprintable()
    ):
        raise RetryLaterError(f"{whose} no token: one line of ASCII is wanted")
    return text
