"""The settings of outgoing webhooks: who is told what, and by which secret it is signed."""

import base64
import binascii
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, SecretStr, ValidationInfo, field_validator

from binlog_watcher.core.webhook_events import WebhookEvent
from binlog_watcher.settings import types as kind
from binlog_watcher.settings.takes import Takes

PREFIX = "whsec_"


def key_of(secret: str) -> bytes:
    """The key of a secret of the Standard Webhooks. Raises ValueError for what is none."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if not secret.startswith(PREFIX) or not 24 <= len(key) <= 64:
        raise ValueError(
            "whsec_ and 24 to 64 random bytes in base64, such as what `echo whsec_$(openssl rand -base64 32)` prints"
        )
    return key


def _secret(secret: SecretStr) -> SecretStr:
    key_of(secret.get_secret_value())
    return secret


def _url(secret: SecretStr) -> SecretStr:
    parts = urlsplit(secret.get_secret_value())
    if parts.scheme != "https" and not kind.is_loopback(parts.hostname or ""):
        raise ValueError("an address that begins with https://; http:// is for this machine only (127.0.0.1)")
    if parts.fragment:
        raise ValueError("a web address without #")
    return secret


def _events(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    names = {name.strip().lower() for name in value.split(",") if name.strip()}
    known = {str(event) for event in WebhookEvent}
    if not names or names - known:
        raise ValueError(f"one or more of {', '.join(sorted(known))}, with commas between them")
    return frozenset(map(WebhookEvent, names))


WebhookUrl = Annotated[kind.SecretUrl, AfterValidator(_url), Takes("web address, kept secret")]
WebhookSecret = Annotated[kind.Secret, AfterValidator(_secret), Takes("whsec_ and base64")]
WebhookEvents = Annotated[frozenset[WebhookEvent], BeforeValidator(_events), Takes("list of events")]


class WebhookSettings(BaseModel):
    """A part of ``Settings``. Without WEBHOOK_URL nobody is told."""

    webhook_url: WebhookUrl | None = None
    """Where events are posted ([webhooks](webhooks.md)): https, or http on this machine. Redirects are not followed.
    Empty: nowhere."""
    webhook_secret: WebhookSecret | None = None
    """Signs each message, as the Standard Webhooks say: `whsec_` and the base64 of 24 to 64 random bytes."""
    webhook_events: WebhookEvents = frozenset(WebhookEvent)
    """Of which events. All of them: `cart.detected, mail.sent, link.clicked, cart.recovered, customer.unsubscribed,
    mail.bounced`."""

    @field_validator("webhook_secret")
    @classmethod
    def _goes_with_url(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if "webhook_url" in info.data and (value is None) != (info.data["webhook_url"] is None):
            raise ValueError("both WEBHOOK_URL and WEBHOOK_SECRET, or neither")
        return value

    @property
    def told_events(self) -> frozenset[WebhookEvent]:
        """What is written down to be told; nothing without a receiver."""
        return frozenset() if self.webhook_url is None else self.webhook_events
