"""Requests as the providers' documentation shows them, signed by keys that are made here."""

import asyncio
import base64
import hashlib
import hmac
import json
import threading
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from fakes.pages import FakeVisits, call, settings
from hypothesis import given
from hypothesis import strategies as st

from mailer import Envelope, MailIds
from mailer.bounces import Kind, Severity
from mailer.web import UnavailableError, pages_app
from mailer.web.limits import INVALID_PER_WINDOW
from mailer.web.webhooks import MOST_AT_ONCE, MOST_BYTES
from mailer.webhooks import Event, NotSignedError, UnreadableError, mailgun, postmark, sendgrid
from mailer.webhooks.events import mailgun_events, postmark_events, sendgrid_events
from mailer.webhooks.signatures import AHEAD_S, OLDEST_S, SENDGRID_SIGNATURE, SENDGRID_TIMESTAMP

NOW = 1_790_000_000
PRIVATE = ec.generate_private_key(ec.SECP256R1())
PUBLIC = base64.b64encode(
    PRIVATE.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
).decode()
MAILGUN_KEY = "a signing key of the tests"
LOGIN = "cartwake:a long password of the tests"
ID = "7-abcdefghijklmnop"
BOUNCE = {
    "email": "jane@example.org", "event": "bounce", "type": "bounce", "status": "5.1.1", "sg_event_id": "e1",
    "reason": "550 5.1.1 no such user", "smtp-id": f"<cartwake.{ID}.1@example.com>", "timestamp": NOW,
}  # fmt: skip
FAILED = {
    "event": "failed", "id": "m1", "severity": "permanent", "reason": "bounce", "recipient": "jane@example.org",
    "delivery-status": {"code": 550, "message": "5.1.1 no such user", "enhanced-code": "5.1.1"},
    "message": {"headers": {"message-id": f"cartwake.{ID}.1@example.com"}},
}  # fmt: skip
HARD = {
    "RecordType": "Bounce", "Type": "HardBounce", "ID": 42, "Email": "jane@example.org", "Metadata": {"cartwake": ID},
    "Details": "smtp;550 5.1.1 unknown", "MessageID": "00000000-0000-0000-0000-000000000000",
}  # fmt: skip

CHANGED = {
    "RecordType": "SubscriptionChange", "Origin": "Recipient", "SuppressSending": True,
    "SuppressionReason": "ManualSuppression", "Recipient": "jane@example.org", "Metadata": {"cartwake": ID},
}  # fmt: skip


def by_sendgrid(body: bytes, at: int = NOW) -> dict[str, str]:
    signature = PRIVATE.sign(str(at).encode() + body, ec.ECDSA(SHA256()))
    return {SENDGRID_TIMESTAMP: str(at), SENDGRID_SIGNATURE: base64.b64encode(signature).decode()}


def by_mailgun(event: Any, *, token: str = "t" * 50, at: int = NOW, key: str = MAILGUN_KEY) -> bytes:
    signature = hmac.new(key.encode(), f"{at}{token}".encode(), hashlib.sha256).hexdigest()
    signed = {"timestamp": str(at), "token": token, "signature": signature}
    return json.dumps({"signature": signed, "event-data": event}).encode()


def by_postmark(login: str = LOGIN) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(login.encode()).decode()}


def meant(event: Event) -> tuple[Kind | None, Severity | None]:
    return event.kind, event.results[0].severity if event.results else None


# --- signatures -----------------------------------------------------------------------------------------------------


def test_sendgrid_signs_the_bytes_and_the_time() -> None:
    check, body = sendgrid(PUBLIC).check, json.dumps([BOUNCE]).encode()
    check(by_sendgrid(body), body, NOW)
    with pytest.raises(NotSignedError):
        check(by_sendgrid(body), body + b" ", NOW)
    with pytest.raises(NotSignedError):
        check(by_sendgrid(body) | {SENDGRID_TIMESTAMP: str(NOW + 1)}, body, NOW)
    with pytest.raises(NotSignedError):
        check({}, body, NOW)
    check(by_sendgrid(body), body, NOW + OLDEST_S)
    with pytest.raises(NotSignedError):
        check(by_sendgrid(body), body, NOW + OLDEST_S + 1)
    with pytest.raises(NotSignedError):
        check(by_sendgrid(body), body, NOW - AHEAD_S - 1)


@pytest.mark.parametrize("key", ["", "no key", base64.b64encode(b"none").decode()])
def test_what_is_no_key_of_sendgrid_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="public key"):
        sendgrid(key)


