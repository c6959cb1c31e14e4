"""Another verifier than the library that signs: what it says of our signatures."""

import subprocess
from pathlib import Path

import pytest
from parts.spam import SpamAssassin
from parts.specimens import specimens

from mailer import DkimSigner, read_key

pytestmark = pytest.mark.parts


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Keys as a shop makes them, by their kind."""
    folder = tmp_path_factory.mktemp("keys")
    for kind, options in (("rsa", ["-pkeyopt", "rsa_keygen_bits:2048"]), ("ed25519", [])):
        asked = ["openssl", "genpkey", "-algorithm", kind, *options, "-out", str(folder / kind)]
        subprocess.run(asked, check=True, capture_output=True)
    return {kind: folder / kind for kind in ("rsa", "ed25519")}


@pytest.fixture(scope="module")
def signer(keys: dict[str, Path]) -> DkimSigner:
    domain = specimens()["small-cart"].store.sender_email.rpartition("@")[2]
    return DkimSigner(domain, [read_key(selector, file) for selector, file in keys.items()])


@pytest.fixture(scope="module")
def records(keys: dict[str, Path]) -> dict[str, str]:
    """What the shop has in its DNS."""
    domain = specimens()["small-cart"].store.sender_email.rpartition("@")[2]
    found = {selector: read_key(selector, file) for selector, file in keys.items()}
    return {f"{selector}._domainkey.{domain}": key.record for selector, key in found.items()}


@pytest.mark.parametrize("kind", ["small-cart", "arabic", "japanese", "markup"])
def test_a_mail_passes_also_where_only_rsa_is_known(
    kind: str, signer: DkimSigner, records: dict[str, str], spam_filter: SpamAssassin
) -> None:
    verdict, other = spam_filter.verify(signer.sign(specimens()[kind].message), records)
    assert verdict == "pass"
    assert other in {"pass", "invalid (unsupported algorithm ed25519-sha256)"}  # by Mail::DKIM's age


def test_a_mail_that_was_changed_on_its_way_fails(
    signer: DkimSigner, records: dict[str, str], spam_filter: SpamAssassin
) -> None:
    signed = signer.sign(specimens()["small-cart"].message)
    mailto = signed.replace(b"List-Unsubscribe: <https", b"List-Unsubscribe: <http", 1)
    assert mailto != signed
    verdicts = spam_filter.verify(mailto, records)
    assert verdicts[0].startswith("fail")
    assert "pass" not in verdicts
