"""Signs mails with DKIM (RFC 6376; Ed25519: RFC 8463), for shops whose mail server does not do it itself.

dkimpy does the work, in plain Python: a signature with RSA takes some 20 ms of the processor, with Ed25519 some 2.
"""

import base64
import importlib
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from mailer.errors import DkimError

LEAST_RSA_BITS = 1024
"""Shorter keys are not to be believed by anybody (RFC 8301, 3.2)."""

_SELECTOR = re.compile(
    r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*"
)
_SEED_BYTES = 32

_TWICE = ("From", "To", "Subject", "Date", "Reply-To", "Message-ID", "Content-Type")
"""Named once more than they are there, so that nobody can add another one (RFC 6376, 8.15)."""

_COVERED = (
    *_TWICE, "List-Unsubscribe", "List-Unsubscribe-Post", "List-Id", "Feedback-ID", "Auto-Submitted",
    "MIME-Version",
)  # fmt: skip
"""RFC 8058, 4: one-click works only where a signature covers both List-Unsubscribe fields."""


@dataclass(frozen=True, slots=True)
class DkimKey:
    """``selector``: the key's public half stands in the DNS at ``SELECTOR._domainkey.DOMAIN``.

    ``secret``: as dkimpy wants it, PEM of an RSA key or the base64 of an Ed25519 key's 32 bytes.
    """

    selector: str
    algorithm: str
    secret: bytes = field(repr=False)
    record: str = field(repr=False)
    """What the DNS must hold, as one TXT record."""


def read_key(selector: str, path: Path) -> DkimKey:
    """A private key from a file: PEM, or the base64 that dkimpy's ``dknewkey`` writes for Ed25519.

    Raises DkimError, which says what is wrong; never with anything that the file holds.
    """
    if not _SELECTOR.fullmatch(selector) or len(selector) > 63:
        raise DkimError(
            f"the selector {selector!r} is no name: give letters, digits and hyphens, such as mail2026"
        )
    try:
        text = path.read_bytes()
    except OSError as error:
        raise DkimError(
            f"{path} can't be read ({error.strerror}): give the path of the private key"
        ) from None
    key = _parsed(text, path)
    if isinstance(key, Ed25519PrivateKey):
        seed = key.private_bytes(
            serialization.Encoding.Raw, serialization.PrivateFormat.Raw, serialization.NoEncryption()
        )
        public = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        record = f"v=DKIM1; k=ed25519; p={base64.b64encode(public).decode()}"
        return DkimKey(selector, "ed25519-sha256", base64.b64encode(seed), record)
    if key.key_size < LEAST_RSA_BITS:
        raise DkimError(
            f"{path} has {key.key_size} bits: receivers ignore RSA keys below {LEAST_RSA_BITS}; make one of 2048"
        )
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    der = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return DkimKey(selector, "rsa-sha256", pem, f"v=DKIM1; k=rsa; p={base64.b64encode(der).decode()}")


def _parsed(text: bytes, path: Path) -> RSAPrivateKey | Ed25519PrivateKey:
    if b"-----BEGIN" not in text:
        try:
            seed = base64.b64decode(text.strip(), validate=True)
        except ValueError:
            seed = b""
        if len(seed) != _SEED_BYTES:
            raise DkimError(
                f"{path} holds no private key: give a PEM file, such as openssl genrsa 2048 writes"
            )
        return Ed25519PrivateKey.from_private_bytes(seed)
    try:
        key = serialization.load_pem_private_key(text, None)
    except TypeError:
        raise DkimError(
            f"{path} is locked by a password: give the key without one, readable by this user only"
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise DkimError(
            f"{path} holds no private key that can be read: is it the public half, or cut off?"
        ) from None
    if not isinstance(key, RSAPrivateKey | Ed25519PrivateKey):
        raise DkimError(f"{path} is a key of another kind: DKIM knows RSA and Ed25519")
    return key


class DkimSigner:
    """Signs for one domain, with each key once. Raises DkimError where dkimpy is missing or a key can't sign."""

    def __init__(self, domain: str, keys: Sequence[DkimKey]) -> None:
        self._domain = domain.encode("idna")
        self._keys = tuple(keys)
        self.sign(b"From: <test@" + self._domain + b">\r\n\r\n\r\n")

    def sign(self, message: bytes) -> bytes:
        """The message with its signatures before it, CRLF throughout. Some milliseconds of the processor."""
        names = {line.partition(b":")[0].lower() for line in message.partition(b"\r\n\r\n")[0].split(b"\r\n")}
        covered = [name for name in _COVERED if name.lower().encode() in names]
        covered += [name for name in _TWICE if name in covered]
        return b"".join(self._signature(key, message, covered) for key in self._keys) + message

    def _signature(self, key: DkimKey, message: bytes, covered: Sequence[str]) -> bytes:
        dkim = _library()  # here, since worker processes get a copy of this, and a module can't be sent
        try:
            header: bytes = dkim.sign(
                message,
                key.selector.encode(),
                self._domain,
                key.secret,
                signature_algorithm=key.algorithm.encode(),
                canonicalize=(b"relaxed", b"simple"),
                include_headers=[name.lower().encode() for name in covered],
            )
        except dkim.DKIMException as error:
            raise DkimError(f"the key of {key.selector} can't sign ({error})") from None
        return header

    def __repr__(self) -> str:
        return f"DkimSigner({self._domain.decode()!r}, {[key.selector for key in self._keys]!r})"


def _library() -> Any:
    try:
        return importlib.import_module("dkim")
    except ImportError:
        raise DkimError(
            f"signing needs dkimpy: {sys.executable} -m pip install 'dkimpy[ed25519]' (or install Cartwake with "
            "its extra: '.[dkim]' in its source, 'cartwake[dkim]' from an index)"
        ) from None
