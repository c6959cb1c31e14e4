"""Amazon SNS: messages signed by a certificate of its own, and who opened which address."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from mailer.webhooks import UnreachableError

TOPIC = "arn:aws:sns:eu-west-1:123456789012:bounces"
HOST = "sns.eu-west-1.amazonaws.com"
CERTIFICATE_URL = f"https://{HOST}/SimpleNotificationService-0123456789abcdef.pem"
_KEY = rsa.generate_private_key(65537, 2048)


def _certificate() -> bytes:
    name, now = x509.Name([]), datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, _KEY.public_key(), x509.random_serial_number())
    made = builder.not_valid_before(now).not_valid_after(now + timedelta(days=1)).sign(_KEY, SHA256())
    return made.public_bytes(Encoding.PEM)


class Amazon:
    """``away``: it does not answer."""

    def __init__(self) -> None:
        self.opened: list[str] = []
        self.away = False

    def open(self, url: str) -> bytes:
        """Its certificate, whatever is asked for."""
        if self.away:
            raise UnreachableError
        self.opened.append(url)
        return _certificate()

    def posts(self, message: Any, *, at: float, **more: str) -> bytes:
        """A notification with this message of SES."""
        return _signed(at, {"Type": "Notification", "Message": json.dumps(message)} | more)

    def confirms(self, url: str, *, at: float, **more: str) -> bytes:
        """A subscription that wants to be confirmed, or by its Type has ended."""
        asked = {"Type": "SubscriptionConfirmation", "Message": "Confirm", "SubscribeURL": url, "Token": "t"}
        return _signed(at, asked | more)


def _signed(at: float, values: dict[str, str]) -> bytes:
    sent = {
        "MessageId": "sns-1", "TopicArn": TOPIC, "SignatureVersion": "1", "SigningCertURL": CERTIFICATE_URL,
        "Timestamp": datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
    } | values  # fmt: skip
    names = sorted(set(sent) - {"SignatureVersion", "SigningCertURL"})
    text = "".join(f"{name}\n{sent[name]}\n" for name in names)
    algorithm = SHA1() if sent["SignatureVersion"] == "1" else SHA256()  # noqa: S303 - as SNS does
    sent["Signature"] = base64.b64encode(_KEY.sign(text.encode(), padding.PKCS1v15(), algorithm)).decode()
    return json.dumps(sent).encode()