def test_a_token_of_mailgun_is_good_for_one_event_however_often_it_is_posted() -> None:
    check, body = mailgun(MAILGUN_KEY).check, by_mailgun(FAILED)
    check({}, body, NOW)
    check({}, body, NOW)
    with pytest.raises(NotSignedError):
        check({}, by_mailgun(FAILED | {"recipient": "other@example.org"}), NOW)
    with pytest.raises(NotSignedError):
        check({}, by_mailgun(FAILED, token="u" * 50, key="another signing key"), NOW)
    with pytest.raises(NotSignedError):
        check({}, by_mailgun(FAILED, token="v" * 50), NOW + OLDEST_S + 1)


def test_the_main_account_of_mailgun_signs_for_its_subaccounts() -> None:
    of_main, of_sub = (
        json.loads(by_mailgun(FAILED, key=key)) for key in (MAILGUN_KEY, "the subaccount's own key")
    )
    of_sub["signature"]["parent-signature"] = of_main["signature"]["signature"]
    mailgun(MAILGUN_KEY).check({}, json.dumps(of_sub).encode(), NOW)
    of_sub["signature"]["parent-signature"] = "0" * 64
    with pytest.raises(NotSignedError):
        mailgun(MAILGUN_KEY).check({}, json.dumps(of_sub).encode(), NOW)


def test_an_id_of_mailgun_is_one_of_its_day() -> None:
    times = (NOW + 0.25, NOW + 0.25, NOW + 86_400.5)
    first, again, later = (mailgun_events(by_mailgun(FAILED | {"timestamp": at}))[0].key for at in times)
    assert first == again != later


def test_postmark_shows_user_and_password() -> None:
    check = postmark(LOGIN).check
    check(by_postmark(), b"", NOW)
    for headers in ({}, by_postmark("cartwake:"), {"authorization": "Basic ?"}, {"authorization": LOGIN}):
        with pytest.raises(NotSignedError):
            check(headers, b"", NOW)


# --- events ---------------------------------------------------------------------------------------------------------

SENDGRID = [
    (BOUNCE, (Kind.BOUNCE, Severity.HARD)),
    (BOUNCE | {"type": "blocked", "status": "5.7.1", "reason": "550 5.7.1 spam"}, (Kind.BOUNCE, Severity.ABOUT_US)),
    ({"event": "deferred", "response": "451 4.2.2 try again later"}, (Kind.BOUNCE, Severity.SOFT)),
    ({"event": "dropped", "reason": "Bounced Address"}, (Kind.BOUNCE, Severity.HARD)),
    ({"event": "dropped", "reason": "Invalid SMTPAPI header"}, (None, None)),
    ({"event": "spamreport"}, (Kind.COMPLAINT, None)),
    ({"event": "group_unsubscribe"}, (Kind.UNSUBSCRIBE, None)),
    ({"event": "delivered"}, (None, None)),
    ({"event": ["bounce"]}, (None, None)),
    (7, (None, None)),
]  # fmt: skip


def test_sendgrids_events_and_one_bad_among_them() -> None:
    events = sendgrid_events(json.dumps([event for event, _ in SENDGRID]).encode())
    assert [meant(event) for event in events] == [expected for _, expected in SENDGRID]
    assert (events[0].key, ID in events[0].about[1]) == ("e1", True)
    assert events[0].results[0].addresses == ("jane@example.org",)


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (FAILED, (Kind.BOUNCE, Severity.HARD)),
        (FAILED | {"severity": "temporary"}, (Kind.BOUNCE, Severity.SOFT)),
        (
            FAILED | {"reason": "suppress-bounce", "delivery-status": {"code": 605}},
            (Kind.BOUNCE, Severity.HARD),
        ),
        (FAILED | {"reason": "suppress-complaint"}, (Kind.COMPLAINT, None)),
        ({"event": "complained"}, (Kind.COMPLAINT, None)),
        ({"event": "unsubscribed"}, (Kind.UNSUBSCRIBE, None)),
        ({"event": "opened"}, (None, None)),
    ],
)
def test_mailguns_events(event: Any, expected: Any) -> None:
    (read,) = mailgun_events(by_mailgun(event))
    assert meant(read) == expected


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (HARD, (Kind.BOUNCE, Severity.HARD)),
        (HARD | {"Type": "SoftBounce"}, (Kind.BOUNCE, Severity.SOFT)),
        (HARD | {"Type": "Blocked"}, (Kind.BOUNCE, Severity.ABOUT_US)),
        (HARD | {"Type": "AutoResponder"}, (Kind.AUTO_REPLY, None)),
        (HARD | {"RecordType": "SpamComplaint", "Type": "SpamComplaint"}, (Kind.COMPLAINT, None)),
        (HARD | {"Type": "DMARCPolicy"}, (Kind.BOUNCE, Severity.ABOUT_US)),
        (HARD | {"Type": "ChallengeVerification"}, (Kind.AUTO_REPLY, None)),
        (CHANGED, (Kind.UNSUBSCRIBE, None)),
        (CHANGED | {"SuppressionReason": "HardBounce"}, (None, None)),  # as Postmark's own example has it
        (CHANGED | {"SuppressionReason": "SpamComplaint"}, (None, None)),
        (CHANGED | {"SuppressSending": False}, (None, None)),
        (CHANGED | {"Origin": "Admin"}, (None, None)),
        ({"RecordType": "Delivery"}, (None, None)),
    ],
)
def test_postmarks_events(event: Any, expected: Any) -> None:
    (read,) = postmark_events(json.dumps(event).encode())
    assert meant(read) == expected


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "event",
                    "reason",
                    "event-data",
                    "Type",
                    "RecordType",
                    "Metadata",
                    "ID",
                    "message",
                    "headers",
                ]
            ),
            inner | st.sampled_from(["bounce", "failed", "HardBounce", "Bounce"]),
        )
    ),
)


