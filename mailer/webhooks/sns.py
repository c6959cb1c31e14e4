"""Amazon SNS, through which SES posts: whether a message is its own, and the subscription of a topic of ours.

Format: docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html; hosts: the pattern of AWS' own
sns-validator, ``sns.REGION.amazonaws.com`` and ``.cn``. Times are epoch seconds.
"""

import base64
import http.client
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, HashAlgorithm
from cryptography.x509 import load_pem_x509_certificate

from mailer.webhooks.events import parsed
from mailer.webhooks.signatures import NotSignedError, refuse_old

Opener = Callable[[str], bytes]

MOST_BYTES = 64_000
"""Of a certificate, or of the answer to a confirmation."""

TIMEOUT_S = 5.0
MOST_CERTIFICATES = 8

_TOPIC = re.compile(
    r"arn:aws(?P<china>-cn)?(?:-us-gov)?:sns:(?P<region>[a-z0-9-]{1,40}):[0-9]{12}:[\w.-]{1,256}", re.ASCII
)
_CERTIFICATE = re.compile(r"/SimpleNotificationService-[0-9A-Za-z]{1,80}\.pem")
_HASHES: Mapping[str, HashAlgorithm] = {"1": SHA1(), "2": SHA256()}  # noqa: S303 - version 1 is SNS' default
_OF_SUBSCRIPTION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
_SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": _OF_SUBSCRIPTION,
    "UnsubscribeConfirmation": _OF_SUBSCRIPTION,  # its SubscribeURL would subscribe again: whoever ended it wants that
}


class UnreachableError(Exception):
    """Amazon did not answer: the message may be its own, and is to be posted again."""


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """A redirect could lead to another host."""


def fetch(url: str) -> bytes:
    """What is at this https address, at most MOST_BYTES + 1. Blocking. Raises UnreachableError."""
    try:
        with urllib.request.build_opener(_NoRedirects).open(url, timeout=TIMEOUT_S) as answer:
            return bytes(answer.read(MOST_BYTES + 1))
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise UnreachableError(type(error).__name__) from error


def topic_hosts(text: str) -> dict[str, str]:
    """Topic ARNs with commas between them → the host that speaks for each. Raises ValueError."""
    hosts = {}
    for arn in filter(None, map(str.strip, text.split(","))):
        match = _TOPIC.fullmatch(arn)
        if match is None:
            raise ValueError("not the ARN of an SNS topic")
        hosts[arn] = f"sns.{match['region']}.amazonaws.com{'.cn' if match['china'] else ''}"
    return hosts


class SnsSignature:
    """RSA over some fields, by a certificate that is fetched once. Confirms subscriptions of ``topics``.

    Topics are looked at before anything is fetched, and only their region's host is asked.
    """

    def __init__(self, topics: str, opener: Opener = fetch) -> None:
        self._hosts = topic_hosts(topics)
        self._open = opener
        self._keys: dict[str, rsa.RSAPublicKey] = {}

    def __call__(self, _headers: Mapping[str, str], body: bytes, now_s: float) -> None:
        """Raises NotSignedError, UnreachableError, and UnreadableError for what is no JSON."""
        document = parsed(body)
        values: dict[str, Any] = document if isinstance(document, dict) else {}
        message = {name: value for name, value in values.items() if isinstance(value, str)}
        host, names = self._hosts.get(message.get("TopicArn", "")), _SIGNED.get(message.get("Type", ""))
        algorithm = _HASHES.get(message.get("SignatureVersion", ""))
        if host is None or names is None or algorithm is None:
            raise NotSignedError("not of a topic in SES_TOPIC_ARN, or not signed")
        refuse_old(_epoch(message.get("Timestamp", "")), now_s)
        signed = "".join(f"{name}\n{message[name]}\n" for name in names if name in message)
        key = self._key(message.get("SigningCertURL", ""), host)
        try:
            signature = base64.b64decode(message.get("Signature", ""), validate=True)
            key.verify(signature, signed.encode(), padding.PKCS1v15(), algorithm)
        except (ValueError, InvalidSignature):
            raise NotSignedError("the signature is wrong") from None
        if message["Type"] == "SubscriptionConfirmation":
            self._open(_at(message.get("SubscribeURL", ""), host))

    def _key(self, url: str, host: str) -> rsa.RSAPublicKey:
        if url in self._keys:
            return self._keys[url]
        parts = urlsplit(_at(url, host))
        if not _CERTIFICATE.fullmatch(parts.path) or parts.query:
            raise NotSignedError("the certificate is not at Amazon's path")
        pem = self._open(url)
        try:
            key = load_pem_x509_certificate(pem[:MOST_BYTES]).public_key()
        except ValueError:
            raise UnreachableError("what came is no certificate") from None
        if not isinstance(key, rsa.RSAPublicKey):
            raise NotSignedError("the certificate has no RSA key")
        if len(self._keys) >= MOST_CERTIFICATES:
            self._keys.clear()
        self._keys[url] = key
        return key


def _at(url: str, host: str) -> str:
    """``url``, if it is https on just this host."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise NotSignedError("not an address") from None
    if not url.isascii() or parts.scheme != "https" or parts.netloc != host:
        raise NotSignedError("the address is not Amazon's")
    return url


def _epoch(text: str) -> str:
    try:
        at = datetime.fromisoformat(text)
        return str(int(at.timestamp())) if at.tzinfo else ""
    except (ValueError, OverflowError):
        return ""
