"""How each provider shows that a request is its own. Times are epoch seconds.

SendGrid: twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features (the
signature in the tests of its SDKs verifies). Mailgun:
documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks. Postmark:
postmarkapp.com/developer/webhooks/webhooks-overview.
"""

import base64
import binascii
import hashlib
import hmac
import threading
from collections import OrderedDict
from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from mailer.webhooks.events import parsed

SENDGRID_SIGNATURE = "x-twilio-email-event-webhook-signature"
SENDGRID_TIMESTAMP = "x-twilio-email-event-webhook-timestamp"

OLDEST_S = 25 * 3600.0
"""SendGrid posts again for a day, Mailgun for eight hours; neither says whether it signs anew."""

AHEAD_S = 300.0
"""Clocks differ."""

MOST_TOKENS = 100_000


class NotSignedError(Exception):
    """Whoever sent it, it was not the provider, or it is too old."""


def sendgrid_key(text: str) -> ec.EllipticCurvePublicKey:
    """The verification key as SendGrid shows it. Raises ValueError."""
    try:
        key = load_der_public_key(base64.b64decode("".join(text.split()), validate=True))
    except (ValueError, TypeError, binascii.Error):
        raise ValueError("not a public key in base64") from None
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise ValueError("not an elliptic curve key")  # noqa: TRY004 - of the setting's value
    return key


class SendGridSignature:
    """ECDSA with SHA-256 over timestamp and body."""

    def __init__(self, key: str) -> None:
        self._key = sendgrid_key(key)

    def __call__(self, headers: Mapping[str, str], body: bytes, now_s: float) -> None:
        """Raises NotSignedError."""
        timestamp = headers.get(SENDGRID_TIMESTAMP, "")
        refuse_old(timestamp, now_s)
        try:
            signature = base64.b64decode(headers.get(SENDGRID_SIGNATURE, ""), validate=True)
            self._key.verify(signature, timestamp.encode() + body, ec.ECDSA(SHA256()))
        except (ValueError, InvalidSignature):
            raise NotSignedError("the signature is wrong") from None


class MailgunSignature:
    """HMAC-SHA256 over timestamp and token, which are in the body. It does not cover the event.

    So a token is good for one body: the same again is Mailgun's second try, another one somebody else's.
    What happens in a subaccount is signed by the main account's key as well.
    """

    def __init__(self, key: str) -> None:
        self._key = key.encode()
        self._bodies: OrderedDict[str, bytes] = OrderedDict()  # token → digest of its body
        self._lock = threading.Lock()

    def __call__(self, _headers: Mapping[str, str], body: bytes, now_s: float) -> None:
        """Raises NotSignedError, and UnreadableError for what is no JSON."""
        document = parsed(body)
        signed = document.get("signature") if isinstance(document, dict) else None
        values = signed if isinstance(signed, dict) else {}
        timestamp, token, *given = (
            str(values.get(name, ""))[:200]
            for name in ("timestamp", "token", "signature", "parent-signature")
        )
        refuse_old(timestamp, now_s)
        expected = hmac.new(
            self._key, (timestamp + token).encode("utf-8", "replace"), hashlib.sha256
        ).hexdigest()
        matches = [hmac.compare_digest(expected.encode(), one.encode("utf-8", "replace")) for one in given]
        if not token or not any(matches):
            raise NotSignedError("the signature is wrong")
        digest = hashlib.sha256(body).digest()
        with self._lock:
            if self._bodies.setdefault(token, digest) != digest:
                raise NotSignedError("the token was used for another event")
            if len(self._bodies) > MOST_TOKENS:
                self._bodies.popitem(last=False)


class PostmarkLogin:
    """User and password by HTTP Basic: Postmark signs nothing."""

    def __init__(self, login: str) -> None:
        self._expected = hashlib.sha256(login.encode()).digest()

    def __call__(self, headers: Mapping[str, str], _body: bytes, _now_s: float) -> None:
        """Raises NotSignedError."""
        scheme, _, credentials = headers.get("authorization", "").partition(" ")
        try:
            given = base64.b64decode(credentials.strip(), validate=True)
        except ValueError:
            given = b""
        # Digests are compared, so that the length tells nothing either.
        same = hmac.compare_digest(hashlib.sha256(given).digest(), self._expected)
        if scheme.lower() != "basic" or not same:
            raise NotSignedError("user or password is wrong")


def refuse_old(timestamp: str, now_s: float) -> None:
    """``timestamp``: digits. Raises NotSignedError."""
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 12):
        raise NotSignedError("there is no timestamp")
    if not now_s - OLDEST_S <= int(timestamp) <= now_s + AHEAD_S:
        raise NotSignedError("the timestamp is too old, or ahead")
