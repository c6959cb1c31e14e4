"""The settings of the HTTP API: who may ask, and who may change something."""

import hashlib
import re
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, BaseModel, SecretStr, ValidationInfo, field_validator

from binlog_watcher.settings import types as kind
from binlog_watcher.settings.takes import Takes

_TOKEN = re.compile(r"(?P<name>[A-Za-z0-9_-]{1,32}):(?P<scope>read|write):(?P<token>[!-+\--~]{32,256})")


@dataclass(frozen=True, slots=True)
class ApiToken:
    """``digest``: SHA-256 of the token, by which it is compared."""

    name: str
    may_write: bool
    digest: bytes


def _parsed(secret: SecretStr) -> tuple[ApiToken, ...]:
    found = []
    for text in secret.get_secret_value().split(","):
        match = _TOKEN.fullmatch(text.strip())
        if match is None:
            raise ValueError(
                "name:read:token or name:write:token, several with commas between them; a token has at least 32 random "
                "characters, for example those that `openssl rand -hex 32` prints"
            )
        digest = hashlib.sha256(match["token"].encode()).digest()
        found.append(ApiToken(match["name"], match["scope"] == "write", digest))
    if len({one.name for one in found}) < len(found) or len({one.digest for one in found}) < len(found):
        raise ValueError("another name and another token for each")
    return tuple(found)


def _tokens(secret: SecretStr) -> SecretStr:
    _parsed(secret)
    return secret


ApiTokens = Annotated[kind.Secret, AfterValidator(_tokens), Takes("list of name:scope:token")]


class ApiSettings(BaseModel):
    """A part of ``Settings``. Without API_TOKENS there is no API."""

    api_tokens: ApiTokens | None = None
    """Who may use [the API](api.md) on `ADMIN_PORT`: `name:read:token` or `name:write:token`, several with commas
    between them. Empty: nobody."""

    @field_validator("api_tokens")
    @classmethod
    def _has_a_port(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value is not None and "admin_port" in info.data and info.data["admin_port"] is None:
            raise ValueError("ADMIN_PORT too, on which the API is served")
        return value

    @property
    def api_callers(self) -> tuple[ApiToken, ...]:
        """Those that may ask."""
        return () if self.api_tokens is None else _parsed(self.api_tokens)
