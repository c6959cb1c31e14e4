"""What outgoing webhooks tell of. Pure."""

from enum import StrEnum


class WebhookEvent(StrEnum):
    """The types of events, as receivers see them."""

    DETECTED = "cart.detected"
    SENT = "mail.sent"
    CLICKED = "link.clicked"
    RECOVERED = "cart.recovered"
    UNSUBSCRIBED = "customer.unsubscribed"
    BOUNCED = "mail.bounced"
