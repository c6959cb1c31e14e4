"""The service and the commands on a shop of another make: settings and a preset are all it takes."""

import re
from pathlib import Path
from typing import Any

import pytest
from fakes.command_line import cartwake
from fakes.magento.catalogue import FR, KETTLE, PRODUCTS
from fakes.magento.shop import Magento
from fakes.prestashop.catalogue import CUSHION, LAMP
from fakes.prestashop.shop import PrestaShop
from fakes.waiting import wait_until

from binlog_watcher.shop.presets import SAMPLE, load_schema


@pytest.fixture
def session(running_shop: Any) -> Any:
    """One session of the shop's, in UTC, for all its statements."""
    with (
        running_shop.server.connect(database=running_shop.database, autocommit=True) as connection,
        connection.cursor() as cursor,
    ):

        def run(sql: str, parameters: Any = None) -> list[tuple[Any, ...]]:
            cursor.execute(sql, parameters)
            return list(cursor.fetchall())

        run("SET time_zone = '+00:00'")
        yield run


def test_a_prestashop_from_a_visitor_to_one_mail(running_shop: Any, session: Any) -> None:
    shop = PrestaShop(session)
    shop.create()
    service = running_shop.service(SHOP_SCHEMA="prestashop-8", SHOP_TIMEZONE="UTC", CURRENCY="EUR")
    cart = shop.new_cart(guest=301)
    shop.add(cart, LAMP.id, 2)
    shop.login(cart, shop.register("jane@example.com", firstname="Jane"))
    bought = shop.new_cart(customer=shop.register("joe@example.com"))
    shop.add(bought, CUSHION.id)
    shop.order(bought)
    mail = running_shop.wait_for_mail("jane@example.com")
    assert mail.subject.startswith("Jane, you left something in your cart")
    assert f"€{2 * LAMP.gross():,.2f}" in mail.part("html")
    wait_until(lambda: running_shop.log() == [(str(cart), "sent", None, 1)])
    assert service.metrics()["cartwake_mails_total"] == 1
    assert running_shop.mails_to("joe@example.com") == []


def test_a_magento_guest_in_another_language_and_currency(running_shop: Any, session: Any) -> None:
    magento = Magento(session)
    magento.create()
    running_shop.service(SHOP_SCHEMA="magento-2")
    quote = magento.new_quote(store=FR)
    magento.add(quote, KETTLE)
    magento.enter_email(quote, "gus@example.com", "Gus", billing_only=True)
    ordered = magento.new_quote(customer=magento.register("joe@example.com"))
    magento.add(ordered, KETTLE)
    magento.order(ordered)
    mail = running_shop.wait_for_mail("gus@example.com")
    assert mail.subject.startswith("Gus, il reste quelque chose dans votre panier")
    french = re.escape(PRODUCTS[KETTLE].french or "")
    assert re.search(rf'lang="fr-FR"[^>]*>(<a [^>]*>)?{french}', mail.part("html"))
    assert "€" in mail.part("plain")
    wait_until(lambda: running_shop.log() == [(str(quote), "sent", None, 1)])
    assert running_shop.mails_to("joe@example.com") == []


@pytest.fixture
def command(running_shop: Any, tmp_path: Path) -> Any:
    def go(*arguments: str, **settings: str) -> Any:
        return cartwake(running_shop.settings(**settings), *arguments, folder=tmp_path)

    return go


def test_a_preset_of_ones_own_from_show_to_check(command: Any, session: Any, tmp_path: Path) -> None:
    listed = command("schema", "show")
    assert all(name in listed.stdout for name in ("sample", "prestashop-8", "magento-2"))
    shown = command("schema", "show", "sample")
    file = tmp_path / "mine.toml"
    file.write_text(shown.stdout, encoding="utf-8")
    assert load_schema(str(file)).cart == SAMPLE.cart
    session("INSERT INTO users (id, name, email) VALUES (7, 'Jane', 'jane@example.com')")
    session("INSERT INTO cart (user_id, product_id, created_at) VALUES (7, 1, NOW() - INTERVAL 2 HOUR)")
    done = command("schema", "check", "./mine.toml")
    assert done.returncode == 0, done.stderr
    for words in (
        "mails promise",
        "flat",
        "rows of carts",
        "quantity = quantity",
        "7 j***@example.com",
        "send (due since",
    ):
        assert words in done.stdout
    file.write_text(
        shown.stdout.replace('"quantity"', '"amount"').replace('"users"', '"customers"'), encoding="utf-8"
    )
    done = command("schema", "check", "./mine.toml")
    assert done.returncode == 2
    no_table, no_column = done.stderr.splitlines()
    assert "./mine.toml: customers.table: there is no table" in no_table
    assert "./mine.toml: cart.quantity: table" in no_column
    assert "has no column amount" in no_column


def test_what_run_says_of_a_preset_that_does_not_fit(command: Any) -> None:
    done = command("run", SHOP_SCHEMA="magento-2", SHOP_VARIABLES="prefix=m2_")
    assert done.returncode == 2
    assert "magento-2: cart.table: there is no table" in done.stderr
    assert "m2_quote: check MYSQL_DATABASE" in done.stderr
    done = command("run", SHOP_SCHEMA="magento-2", SHOP_VARIABLES="prefix m2_")
    assert "SHOP_VARIABLES = 'prefix m2_' (environment): give name=value" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_preview_by_cart(command: Any, session: Any) -> None:
    shop = PrestaShop(session)
    shop.create()
    customer = shop.register("jane@example.com")
    cart = shop.new_cart(customer=customer, minutes_ago=60)
    shop.add(cart, LAMP.id, minutes_ago=60)
    settings = {"SHOP_SCHEMA": "prestashop-8", "SHOP_TIMEZONE": "UTC", "CURRENCY": "EUR"}
    by_cart = command("preview", "--cart", str(cart), **settings)
    by_user = command("preview", "--user", str(customer), **settings)
    assert by_cart.returncode == by_user.returncode == 0, by_cart.stderr
    assert by_cart.stdout == by_user.stdout
    assert LAMP.names[1] in by_cart.stdout
    assert command("preview", "--newest", **settings).stdout == by_cart.stdout
    assert command("preview", "--cart", "nonsense", **settings).returncode == 2
    assert "give one of --user, --cart and --newest" in command("preview", **settings).stderr
