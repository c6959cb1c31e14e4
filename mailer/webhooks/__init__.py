"""What mail providers post about mails of ours: SendGrid, Mailgun, Postmark, Amazon SES.

Each provider checks that a request is its own, and reads the events in it.
"""

from mailer.webhooks.events import Event, UnreadableError
from mailer.webhooks.providers import Provider, mailgun, postmark, sendgrid, ses
from mailer.webhooks.signatures import NotSignedError
from mailer.webhooks.sns import UnreachableError

__all__ = [
    "Event", "NotSignedError", "Provider", "UnreachableError", "UnreadableError", "mailgun", "postmark", "sendgrid",
    "ses",
]  # fmt: skip
