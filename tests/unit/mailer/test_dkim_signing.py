"""Signatures that a verifier takes, and keys that are none."""

import base64
import pickle
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from fakes.dkim_dns import is_valid
from fakes.store import store

from mailer import (
    DkimError,
    DkimSigner,
    Links,
    Rendered,
    build,
    check_line_ends,
    message_id,
    parse_address,
    read_key,
)
from mailer.dkim_signing import DkimKey

PrivateKey = rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey
RSA = rsa.generate_private_key(65537, 2048)
ED25519 = ed25519.Ed25519PrivateKey.generate()


def pem(key: PrivateKey, form: serialization.PrivateFormat, password: bytes | None = None) -> bytes:
    locked = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, form, locked)


def saved(folder: Path, text: bytes, selector: str = "mail2026") -> DkimKey:
    file = folder / f"{selector}.pem"
    file.write_bytes(text)
    return read_key(selector, file)


def message() -> bytes:
    links = Links(b"0123456789abcdef", support_email="help@example.com", public_url="https://c.test")
    return build(
        Rendered("Ihr Warenkorb wartet: schön!", "<p>Hallo\n\n\n</p>\n\n", "Hallo\n"),
        store=store(sender_email="shop@example.com", sender_name="Büro"),
        recipient=parse_address("jane@example.org"),
        recipient_name="Jane Doe",
        message_id=message_id(7, "example.com"),
        date=datetime(2026, 5, 17, 12, 0, tzinfo=UTC),
        unsubscribe=links.unsubscribe(7),
    )


@pytest.mark.parametrize(
    "form", [serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL]
)
def test_a_verifier_takes_what_rsa_has_signed(form: serialization.PrivateFormat, tmp_path: Path) -> None:
    key = saved(tmp_path, pem(RSA, form))
    signed = DkimSigner("example.com", [key]).sign(message())
    check_line_ends(signed)
    assert signed.endswith(message())
    assert max(map(len, signed.split(b"\r\n"))) <= 998
    assert is_valid(signed, [key])


def test_both_kinds_of_keys_sign_together(tmp_path: Path) -> None:
    keys = [
        saved(tmp_path, pem(RSA, serialization.PrivateFormat.PKCS8), "one"),
        saved(tmp_path, pem(ED25519, serialization.PrivateFormat.PKCS8), "two.2026"),
    ]
    signer = DkimSigner("example.com", keys)
    for one in (signer, pickle.loads(pickle.dumps(signer))):  # noqa: S301 - ours; worker processes get a copy so
        signed = one.sign(message())
        assert signed.count(b"DKIM-Signature: ") == 2
        assert is_valid(signed, keys, 0)
        assert is_valid(signed, keys, 1)


def test_the_seed_that_dknewkey_writes_is_a_key(tmp_path: Path) -> None:
    seed = ED25519.private_bytes(
        serialization.Encoding.Raw, serialization.PrivateFormat.Raw, serialization.NoEncryption()
    )
    key = saved(tmp_path, base64.b64encode(seed) + b"\n")
    assert key == saved(tmp_path, pem(ED25519, serialization.PrivateFormat.PKCS8))


@pytest.mark.parametrize(
    "changed",
    [
        (b"Subject: ", b"Subject: x"),
        (b"List-Unsubscribe-Post: ", b"List-Unsubscribe-Post: x"),
        (b"/u/", b"/x/"),
        (b"jane@example.org", b"joan@example.org"),
        (b"From: ", b"From: other@example.org\r\nFrom: "),
        (b"Subject: ", b"Subject: another\r\nSubject: "),
        (b"\r\n\r\n--=_", b"\r\n\r\nx--=_"),
    ],
)
def test_nothing_that_counts_can_be_changed(changed: tuple[bytes, bytes], tmp_path: Path) -> None:
    key = saved(tmp_path, pem(ED25519, serialization.PrivateFormat.PKCS8))
    signed = DkimSigner("example.com", [key]).sign(message())
    head, body = signed.split(b"\r\nDate: ", 1)
    assert is_valid(signed, [key])
    assert changed[0] in body
    assert not is_valid(head + b"\r\nDate: " + body.replace(*changed, 1), [key])


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (b"", "holds no private key"),
        (b"AAAA", "holds no private key"),
        (b"-----BEGIN RSA PRIVATE KEY-----\nAAAA", "no private key that can be read"),
        (pem(RSA, serialization.PrivateFormat.PKCS8)[:-300], "no private key that can be read"),
        (
            RSA.public_key().public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            ),
            "public half",
        ),
        (pem(RSA, serialization.PrivateFormat.PKCS8, b"secret"), "locked by a password"),
        (pem(ec.generate_private_key(ec.SECP256R1()), serialization.PrivateFormat.PKCS8), "another kind"),
    ],
)
def test_what_is_no_key_is_told_without_a_word_of_it(text: bytes, complaint: str, tmp_path: Path) -> None:
    with pytest.raises(DkimError, match=complaint) as caught:
        saved(tmp_path, text)
    assert text[40:60].decode() not in str(caught.value) or not text[40:60]


def test_a_short_key_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailer.dkim_signing.LEAST_RSA_BITS", 2049)
    with pytest.raises(DkimError, match="has 2048 bits"):
        saved(tmp_path, pem(RSA, serialization.PrivateFormat.PKCS8))


@pytest.mark.parametrize("selector", ["", "a b", "a.", "-a", "a_b", "x" * 64, "ä"])
def test_a_selector_is_a_name_of_the_dns(selector: str, tmp_path: Path) -> None:
    with pytest.raises(DkimError, match="is no name"):
        read_key(selector, tmp_path / "key.pem")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DkimError, match=r"key\.pem can't be read \(No such file"):
        read_key("a", tmp_path / "key.pem")


def test_nothing_shows_the_secret(tmp_path: Path) -> None:
    key = saved(tmp_path, pem(ED25519, serialization.PrivateFormat.PKCS8))
    signer = DkimSigner("example.com", [key])
    assert key.secret.decode() not in repr(key) + repr(signer)
    assert repr(signer) == "DkimSigner('example.com', ['mail2026'])"
