"""What mail providers post about mails of ours: SendGrid, Mailgun, Postmark. Pure but for what was seen before.

Each provider checks that a request is its own, and reads the events in it.
"""

from mailer.webhooks.events import Event, UnreadableError
from mailer.webhooks.providers import Provider, mailgun, postmark, sendgrid
from mailer.webhooks.signatures import NotSignedError

__all__ = ["Event", "NotSignedError", "Provider", "UnreadableError", "mailgun", "postmark", "sendgrid"]
