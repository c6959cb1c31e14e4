"""The settings of the dashboard and the API: where they are served, and by which token."""

from ipaddress import IPv4Network, IPv6Network
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, SecretStr, ValidationInfo, field_validator

from binlog_watcher.settings import types as kind
from binlog_watcher.settings.takes import Takes

Network = IPv4Network | IPv6Network


def _admin_url(text: str) -> str:
    if not text:
        return text
    parts = urlsplit(kind.web_address(text))
    if parts.query or parts.fragment or parts.path.strip("/") or text.endswith(("?", "#")):
        raise ValueError(
            "a web address with a host of its own and nothing behind it, such as https://cartwake.example.com"
        )
    return text.rstrip("/")


def _admin_token(secret: SecretStr) -> SecretStr:
    if len(secret.get_secret_value()) < 32:
        raise ValueError(
            "at least 32 random characters, for example those that `openssl rand -hex 32` prints"
        )
    return secret


AdminUrl = Annotated[str, AfterValidator(_admin_url), Takes("web address without a path")]
AdminToken = Annotated[kind.Secret, AfterValidator(_admin_token), Takes("secret of 32 characters or more")]


class AdminSettings(BaseModel):
    """A part of ``Settings``. Without ADMIN_PORT nothing is served."""

    admin_port: kind.Port | None = None
    """[The dashboard](dashboard.md). Never the port of the pages; from elsewhere it is reached by a tunnel, or by a
    proxy with TLS. Empty: off."""
    admin_host: kind.Host = "127.0.0.1"
    """The address of this machine on which it is served."""
    admin_token: AdminToken | None = None
    """Opens it, from this machine too: at least 32 random characters. It is a must with `ADMIN_PORT`."""
    admin_url: AdminUrl = ""
    """The address under which a proxy serves it, such as `https://cartwake.example.com`. Names of other hosts are
    refused."""

    @field_validator("admin_token")
    @classmethod
    def _is_there(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value is None and info.data.get("admin_port") is not None:
            raise ValueError(
                "the token of the dashboard, since ADMIN_PORT is set: at least 32 random characters, for example those "
                "that `openssl rand -hex 32` prints"
            )
        return value
