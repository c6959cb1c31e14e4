"""What signs links and the ids of mails, made of the settings."""

from binlog_watcher.settings.settings import Settings
from mailer import Envelope, MailIds

_FOR_PREVIEWS = "preview-only-not-a-secret"


def link_keys(settings: Settings, stored_secret: str | None) -> list[str]:
    """What signs links, the last one, and what is accepted beside: the secret before it, and that of our own table.

    The links in mails that went out before LINK_SECRET was set, or changed, must not die.
    """
    old, own = (
        one.get_secret_value() if one else None for one in (settings.link_secret_old, settings.link_secret)
    )
    return [key for key in (old, stored_secret, own) if key]


def signing_keys(settings: Settings, stored_secret: str | None) -> list[str]:
    """The same; for previews, which leave no mail behind, there is always one."""
    return link_keys(settings, stored_secret) or [_FOR_PREVIEWS]


def mail_ids(settings: Settings, stored_secret: str | None) -> MailIds:
    """The signer of what comes back with bounces."""
    return MailIds(signing_keys(settings, stored_secret))


def envelope(settings: Settings, stored_secret: str | None) -> Envelope:
    """Return-Path and Message-ID of a storefront's mails."""
    return Envelope(mail_ids(settings, stored_secret), settings.sender_email, settings.bounce_address or None)
