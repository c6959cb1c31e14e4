"""Each shipped preset is known by its shop's own tables, whatever their prefix; what is none of them is not."""

import re
from pathlib import Path

import pytest

from binlog_watcher.shop.presets import preset_names
from binlog_watcher.shop.recognition import Tables, recognise

ROOT = Path(__file__).parents[3]
FILES = {
    "bagisto": "bagisto_2.sql",
    "drupal-commerce": "drupal_commerce.sql",
    "magento-2": "magento_2.sql",
    "nopcommerce": "nopcommerce.sql",
    "opencart-3": "opencart_3.sql",
    "opencart-4": "opencart_4_1.sql",
    "prestashop-8": "prestashop_8.sql",
    "sample": "../../binlog_watcher/demo/shop.sql",
    "shopware-6": "shopware_6.sql",
    "sylius": "sylius_2.sql",
    "woocommerce": "woocommerce.sql",
}


def tables_of(file: str) -> dict[str, set[str]]:
    """Table → columns of the file's CREATE TABLE statements."""
    text = (ROOT / "tests/data" / file).read_text()
    found = {}
    for name, body in re.findall(r"CREATE TABLE (?:IF NOT EXISTS )?`?(\w+)`? \((.*?)\n\)", text, re.DOTALL):
        without_sizes = re.sub(r"\([^()]*\)", "", body)
        found[name] = set(re.findall(r"(?:^|,)\s*`?(\w+)`? \w", without_sizes))
    return found


def renamed(there: Tables, old: str, new: str) -> dict[str, set[str]]:
    return {re.sub(f"^{old}", new, table): set(columns) for table, columns in there.items()}


def test_every_preset_has_its_shop_here() -> None:
    assert sorted(FILES) == preset_names()


@pytest.mark.parametrize(("preset", "file"), FILES.items())
def test_a_shop_is_known_by_its_tables(preset: str, file: str) -> None:
    fitting = [match for match in recognise(tables_of(file)) if match.fits]
    assert {match.preset for match in fitting} == {preset}
    assert fitting[0].variables == ()


@pytest.mark.parametrize(
    ("file", "old", "new", "variables"),
    [
        ("woocommerce.sql", "wp_", "wp7_", "prefix=wp7_, users_prefix=wp7_"),
        ("prestashop_8.sql", "ps_", "shop_", "prefix=shop_"),
        ("magento_2.sql", "", "m2_", "prefix=m2_"),
        ("opencart_3.sql", "oc_", "", "prefix="),
        ("drupal_commerce.sql", "", "Drupal$", "prefix=Drupal$"),
    ],
)
def test_whatever_the_prefix(file: str, old: str, new: str, variables: str) -> None:
    found = recognise(renamed(tables_of(file), old, new))[0]
    assert found.fits
    assert found.variables_text == variables


def test_a_second_site_of_a_network_has_its_users_in_common_with_the_first() -> None:
    there = tables_of("woocommerce.sql")
    second = {
        name.replace("wp_", "wp_2_"): columns
        for name, columns in there.items()
        if name not in {"wp_users", "wp_usermeta"}
    }
    found = {match.variables_text for match in recognise(there | second) if match.fits}
    assert found == {"", "orders=legacy", "prefix=wp_2_", "orders=legacy, prefix=wp_2_"}


def test_versions_are_told_apart() -> None:
    (found, *_) = recognise(tables_of("opencart_4_0.sql"))
    assert (found.preset, found.variables_text, found.fits) == ("opencart-4", "release=4.0", True)


def test_upper_and_lower_case_are_the_same() -> None:
    lower = {
        table.lower(): {name.upper() for name in columns}
        for table, columns in tables_of("nopcommerce.sql").items()
    }
    assert recognise(lower)[0].preset == "nopcommerce"
    assert recognise(lower)[0].fits


def test_what_lacks_something_is_near_and_says_what() -> None:
    there = tables_of("woocommerce.sql")
    del there["wp_wc_orders"]
    there["wp_users"].remove("user_email")
    (near, *_) = [match for match in recognise(there) if match.variables == ()]
    assert not near.fits
    assert set(near.missing) == {"wp_wc_orders", "wp_users.user_email"}
    del there["wp_terms"]
    assert "wp_terms" in next(match for match in recognise(there) if match.variables == ()).unread


def test_what_is_no_shop_is_like_none() -> None:
    assert recognise({}) == []
    assert recognise({"cart": {"sku"}, "users": {"id"}, "blog_posts": {"id", "title"}}) == []


def test_in_words() -> None:
    assert (
        recognise(tables_of("woocommerce.sql"))[0].in_words()
        == "WooCommerce with prefix wp_ (preset woocommerce)"
    )
    assert recognise(tables_of("magento_2.sql"))[0].in_words() == "Magento 2.4 (preset magento-2)"
