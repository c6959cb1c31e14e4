"""The settings of the mail server that mails are handed to, and of the mailbox that they come back to."""

import shlex
from typing import Annotated, Any, Literal

from annotated_types import Ge, Le
from pydantic import BaseModel, BeforeValidator, Field, SecretStr, ValidationInfo, field_validator

from binlog_watcher.settings import bounce_types
from binlog_watcher.settings import types as kind

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


Command = Annotated[tuple[str, ...], BeforeValidator(_command)]
DkimKeys = Annotated[tuple[tuple[str, str], ...], BeforeValidator(_dkim_keys)]


class MailServerSettings(BaseModel):
    """A part of ``Settings``."""

    smtp_host: kind.Host = ""
    smtp_tls: Annotated[Literal["starttls", "tls", "none"], kind.Lower] = "starttls"
    smtp_port: kind.Port = Field(default_factory=lambda data: SMTP_PORTS.get(data.get("smtp_tls", ""), 587))
    smtp_user: kind.Text = ""
    smtp_token_command: Command = ()
    smtp_oauth_token_url: kind.Web = ""
    smtp_oauth_client_id: kind.Text = ""
    smtp_oauth_client_secret: kind.Secret | None = None
    smtp_oauth_scope: kind.Text = ""
    smtp_oauth_refresh_token: kind.Secret | None = None
    smtp_password: kind.Secret | None = None
    smtp_connections: Annotated[int, Ge(1), Le(100)] = 4
    smtp_timeout_seconds: kind.Seconds = 30.0
    retry_first_seconds: kind.Seconds = 60.0
    dkim_keys: DkimKeys = ()

    # What comes back by mail
    bounce_mailbox: bounce_types.Mailbox | None = None
    bounce_token_command: Command = ()
    bounce_password: kind.Secret | None = None
    bounce_hard_count: Annotated[int, Ge(0), Le(100)] = 1
    bounce_soft_count: Annotated[int, Ge(0), Le(100)] = 3
    bounce_soft_days: Annotated[int, Ge(1), Le(3650)] = 30
    bounce_suppress_days: Annotated[int, Ge(0), Le(3650)] = 180

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
