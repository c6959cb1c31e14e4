"""SPF, DKIM and DMARC as a DNS server on this machine has them; one that does not answer is no failure."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from fakes.dns_server import SILENCE, dns_server
from fakes.examined import examined, found, mark_of

from binlog_watcher.commands.doctor import Report
from binlog_watcher.doctor.dns_check import ask_of
from binlog_watcher.doctor.finding import Mark
from mailer import read_key

DOMAIN = "shop.example.com"
KEY = f"mail2026._domainkey.{DOMAIN}"


class Domain:
    """``records``: what the DNS has."""

    def __init__(self, records: dict[str, Sequence[str]], server: tuple[str, int]) -> None:
        self.records = records
        self._server = server

    def looked_at(self, check: str, **settings: Any) -> Report:
        return examined(check, ask_dns=ask_of(self._server, patience_s=0.5), **settings)


@pytest.fixture
def domain() -> Iterator[Domain]:
    records: dict[str, Sequence[str]] = {}
    with dns_server(records) as server:
        yield Domain(records, server)


@pytest.mark.parametrize(
    ("records", "mark", "words"),
    [
        (["v=spf1 include:_spf.example.net -all", "other=1"], Mark.OK, "include:_spf.example.net"),
        (["other=1"], Mark.WARNING, "has no SPF record"),
        (None, Mark.WARNING, "has no SPF record"),
        (["v=spf1 +all"], Mark.WARNING, "everybody may send"),
        (["v=spf1 -all", "v=spf1 mx -all"], Mark.FAILED, "has 2 SPF records"),
        (SILENCE, Mark.NOT_LOOKED_AT, f"not looked at: the DNS gives no answer about {DOMAIN}"),
    ],
)
def test_spf(domain: Domain, records: Sequence[str] | None, mark: Mark, words: str) -> None:
    if records is not None:
        domain.records[DOMAIN] = records
    report = domain.looked_at("dns.spf")
    (finding,) = found(report, "dns.spf")
    assert (finding.mark, report.exit_code) == (mark, int(mark is Mark.FAILED))
    assert words in finding.line


def test_spf_goes_by_the_envelope_sender(domain: Domain) -> None:
    domain.records["bounces.example.com"] = ["v=spf1 mx -all"]
    assert (
        mark_of(domain.looked_at("dns.spf", BOUNCE_ADDRESS="b+{verp}@bounces.example.com"), "dns.spf")
        is Mark.OK
    )


@pytest.mark.parametrize(
    ("name", "records", "mark"),
    [
        (f"_dmarc.{DOMAIN}", ["v=DMARC1; p=reject"], Mark.OK),
        ("_dmarc.example.com", ["v=DMARC1; p=none"], Mark.OK),
        ("_dmarc.com", ["v=DMARC1; p=none"], Mark.WARNING),
        (f"_dmarc.{DOMAIN}", ["v=DMARC1; p=none", "v=DMARC1; p=reject"], Mark.FAILED),
        (f"_dmarc.{DOMAIN}", SILENCE, Mark.NOT_LOOKED_AT),
    ],
)
def test_dmarc(domain: Domain, name: str, records: Sequence[str], mark: Mark) -> None:
    domain.records[name] = records
    assert mark_of(domain.looked_at("dns.dmarc"), "dns.dmarc") is mark


@pytest.fixture(scope="module")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("dkim") / "key.pem"
    path.write_bytes(
        generate_private_key(65537, 2048).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return path


def test_dkim_is_held_against_the_key_that_signs(domain: Domain, key_file: Path) -> None:
    record = read_key("mail2026", key_file).record
    keys = f"mail2026={key_file}"
    (missing,) = found(domain.looked_at("dns.dkim", DKIM_KEYS=keys), "dns.dkim")
    assert missing.mark is Mark.FAILED
    assert missing.mend == f'{KEY}. TXT "{record}"'
    domain.records[KEY] = ["v=DKIM1; k=rsa; p=MIGfMA0G"]
    (another,) = found(domain.looked_at("dns.dkim", DKIM_KEYS=keys), "dns.dkim")
    assert another.seen == f"{KEY} has another key than DKIM_KEYS"
    domain.records[KEY] = [record.replace("p=", "p= ")]
    assert mark_of(domain.looked_at("dns.dkim", DKIM_KEYS=keys), "dns.dkim") is Mark.OK
    domain.records[KEY] = SILENCE
    assert mark_of(domain.looked_at("dns.dkim", DKIM_KEYS=keys), "dns.dkim") is Mark.NOT_LOOKED_AT


def test_without_keys_of_ours_nobody_is_asked() -> None:
    assert mark_of(examined("dns.dkim"), "dns.dkim") is Mark.OK
