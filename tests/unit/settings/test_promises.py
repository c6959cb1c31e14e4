"""What mails promise by default, and who has said yes to it."""

from pathlib import Path

import pytest

from binlog_watcher.errors import ConfigError
from binlog_watcher.settings.load import load_settings
from binlog_watcher.settings.promises import in_words, promised, unconfirmed
from binlog_watcher.settings.settings import Settings


def load(**environ: str) -> Settings:
    return load_settings(None, need="mysql", environ={"MYSQL_USER": "c", "MYSQL_DATABASE": "shop", **environ})


BOTH = {"DISCOUNT_TIER_1_CODE": "A", "DISCOUNT_TIER_2_CODE": "B"}


@pytest.mark.parametrize(
    ("environ", "asked"),
    [
        ({}, ["discount_without_code", "free_shipping"]),
        ({"PROMISES_CONFIRMED": "free_shipping"}, ["discount_without_code"]),
        ({"PROMISES_CONFIRMED": "Discount_Without_Code , free_shipping"}, []),
        ({"FREE_SHIPPING_TEXT": ""}, ["discount_without_code"]),
        ({"FREE_SHIPPING_TEXT": "", "DISCOUNT_TIER_1_CODE": "A"}, ["discount_without_code"]),
        ({"FREE_SHIPPING_TEXT": "", **BOTH}, []),
        ({"FREE_SHIPPING_TEXT": "", "DISCOUNT_TIERS": "0:0, 50:5:SAVE5"}, []),
        ({"FREE_SHIPPING_TEXT": "", "DISCOUNT_TIERS": "50:5, 90:9:SAVE9"}, ["discount_without_code"]),
    ],
)
def test_what_is_promised_and_not_confirmed(environ: dict[str, str], asked: list[str]) -> None:
    assert unconfirmed(load(**environ)) == asked


def test_each_listed_store_is_looked_at_and_the_settings_that_no_store_has_are_not(tmp_path: Path) -> None:
    path = tmp_path / "stores.toml"
    path.write_text('[de]\ndiscount_tiers = "50:5:SPAR5"\nfree_shipping_text = ""\n')
    assert unconfirmed(load(STORES=str(path))) == []
    path.write_text(
        '[de]\ndiscount_tiers = "50:5:SPAR5"\n[fr]\ndiscount_tiers = "50:5"\nfree_shipping_text = ""\n'
    )
    assert unconfirmed(load(STORES=str(path))) == ["discount_without_code", "free_shipping"]


def test_the_line_says_what_to_set() -> None:
    line = in_words(unconfirmed(load()))
    assert "PROMISES_CONFIRMED=discount_without_code,free_shipping" in line
    assert "FREE_SHIPPING_TEXT empty" in line
    assert "\n" not in line


def test_a_promise_that_nobody_makes_is_a_mistake() -> None:
    with pytest.raises(ConfigError, match="'gift' is neither"):
        load(PROMISES_CONFIRMED="free_shipping, gift")


def test_what_is_promised_in_one_line() -> None:
    settings = load(DISCOUNT_TIERS="49.90:7.5:SAVE, 100:10", FREE_SHIPPING_TEXT="", CURRENCY="EUR")
    assert promised(settings) == "7.5 % off from 49.9 EUR (code SAVE), 10 % off from 100 EUR (no code!)"
    nothing = load(DISCOUNT_TIERS="1:0", FREE_SHIPPING_TEXT="")
    assert promised(nothing) == "nothing"
    listed = settings.model_copy(update={"stores": {"1": settings, "2": nothing}})
    assert promised(listed) == f"1: {promised(settings)}; 2: nothing"