@given(JSON.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    for read in (sendgrid_events, mailgun_events, postmark_events):
        try:
            events = read(body)
        except UnreadableError:
            continue
        assert all(isinstance(event, Event) for event in events)


def test_the_signed_id_goes_along_for_those_who_replace_ours_and_comes_back() -> None:
    ids = MailIds("a secret for the tests only")
    envelope = Envelope(ids, "hello@example.com", providers=("sendgrid", "mailgun", "postmark"))
    (api, arguments), (metadata, signed) = envelope.metadata(7)
    assert (api, metadata) == ("X-SMTPAPI", "X-PM-Metadata-cartwake")
    (posted,) = sendgrid_events(
        json.dumps([{"event": "spamreport"} | json.loads(arguments)["unique_args"]]).encode()
    )
    assert [ids.find(posted.about[0]), ids.find(signed)] == [7, 7]
    assert Envelope(ids, "hello@example.com").metadata(7) == []


# --- answers --------------------------------------------------------------------------------------------------------


class Kept:
    def __init__(self, *, down: bool = False) -> None:
        self.events: list[Event] = []
        self.down = down
        self.gate: threading.Event | None = None

    def take(self, events: Any) -> None:
        if self.gate is not None:
            self.gate.wait(30)
        if self.down:
            raise UnavailableError
        self.events += events


def app(kept: Kept) -> Any:
    hooks = {"sendgrid": sendgrid(PUBLIC), "mailgun": mailgun(MAILGUN_KEY), "postmark": postmark(LOGIN)}
    return pages_app(settings(webhooks=hooks), FakeVisits(), now=lambda: NOW, reports=kept)


async def test_what_is_stored_is_confirmed_and_nothing_else() -> None:
    kept, body = Kept(), json.dumps(HARD).encode()
    served = app(kept)
    assert (await call(served, "/b/postmark", "POST", headers=by_postmark(), body=body)).status == 200
    assert [meant(event) for event in kept.events] == [(Kind.BOUNCE, Severity.HARD)]
    assert (await call(served, "/b/postmark", "POST", body=body)).status == 401
    assert (await call(served, "/b/postmark", "POST", headers=by_postmark(), body=b"{")).status == 400
    assert (await call(served, "/b/nobody", "POST", headers=by_postmark(), body=body)).status == 404
    huge = b" " * (MOST_BYTES + 1)
    assert (await call(served, "/b/postmark", "POST", headers=by_postmark(), body=huge)).status == 413
    assert len(kept.events) == 1
    busy = await call(app(Kept(down=True)), "/b/postmark", "POST", headers=by_postmark(), body=body)
    assert (busy.status, busy.headers["retry-after"]) == (503, "30")


async def test_who_tries_keys_out_is_slowed_down() -> None:
    served = app(Kept())
    answers = [
        (await call(served, "/b/mailgun", "POST", body=b"{}")).status for _ in range(INVALID_PER_WINDOW + 1)
    ]
    assert answers == [401] * INVALID_PER_WINDOW + [429]


async def test_without_a_setting_there_is_no_such_address() -> None:
    served = pages_app(settings(), FakeVisits(), now=lambda: NOW, reports=Kept())
    assert (await call(served, "/b/postmark", "POST", headers=by_postmark(), body=b"{}")).status == 404


async def test_more_than_a_few_at_once_are_told_to_come_again() -> None:
    kept, body = Kept(), json.dumps(HARD).encode()
    served = app(kept)
    kept.gate = threading.Event()
    many = [
        asyncio.create_task(call(served, "/b/postmark", "POST", headers=by_postmark(), body=body))
        for _ in range(MOST_AT_ONCE + 1)
    ]
    done, _ = await asyncio.wait(many, return_when=asyncio.FIRST_COMPLETED, timeout=20)
    assert [task.result().status for task in done] == [503]
    kept.gate.set()
    statuses = sorted(answer.status for answer in await asyncio.gather(*many))
    assert statuses == [200] * MOST_AT_ONCE + [503]
