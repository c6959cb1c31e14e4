"""The providers, each as what checks a request and what reads it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from mailer.webhooks import events, signatures, sns
from mailer.webhooks.events import Event


@dataclass(frozen=True, slots=True)
class Provider:
    """``check`` takes headers (names in small letters), body and epoch seconds, and raises NotSignedError.

    ``read`` takes the body. Both raise UnreadableError.
    """

    check: Callable[[Mapping[str, str], bytes, float], None]
    read: Callable[[bytes], Sequence[Event]]


def sendgrid(key: str) -> Provider:
    """``key``: its verification key, in base64. Raises ValueError."""
    return Provider(signatures.SendGridSignature(key), events.sendgrid_events)


def mailgun(key: str) -> Provider:
    """``key``: its HTTP webhook signing key."""
    return Provider(signatures.MailgunSignature(key), events.mailgun_events)


def postmark(login: str) -> Provider:
    """``login``: ``user:password``, as in the webhook's address."""
    return Provider(signatures.PostmarkLogin(login), events.postmark_events)


def ses(topics: str, opener: sns.Opener = sns.fetch) -> Provider:
    """``topics``: ARNs of SNS topics, with commas between them. Raises ValueError; ``check`` UnreachableError, too."""
    return Provider(sns.SnsSignature(topics, opener), events.ses_events)
