"""What the events of each provider mean, in the words of ``mailer.bounces``. Pure; any bytes are read.

Formats: twilio.com/docs/sendgrid/for-developers/tracking-events/event,
documentation.mailgun.com/docs/mailgun/user-manual/events, postmarkapp.com/developer/webhooks (types of bounces: the
enum in Postmark's own postmark.js), docs.aws.amazon.com/ses/latest/dg/notification-contents.html and
event-publishing-retrieving-sns-contents.html. Read beside django-anymail's webhooks, which take the same ones.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mailer.bounces import Kind, Result, Severity
from mailer.bounces.severity import codes_in, severity, telling

MOST_EVENTS = 10_000
"""In one request; more is none of a provider."""

METADATA = "cartwake"
"""The name under which a provider that replaces our Message-ID keeps the mail's signed id."""

_TEXT = 1_000
"""Characters of a value that are looked at."""


class UnreadableError(Exception):
    """The body is not what the provider writes."""


@dataclass(frozen=True, slots=True)
class Event:
    """``kind`` None: nothing follows from it. ``about``: texts that may hold the signed id of the mail.

    ``key``: the provider's id of the event, the same when it is posted again; "" without one.
    """

    kind: Kind | None
    about: tuple[str, ...] = ()
    results: Sequence[Result] = ()
    key: str = ""


def parsed(body: bytes) -> Any:
    """The JSON of the body. Raises UnreadableError."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise UnreadableError("no JSON") from None


def sendgrid_events(body: bytes) -> list[Event]:
    """A list of events. Raises UnreadableError; one that is none counts as one from which nothing follows."""
    events = parsed(body)
    if not isinstance(events, list) or len(events) > MOST_EVENTS:
        raise UnreadableError("no list of events")
    return [_sendgrid(_object(each)) for each in events]


_DROPPED = {
    "bounced address": Kind.BOUNCE, "spam reporting address": Kind.COMPLAINT, "unsubscribed address": Kind.UNSUBSCRIBE,
}  # fmt: skip
_SENDGRID = {
    "bounce": Kind.BOUNCE, "deferred": Kind.BOUNCE, "spamreport": Kind.COMPLAINT, "unsubscribe": Kind.UNSUBSCRIBE,
    "group_unsubscribe": Kind.UNSUBSCRIBE,
}  # fmt: skip


def _sendgrid(event: Mapping[str, Any]) -> Event:
    what, reason = _text(event, "event"), _text(event, "reason")
    dropped = what == "dropped"
    kind = _DROPPED.get(reason.strip().lower()) if dropped else _SENDGRID.get(what)
    results: list[Result] = []
    if kind is Kind.BOUNCE and dropped:  # it has bounced before: SendGrid keeps a list of such addresses
        results = [Result(Severity.HARD, _addresses(event, "email"))]
    elif kind is Kind.BOUNCE:
        words = reason or _text(event, "response")
        action = "delayed" if what == "deferred" else "failed"
        results = [_result(action, _text(event, "status"), words, _addresses(event, "email"))]
    # smtp-id is our Message-ID, which late bounces lack; what X-SMTPAPI has is in all events.
    return Event(
        kind, (_text(event, METADATA), _text(event, "smtp-id")), results, _text(event, "sg_event_id")
    )


_MAILGUN = {"failed": Kind.BOUNCE, "complained": Kind.COMPLAINT, "unsubscribed": Kind.UNSUBSCRIBE}
_SUPPRESSED = {
    "suppress-bounce": Kind.BOUNCE, "suppress-complaint": Kind.COMPLAINT, "suppress-unsubscribe": Kind.UNSUBSCRIBE,
}  # fmt: skip


def mailgun_events(body: bytes) -> list[Event]:
    """The one event of a request. Raises UnreadableError."""
    event = _object(_object(parsed(body)).get("event-data"))
    if not event:
        raise UnreadableError("no event-data")
    reason = _text(event, "reason")
    kind = _MAILGUN.get(_text(event, "event"))
    if kind is Kind.BOUNCE:
        kind = _SUPPRESSED.get(reason, kind)
    results: list[Result] = []
    if kind is Kind.BOUNCE:
        status, addresses = _object(event.get("delivery-status")), _addresses(event, "recipient")
        words = f"{_text(status, 'code')} {_text(status, 'message') or _text(status, 'description')}"
        action = "delayed" if _text(event, "severity") == "temporary" else "failed"
        results = [
            Result(Severity.HARD, addresses)
            if reason == "suppress-bounce"
            else _result(action, _text(status, "enhanced-code"), words, addresses)
        ]
    headers = _object(_object(event.get("message")).get("headers"))
    # Mailgun's ids are unique within a day only.
    number, at = _text(event, "id"), event.get("timestamp")
    key = f"{number} {at}" if number and isinstance(at, int | float) else number
    return [Event(kind, (_text(headers, "message-id"),), results, key)]


_POSTMARK: Mapping[str, Kind | Severity] = {
    "HardBounce": Severity.HARD, "BadEmailAddress": Severity.HARD, "SoftBounce": Severity.SOFT,
    "Transient": Severity.SOFT, "DnsError": Severity.SOFT, "Blocked": Severity.ABOUT_US,
    "SpamNotification": Severity.ABOUT_US, "VirusNotification": Severity.ABOUT_US, "DMARCPolicy": Severity.ABOUT_US,
    "AutoResponder": Kind.AUTO_REPLY, "AddressChange": Kind.AUTO_REPLY, "ChallengeVerification": Kind.AUTO_REPLY,
    "Unsubscribe": Kind.UNSUBSCRIBE, "SpamComplaint": Kind.COMPLAINT,
}  # fmt: skip


def postmark_events(body: bytes) -> list[Event]:
    """The one event of a request. Raises UnreadableError."""
    event = _object(parsed(body))
    if not event:
        raise UnreadableError("no event")
    record = _text(event, "RecordType")
    if record == "SubscriptionChange":
        # A bounce or a complaint changes it, too, also with the recipient as its origin, and is posted by itself.
        chosen = (
            _text(event, "SuppressionReason") == "ManualSuppression" and _text(event, "Origin") == "Recipient"
        )
        meant: Kind | Severity | None = (
            Kind.UNSUBSCRIBE if chosen and event.get("SuppressSending") is True else None
        )
    else:
        meant = _POSTMARK.get(_text(event, "Type")) if record in {"Bounce", "SpamComplaint"} else None
    number = _text(event, "ID")
    key = f"{record} {number}" if number else ""
    # Postmark's MessageID is its own: what comes back of ours is Metadata.
    about = (_text(_object(event.get("Metadata")), METADATA),)
    if isinstance(meant, Severity):
        code = telling(codes_in(_text(event, "Details")))
        return [Event(Kind.BOUNCE, about, [Result(meant, _addresses(event, "Email"), code)], key)]
    return [Event(meant, about, key=key)]


_SES_ABOUT_US = {"ContentRejected", "AttachmentRejected", "MessageTooLarge"}
_SES_SUPPRESSED = {"Suppressed", "OnAccountSuppressionList"}
_SES_NO_COMPLAINTS = {"not-spam", "auth-failure"}
"""Feedback-Types (RFC 5965) by which nobody complains: the second is about DMARC."""


def ses_events(body: bytes) -> list[Event]:
    """The one event in SNS' envelope; none in what is about the subscription itself. Raises UnreadableError."""
    envelope = _object(parsed(body))
    if envelope.get("Type") in {"SubscriptionConfirmation", "UnsubscribeConfirmation"}:
        return []
    message, key = envelope.get("Message"), _text(envelope, "MessageId")
    try:
        event = _object(parsed(message.encode())) if isinstance(message, str) else {}
    except UnreadableError:  # SES says in plain words that a topic was set up
        event = {}
    what = _text(event, "eventType") or _text(event, "notificationType")
    mail = _object(event.get("mail"))
    fields = [_object(field) for field in _objects(mail, "headers")]
    # mail.messageId is SES' own.
    ours = [_text(field, "value") for field in fields if _text(field, "name").lower() == "message-id"]
    about = (_text(_object(mail.get("commonHeaders")), "messageId"), *ours[:1])
    if what == "Bounce":
        return [Event(Kind.BOUNCE, about, _ses_results(_object(event.get("bounce"))), key)]
    if what == "DeliveryDelay":
        delayed = _objects(_object(event.get("deliveryDelay")), "delayedRecipients")
        return [Event(Kind.BOUNCE, about, [_ses_result("delayed", one) for one in delayed], key)]
    feedback = _text(_object(event.get("complaint")), "complaintFeedbackType")
    if what == "Complaint" and feedback not in _SES_NO_COMPLAINTS:
        return [Event(Kind.COMPLAINT, about, key=key)]
    return [Event(None, about, key=key)]


