"""Settings that are read however much of them is wrong, and where each was found."""

from pathlib import Path

import pytest

from binlog_watcher.settings.load import Examined, examine_settings

FILLED_IN = {
    "MYSQL_USER": "cartwake", "MYSQL_DATABASE": "shop", "SENDER_EMAIL": "hello@shop.example.com", "STORE_NAME": "Shop",
    "STORE_URL": "https://shop.example.com", "STORE_ADDRESS": "1 Market Street",
    "SUPPORT_EMAIL": "support@shop.example.com", "CART_URL": "https://shop.example.com/cart",
    "SMTP_HOST": "mx.example.com",
}  # fmt: skip


def examined(**settings: str) -> Examined:
    return examine_settings(None, environ=FILLED_IN | settings)


def test_what_is_right_is_used_beside_what_is_wrong() -> None:
    found = examined(SMTP_PORT="many", MYSQL_PORT="3307")
    assert found.settings is not None
    assert (found.settings.mysql_port, found.settings.smtp_port) == (3307, 587)
    assert found.wrong == {"SMTP_PORT"}
    (problem,) = found.problems
    assert problem.startswith("SMTP_PORT = 'many' (environment): give a whole number")


def test_what_is_missing_is_named_and_the_rest_is_there() -> None:
    found = examine_settings(None, environ={"MYSQL_USER": "cartwake"})
    assert found.settings is not None
    assert found.settings.mysql_user == "cartwake"
    assert {"MYSQL_DATABASE", "SMTP_HOST", "STORE_NAME"} <= found.wrong
    assert "MYSQL_USER" not in found.wrong
    assert len(found.problems) == len(found.wrong)


def test_a_user_without_a_password_spoils_his_own_family_only() -> None:
    found = examined(SMTP_USER="shop", MYSQL_PORT="3307")
    assert found.settings is not None
    assert found.settings.mysql_port == 3307
    assert "SMTP_PASSWORD" in found.wrong
    assert len(found.problems) == 1


def test_nothing_is_wrong() -> None:
    found = examined()
    assert (found.problems, found.wrong) == ([], frozenset())


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("MYSQL_HOST", "MYSQL_HOST = db.example.com (MYSQL_URL)"),
        ("MYSQL_PORT", "MYSQL_PORT = 3306 (default)"),
        ("MYSQL_PASSWORD", "MYSQL_PASSWORD (MYSQL_URL)"),
        ("MYSQL_TLS", "MYSQL_TLS = preferred (default)"),
        ("SMTP_PORT", "SMTP_PORT = 587 (default)"),
        ("DRY_RUN", "DRY_RUN = false (default)"),
        ("PUBLIC_URL", "PUBLIC_URL is not set"),
        ("STORE_NAME", "STORE_NAME = Shop (environment)"),
    ],
)
def test_where_a_setting_comes_from(name: str, expected: str) -> None:
    url = "mysql://cartwake:hush-hush@db.example.com/shop"
    assert str(examined(MYSQL_URL=url).given(name)) == expected


def test_a_line_of_the_file(tmp_path: Path) -> None:
    env = tmp_path / "mine.env"
    env.write_text("# ours\nSHOP_SCHEMA=woocommerce\n")
    given = examine_settings(env, environ=FILLED_IN).given("SHOP_SCHEMA")
    assert (given.value, given.origin) == ("woocommerce", f"{env} line 2")
