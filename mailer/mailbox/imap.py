"""A mailbox by IMAP with TLS (RFC 3501, RFC 8314)."""

import contextlib
import imaplib
import re
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from mailer.mailbox.messages import LONGEST, MailboxError

_AT_ONCE = 5_000
"""Messages among which is searched at a time: the answer's line has an end, however full a mailbox is."""

TIMEOUT_S = 30.0
_UTF7_PIECES = re.compile(r"[^ -~]+|&")
_REFUSED = (imaplib.IMAP4.error, imaplib.IMAP4.abort)


@dataclass(frozen=True, slots=True)
class ImapMailbox:
    """``token``: what gives an access token, in place of the password (XOAUTH2).

    ``tls_context``: one of your own, for private certificate authorities.
    """

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    folder: str = "INBOX"
    token: Callable[[], str] | None = field(default=None, repr=False, compare=False)
    timeout: float = TIMEOUT_S
    tls_context: ssl.SSLContext | None = field(default=None, repr=False, compare=False)

    @contextlib.contextmanager
    def opened(self) -> Iterator["ImapStore"]:
        """Connect, log in and select the folder. Raises MailboxError."""
        where = f"{self.host} port {self.port}"
        context = self.tls_context or ssl.create_default_context()
        try:
            client = imaplib.IMAP4_SSL(self.host, self.port, ssl_context=context, timeout=self.timeout)
        except ssl.SSLError as error:
            raise MailboxError(f"TLS with {where} failed ({error.reason}): check BOUNCE_MAILBOX") from error
        except (OSError, *_REFUSED) as error:
            raise MailboxError(f"{where} can't be reached ({_said(error)}): check BOUNCE_MAILBOX") from error
        try:
            self._log_in(client)
            yield ImapStore(client, self._select(client))
        except (OSError, *_REFUSED) as error:
            raise MailboxError(f"the mailbox at {where} can't be read ({_said(error)})") from error
        finally:
            # Whatever it says to that: all is settled. A connection that is lost is closed by the second only.
            for goodbye in (client.logout, client.shutdown):
                with contextlib.suppress(OSError, *_REFUSED):
                    goodbye()

    def _log_in(self, client: imaplib.IMAP4_SSL) -> None:
        if self.token is not None:
            self._log_in_by(self.token(), client)
            return
        try:
            client.login(self.user, self.password)
        except imaplib.IMAP4.abort:
            raise
        except (UnicodeEncodeError, imaplib.IMAP4.error) as error:
            said = _said(error).replace(self.password, "***") if self.password else _said(error)
            raise MailboxError(
                f"{self.host} refuses the login ({said}): check the user in BOUNCE_MAILBOX, and BOUNCE_PASSWORD;"
                " Gmail wants an app password"
            ) from None

    def _log_in_by(self, token: str, client: imaplib.IMAP4_SSL) -> None:
        """XOAUTH2, as Microsoft and Google have it: what they say to a refused token wants an empty answer."""
        answers = iter([f"user={self.user}\x01auth=Bearer {token}\x01\x01".encode()])
        try:
            client.authenticate("XOAUTH2", lambda _said: next(answers, b""))
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error as error:
            raise MailboxError(
                f"{self.host} refuses the access token ({_said(error).replace(token, '***')}): check the user in"
                " BOUNCE_MAILBOX, and that BOUNCE_TOKEN_COMMAND gives one for IMAP"
            ) from None

    def _select(self, client: imaplib.IMAP4_SSL) -> int:
        """The number of messages in the folder."""
        status, data = client.select(f'"{_utf7(self.folder)}"')
        if status != "OK":
            raise MailboxError(
                f"{self.host} has no folder {self.folder!r} ({_text(data)}): check the end of BOUNCE_MAILBOX"
            )
        return int(data[0] or 0)


@dataclass(frozen=True, slots=True)
class ImapMessage:
    """A message by its UID, which holds while the folder is selected; flags outlast that."""

    client: imaplib.IMAP4_SSL
    uid: bytes
    raw: bytes

    def settle(self, *, understood: bool) -> None:
        r"""Set \Seen or \Flagged: every server has these, and not every one lets us have words of our own."""
        _ask(
            self.client,
            "STORE",
            self.uid.decode(),
            "+FLAGS.SILENT",
            r"(\Seen)" if understood else r"(\Flagged)",
        )


@dataclass(frozen=True, slots=True)
class ImapStore:
    """The selected folder, with so many messages."""

    client: imaplib.IMAP4_SSL
    messages: int

    def fresh(self, most: int) -> Iterator[ImapMessage]:
        """Those that are neither read nor flagged, the oldest first."""
        for uid in self._uids(most):
            status, data = self.client.uid("FETCH", uid.decode(), f"(BODY.PEEK[]<0.{LONGEST}>)")
            if status != "OK":  # one that the server can't give must not hold up those behind it
                ImapMessage(self.client, uid, b"").settle(understood=False)
                continue
            raw = next((part[1] for part in data if isinstance(part, tuple)), None)
            if raw is not None:  # else somebody has deleted it
                yield ImapMessage(self.client, uid, raw)

    def _uids(self, most: int) -> list[bytes]:
        uids: list[bytes] = []
        for first in range(1, self.messages + 1, _AT_ONCE):
            last = min(first + _AT_ONCE - 1, self.messages)
            data = _ask(self.client, "SEARCH", f"{first}:{last}", "UNSEEN", "UNFLAGGED", "UNDELETED")
            uids += (data[0] or b"").split()
            if len(uids) >= most:
                break
        return uids[:most]


def _ask(client: imaplib.IMAP4_SSL, command: str, *arguments: str) -> list[Any]:
    status, data = client.uid(command, *arguments)
    if status != "OK":
        raise MailboxError(
            f"the IMAP server refuses {command} ({_text(data)}): may this user write to the folder?"
        )
    return data


def _said(error: BaseException) -> str:
    said = error.args[0] if error.args else ""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(error)
    return " ".join((getattr(error, "strerror", None) or text or type(error).__name__).split())[:200]


def _text(data: list[Any]) -> str:
    return " ".join(part.decode("utf-8", "replace") for part in data if isinstance(part, bytes))[:200]


def _utf7(name: str) -> str:
    """A folder's name in IMAP's modified UTF-7 (RFC 3501, 5.1.3), for a quoted string."""

    def encoded(found: re.Match[str]) -> str:
        if found[0] == "&":
            return "&-"
        # Between its + and - UTF-7 is the same base64, but for one letter.
        return (
            "&"
            + found[0].encode("utf-7").decode().removeprefix("+").removesuffix("-").replace("/", ",")
            + "-"
        )

    return _UTF7_PIECES.sub(encoded, name).replace("\\", "\\\\").replace('"', '\\"')