def _ses_results(bounce: Mapping[str, Any]) -> list[Result]:
    subtype, permanent = _text(bounce, "bounceSubType"), _text(bounce, "bounceType") == "Permanent"
    recipients = _objects(bounce, "bouncedRecipients")
    if subtype in _SES_ABOUT_US:
        return [Result(Severity.ABOUT_US, _addresses(one, "emailAddress")) for one in recipients]
    if permanent and subtype in _SES_SUPPRESSED:  # it has bounced before: SES keeps a list of such addresses
        return [Result(Severity.HARD, _addresses(one, "emailAddress")) for one in recipients]
    return [_ses_result("failed" if permanent else "delayed", one) for one in recipients]


def _ses_result(action: str, one: Mapping[str, Any]) -> Result:
    words = _text(one, "diagnosticCode")
    return _result(action, _text(one, "status"), words, _addresses(one, "emailAddress"))


def _objects(values: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = values.get(name)
    return [_object(one) for one in found[:MOST_EVENTS]] if isinstance(found, list) else []


def _result(action: str, status: str, words: str, addresses: tuple[str, ...]) -> Result:
    code = telling([*codes_in(status), *codes_in(words)])
    return Result(severity(action, status, words), addresses, code)


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(values: Mapping[str, Any], name: str) -> str:
    """A text or a number as text; "" for anything else."""
    value = values.get(name)
    if isinstance(value, str):
        return value[:_TEXT]
    # Python refuses to write numbers of thousands of digits.
    is_number = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63
    return str(value) if is_number else ""


def _addresses(values: Mapping[str, Any], name: str) -> tuple[str, ...]:
    address = _text(values, name)
    return (address,) if "@" in address and len(address) <= 320 else ()
