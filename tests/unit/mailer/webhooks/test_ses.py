"""What SES posts through SNS, signed by a certificate that is made here; nothing is fetched from the internet."""

import json
from typing import Any

import pytest
from fakes.pages import FakeVisits, call, settings
from fakes.sns import CERTIFICATE_URL, HOST, TOPIC, Amazon

from mailer.bounces import Kind, Severity
from mailer.web import pages_app
from mailer.webhooks import Event, NotSignedError, UnreachableError, UnreadableError, ses
from mailer.webhooks.events import ses_events
from mailer.webhooks.signatures import AHEAD_S, OLDEST_S
from mailer.webhooks.sns import MOST_BYTES, topic_hosts

NOW = 1_790_000_000
OURS = "<cartwake.7-abcdefghijklmnop.1@example.com>"
BOUNCE: dict[str, Any] = {
    "notificationType": "Bounce",
    "mail": {"messageId": "ses-own", "commonHeaders": {"messageId": OURS}},
    "bounce": {"bounceType": "Permanent", "bounceSubType": "General", "bouncedRecipients": [
        {"emailAddress": "jane@example.org", "status": "5.1.1", "diagnosticCode": "smtp; 550 5.1.1 unknown"}]},
}  # fmt: skip


@pytest.mark.parametrize("version", ["1", "2"])
def test_a_message_is_known_by_its_signature_and_the_certificate_is_fetched_once(version: str) -> None:
    amazon = Amazon()
    check, body = ses(TOPIC, amazon.open).check, amazon.posts(BOUNCE, at=NOW, SignatureVersion=version)
    check({}, body, NOW)
    check({}, body, NOW + OLDEST_S)
    assert amazon.opened == [CERTIFICATE_URL]
    changed = json.dumps(json.loads(body) | {"Message": "{}"}).encode()
    for refused, now in ((changed, NOW), (body, NOW + OLDEST_S + 1), (body, NOW - AHEAD_S - 1), (b"7", NOW)):
        with pytest.raises(NotSignedError):
            check({}, refused, now)
    with pytest.raises(UnreadableError):
        check({}, b"{", NOW)


@pytest.mark.parametrize(
    "url",
    [
        CERTIFICATE_URL.replace("https", "http"), CERTIFICATE_URL.replace(HOST, "sns.example.com"),
        CERTIFICATE_URL.replace(HOST, HOST + ".example.com"), CERTIFICATE_URL.replace(HOST, "x@" + HOST),
        CERTIFICATE_URL.replace("eu-west-1", "us-east-1"), f"https://{HOST}/other.pem", "https://[", "",
    ],
)  # fmt: skip
def test_a_certificate_of_another_place_is_not_fetched(url: str) -> None:
    amazon = Amazon()
    with pytest.raises(NotSignedError):
        ses(TOPIC, amazon.open).check({}, amazon.posts(BOUNCE, at=NOW, SigningCertURL=url), NOW)
    assert amazon.opened == []


@pytest.mark.parametrize("pem", [b"none", b"x" * (MOST_BYTES + 1)])
def test_what_is_no_certificate_has_the_message_posted_again(pem: bytes) -> None:
    amazon = Amazon()
    with pytest.raises(UnreachableError):
        ses(TOPIC, lambda _: pem).check({}, amazon.posts(BOUNCE, at=NOW), NOW)


def test_a_subscription_is_confirmed_for_a_topic_of_ours_at_amazon_only() -> None:
    amazon = Amazon()
    check = ses(TOPIC, amazon.open).check
    there = f"https://{HOST}/?Action=ConfirmSubscription&Token=t"
    body = amazon.confirms(there, at=NOW)
    check({}, body, NOW)
    assert (amazon.opened, ses_events(body)) == ([CERTIFICATE_URL, there], [])
    for refused in (
        amazon.confirms("https://example.com/", at=NOW), amazon.confirms(there, at=NOW, TopicArn=TOPIC + "2"),
    ):  # fmt: skip
        with pytest.raises(NotSignedError):
            check({}, refused, NOW)
    assert len(amazon.opened) == 2


def test_the_end_of_a_subscription_is_taken_note_of_and_not_undone() -> None:
    amazon = Amazon()
    body = amazon.confirms(
        f"https://{HOST}/?Action=ConfirmSubscription", at=NOW, Type="UnsubscribeConfirmation"
    )
    ses(TOPIC, amazon.open).check({}, body, NOW)
    assert (amazon.opened, ses_events(body)) == ([CERTIFICATE_URL], [])


def _bounce(**more: Any) -> dict[str, Any]:
    return BOUNCE | {"bounce": BOUNCE["bounce"] | more}


@pytest.mark.parametrize(
    ("message", "kind", "severity"),
    [
        (BOUNCE, Kind.BOUNCE, Severity.HARD),
        (_bounce(bounceSubType="OnAccountSuppressionList"), Kind.BOUNCE, Severity.HARD),
        (_bounce(bounceType="Transient", bounceSubType="ContentRejected"), Kind.BOUNCE, Severity.ABOUT_US),
        ({"eventType": "Complaint"}, Kind.COMPLAINT, None),
        ({"eventType": "Complaint", "complaint": {"complaintFeedbackType": "abuse"}}, Kind.COMPLAINT, None),
        ({"eventType": "Complaint", "complaint": {"complaintFeedbackType": "not-spam"}}, None, None),
        ({"eventType": "Complaint", "complaint": {"complaintFeedbackType": "auth-failure"}}, None, None),
        ({"eventType": "Delivery"}, None, None),
        ({"mail": [], "eventType": 7}, None, None),
    ],
)
def test_events_of_ses(message: Any, kind: Kind | None, severity: Severity | None) -> None:
    (event,) = ses_events(Amazon().posts(message, at=NOW))
    assert (event.kind, event.results[0].severity if event.results else None) == (kind, severity)


def test_our_id_is_in_the_headers_too() -> None:
    message = {"eventType": "Complaint", "mail": {"headers": [7, {"name": "Message-Id", "value": OURS}]}}
    (event,) = ses_events(Amazon().posts(message, at=NOW))
    assert event.about == ("", OURS)


class _Kept:
    def __init__(self) -> None:
        self.events: list[Event] = []

    def take(self, events: Any) -> None:
        self.events += events


async def test_while_amazon_is_away_it_is_told_to_post_again() -> None:
    amazon, kept = Amazon(), _Kept()
    hooks = {"ses": ses(TOPIC, amazon.open)}
    served = pages_app(settings(webhooks=hooks), FakeVisits(), now=lambda: NOW, reports=kept)
    body = amazon.posts(BOUNCE, at=NOW)
    amazon.away = True
    assert (await call(served, "/b/ses", "POST", body=body)).status == 503
    amazon.away = False
    assert (await call(served, "/b/ses", "POST", body=body)).status == 200
    assert [event.kind for event in kept.events] == [Kind.BOUNCE]


def test_topics_have_a_host_of_their_region_and_what_is_no_topic_is_refused() -> None:
    china = "arn:aws-cn:sns:cn-north-1:123456789012:bounces"
    hosts = topic_hosts(f"{TOPIC}, {china}")
    assert hosts == {TOPIC: HOST, china: "sns.cn-north-1.amazonaws.com.cn"}
    with pytest.raises(ValueError, match="ARN"):
        topic_hosts("arn:aws:sqs:eu-west-1:123456789012:bounces")
