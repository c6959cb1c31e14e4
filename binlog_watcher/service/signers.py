"""What signs links and the ids of mails, made of the settings."""

from binlog_watcher.settings.settings import Settings
from mailer import Envelope, MailIds

_FOR_PREVIEWS = "preview-only-not-a-secret"


def signing_keys(settings: Settings, stored_secret: str | None) -> list[str]:
    """``Settings.link_keys``; for previews, which leave no mail behind, there is always one."""
    return settings.link_keys(stored_secret) or [_FOR_PREVIEWS]


def mail_ids(settings: Settings, stored_secret: str | None) -> MailIds:
    """The signer of what comes back with bounces."""
    return MailIds(signing_keys(settings, stored_secret))


def envelope(settings: Settings, stored_secret: str | None) -> Envelope:
    """Return-Path and Message-ID of a storefront's mails."""
    return Envelope(
        mail_ids(settings, stored_secret),
        settings.sender_email,
        settings.bounce_address or None,
        tuple(settings.webhook_secrets()),
    )
