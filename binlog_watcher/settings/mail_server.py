"""The settings of the mail server that mails are handed to, and of the mailbox that they come back to."""

import shlex
from typing import Annotated, Any, Literal

from annotated_types import Ge, Le
from pydantic import BaseModel, BeforeValidator, Field, SecretStr, ValidationInfo, field_validator

from binlog_watcher.settings import bounce_types
from binlog_watcher.settings import types as kind
from binlog_watcher.settings.takes import Takes

SMTP_PORTS = {"starttls": 587, "tls": 465, "none": 25}


def _command(value: Any) -> Any:
    """A program and its arguments."""
    if not isinstance(value, str):
        return value
    try:
        return tuple(shlex.split(kind.one_line(value)))
    except ValueError as error:
        raise ValueError(f"a program with its arguments, without a shell ({error})") from None


def _dkim_keys(value: Any) -> Any:
    """``selector=file, selector=file``."""
    if not isinstance(value, str):
        return value
    pairs = [part.partition("=") for part in value.split(",") if part.strip()]
    if not all(selector.strip() and path.strip() for selector, _, path in pairs):
        raise ValueError(
            "SELECTOR=FILE, such as mail2026=/etc/cartwake/dkim.pem, with commas between several"
        )
    return tuple((selector.strip(), path.strip()) for selector, _, path in pairs)


Command = Annotated[tuple[str, ...], BeforeValidator(_command), Takes("program with arguments")]
DkimKeys = Annotated[tuple[tuple[str, str], ...], BeforeValidator(_dkim_keys), Takes("list of SELECTOR=FILE")]


class MailServerSettings(BaseModel):
    """A part of ``Settings``."""

    smtp_host: kind.Host = ""
    """The mail server. Not needed with `DRY_RUN`."""
    smtp_tls: Annotated[Literal["starttls", "tls", "none"], kind.Lower] = "starttls"
    """`none` is for a server on this machine only."""
    smtp_port: kind.Port = Field(default_factory=lambda data: SMTP_PORTS.get(data.get("smtp_tls", ""), 587))
    """Empty: by `SMTP_TLS` 587, 465 or 25."""
    smtp_user: kind.Text = ""
    """With one of the ways to log in below; or none, and none of them."""
    smtp_token_command: Command = ()
    """A program that prints an [access token](mail.md#servers-that-take-access-tokens) (XOAUTH2)."""
    smtp_oauth_token_url: kind.Web = ""
    """Or where the provider gives it out."""
    smtp_oauth_client_id: kind.Text = ""
    """The application's id there,"""
    smtp_oauth_client_secret: kind.Secret | None = None
    """its secret,"""
    smtp_oauth_scope: kind.Text = ""
    """what the token is for,"""
    smtp_oauth_refresh_token: kind.Secret | None = None
    """and what it is got by where it stands for a person."""
    smtp_password: kind.Secret | None = None
    """Or a password."""
    smtp_connections: Annotated[int, Ge(1), Le(100)] = 4
    """Connections kept open."""
    smtp_timeout_seconds: kind.Seconds = 30.0
    """How long to wait for an answer, in seconds."""
    retry_first_seconds: kind.Seconds = 60.0
    """How soon a mail is tried again that was refused for now (4xx, a lost connection), in seconds. Doubled each
    time, up to 60 times as long; after eight attempts the mail is given up."""
    dkim_keys: DkimKeys = ()
    """Signs the mails, for mail servers that do not do it themselves: `mail2026=/etc/cartwake/dkim.pem`, the
    selector and the file of the private key, RSA or Ed25519; with both, two with a comma. Needs the extra `dkim`. A
    signature takes 20 ms of the processor with RSA, 2 with Ed25519, which not all receivers know: a server that
    signs is the cheaper way."""

    # What comes back by mail
    bounce_mailbox: bounce_types.Mailbox | None = None
    """Where bounces, complaints and unsubscribe mails are read from, each minute (`%40` for the `@` of a user; a
    port may follow the host). Empty: nothing is read, unless [`cartwake bounce`](bounces.md) is given it."""
    bounce_token_command: Command = ()
    """In place of the password: a program that prints an access token for IMAP (XOAUTH2) on its first line, without
    a shell, within 20 seconds. It is run for each look into the mailbox."""
    bounce_password: kind.Secret | None = None
    """Of that user, for `imaps://`."""
    bounce_hard_count: Annotated[int, Ge(0), Le(100)] = 1
    """An address gets no mail any more after so many hard bounces: reports that there is no such mailbox. 0: never.
    Refusals, by which the mail server says so at once, are counted by `BOUNCE_LIMIT`."""
    bounce_soft_count: Annotated[int, Ge(0), Le(100)] = 3
    """Nor after so many bounces of any kind: the mailbox is full, or can't be reached. 0: never."""
    bounce_soft_days: Annotated[int, Ge(1), Le(3650)] = 30
    """Within so many days."""
    bounce_suppress_days: Annotated[int, Ge(0), Le(3650)] = 180
    """So long an address that bounced gets no mail, in days; 0: for ever. It is the same for `BOUNCE_LIMIT`. Opt-
    outs and complaints never end."""

    @field_validator("smtp_tls")
    @classmethod
    def _plain_text_stays_here(cls, value: str, info: ValidationInfo) -> str:
        host = info.data.get("smtp_host")
        if value == "none" and host and not kind.is_loopback(host):
            raise ValueError(
                f"starttls or tls; none would send passwords and addresses to {host} in the clear "
                "and is for this machine only (127.0.0.1, ::1, localhost)"
            )
        return value

    @field_validator("smtp_password")
    @classmethod
    def _user_has_password(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        user, *tokens = (
            info.data.get(name) for name in ("smtp_user", "smtp_token_command", "smtp_oauth_token_url")
        )
        ways = (value is not None) + sum(map(bool, tokens))
        if user is not None and None not in tokens and ways != bool(user):
            raise ValueError(
                "with SMTP_USER one of SMTP_PASSWORD, SMTP_TOKEN_COMMAND and SMTP_OAUTH_TOKEN_URL, without it none"
            )
        return value

    @field_validator("bounce_password")
    @classmethod
    def _imap_has_password(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        mailbox, command = (info.data.get(name) for name in ("bounce_mailbox", "bounce_token_command"))
        ways = (value is not None) + bool(command)
        if "bounce_mailbox" in info.data and ways != (mailbox is not None and mailbox.is_imap):
            raise ValueError(
                "it, or BOUNCE_TOKEN_COMMAND, with an imaps:// address in BOUNCE_MAILBOX, or neither"
            )
        return value

    @property
    def first_retry_us(self) -> int:
        """The pause after the first temporary failure of a mail, in microseconds."""
        return int(self.retry_first_seconds * 1_000_000)
