"""STORES: what a storefront may have of its own, and how its mistakes are told."""

import pickle
from decimal import Decimal
from pathlib import Path

import pytest

from binlog_watcher.errors import ConfigError
from binlog_watcher.settings.load import load_settings
from binlog_watcher.settings.settings import Settings
from binlog_watcher.settings.types import DiscountTier

ENOUGH = {
    "MYSQL_USER": "cartwake",
    "MYSQL_DATABASE": "shop",
    "SMTP_HOST": "mail.example.com",
    "SENDER_EMAIL": "shop@shop.test",
    "STORE_NAME": "Example Shop",
    "STORE_URL": "https://shop.test",
    "STORE_ADDRESS": "1 Example Street",
    "SUPPORT_EMAIL": "help@example.com",
    "CART_URL": "https://shop.test/cart",
}


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "stores.toml"


def load(**environ: str) -> Settings:
    return load_settings(None, environ=ENOUGH | {"STORES": "stores.toml"} | environ)


def complaints(**environ: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        load(**environ)
    return caught.value.problems


def test_without_a_file_there_are_no_stores() -> None:
    settings = load_settings(None, environ=ENOUGH)
    assert settings.stores is None
    assert settings.senders == ("shop@shop.test",)


def test_what_a_store_does_not_say_is_as_the_settings_say(file: Path) -> None:
    file.write_text('[DE]\nstore_name = "Laden"\ncurrency = "eur"\n[2]\nsender_email = "two@shop.test"\n')
    settings = load(CURRENCY="CHF", DISCOUNT_TIERS="50:5")
    stores = settings.stores or {}
    assert list(stores) == ["de", "2"]
    assert (stores["de"].store_name, stores["de"].sender_name) == ("Laden", "Laden")
    assert (stores["2"].store_name, stores["2"].sender_name) == ("Example Shop", "Example Shop")
    assert [store.currency for store in stores.values()] == ["EUR", "CHF"]
    assert [store.tiers for store in stores.values()] == [settings.tiers] * 2
    assert settings.senders == ("shop@shop.test", "two@shop.test")
    assert pickle.loads(pickle.dumps(settings)) == settings, "worker processes get it"  # noqa: S301 - our own


def test_a_senders_name_in_the_settings_is_a_default_like_any_other(file: Path) -> None:
    file.write_text('[de]\nstore_name = "Laden"\n')
    assert [store.sender_name for store in (load(SENDER_NAME="The Group").stores or {}).values()] == [
        "The Group"
    ]


def test_a_store_with_tiers_of_its_own_has_no_others(file: Path) -> None:
    file.write_text(
        '[a]\ndiscount_tier_1_percent = 7.5\n[b]\ndiscount_tiers = "20:2"\n[c]\ndiscount_max_total = 900\n'
    )
    a, b, c = (load(DISCOUNT_TIERS="50:5").stores or {}).values()
    assert a.tiers[0] == DiscountTier(Decimal(100), Decimal("7.5"))
    assert b.tiers == (DiscountTier(Decimal(20), Decimal(2)),)
    assert c.tiers == (DiscountTier(Decimal(50), Decimal(5)),)
    assert (b.discount_ceiling, c.discount_ceiling) == (Decimal(10_000), Decimal(900))


def test_an_empty_text_means_that_the_store_has_none(file: Path) -> None:
    file.write_text('[de]\nstore_logo_url = ""\nfree_shipping_text = ""\nsender_name = ""\n')
    (store,) = (load(STORE_LOGO_URL="https://shop.test/logo.png").stores or {}).values()
    assert (store.store_logo_url, store.free_shipping_text, store.sender_name) == ("", "", "")


def test_every_mistake_is_told_with_store_and_key(file: Path) -> None:
    file.write_text(
        'head = 1\n[de]\nstore_url = "shop.test"\ncurrency = "EURO"\nstor_name = "x"\nsmtp_host = "x"\ntheme = "x"\n'
        '[fr]\nstore_name = " "\ncart_url = [1]\nsubject_emoji = true\ndiscount_tier_2_amount = 50\n[FR]\n[""]\n'
    )
    assert complaints(SUPPORT_EMAIL="nobody") == (
        (
            "SUPPORT_EMAIL = 'nobody' (environment): give a mail address such as shop@example.com (An email address "
            "must have an @-sign.)"
        ),
        "stores.toml: head belongs to no store; put it below a table such as [de]",
        "stor_name (stores.toml [de]): there is no such key; did you mean store_name?",
        "smtp_host (stores.toml [de]): is one for all stores; set SMTP_HOST beside STORES",
        "theme (stores.toml [de]): there is no such key; did you mean mail_theme?",
        (
            "STORE_URL = 'shop.test' (stores.toml [de]): give a web address that begins with https:// or http://, "
            "without spaces and quotes"
        ),
        "CURRENCY = 'EURO' (stores.toml [de]): give the three letters of an ISO 4217 currency, such as USD or EUR",
        "CART_URL (stores.toml [fr]): give text in quotes, or a number",
        "subject_emoji (stores.toml [fr]): is one for all stores; set SUBJECT_EMOJI beside STORES",
        "STORE_NAME (stores.toml [fr]) is empty: give the shop's name as customers know it",
        "DISCOUNT_TIER_2_AMOUNT = '50' (stores.toml [fr]): give more than DISCOUNT_TIER_1_AMOUNT = 100",
        "stores.toml [FR]: is there twice",
        "stores.toml []: give the store's name",
    )


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "STORES = 'stores.toml' (environment): there is no such file"),
        (b"", "stores.toml: names no store; give a table for each, such as [de]"),
        (b"\xff", "STORES = 'stores.toml' (environment): not UTF-8; save the file with the encoding UTF-8"),
        (b"[de", "docs/stores.md shows its form"),
        (b"a = " + b"[" * 5000, "nested too deeply"),
        (b"[de]\ncurrency = " + b"9" * 5000, "the file is TOML"),
        (b"[de.x]\nstore_name = 'x'", "x (stores.toml [de]): there is no such key"),
    ],
)  # fmt: skip
def test_a_file_that_is_none(file: Path, content: bytes | None, complaint: str) -> None:
    if content is not None:
        file.write_bytes(content)
    (told,) = complaints()
    assert complaint in told


def test_no_line_holds_a_secret(file: Path) -> None:
    file.write_text('[de]\nstore_url = "geheim-geheim"\nlink_secret = "geheim-geheim"\n')
    told = complaints(LINK_SECRET="geheim-geheim-geheim", MYSQL_PASSWORD="geheim-geheim")
    assert len(told) == 2
    assert "geheim" not in "".join(told)
