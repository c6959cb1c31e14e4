"""What the SELECTs of the WooCommerce preset give, on a shop as WooCommerce leaves it."""

from collections.abc import Iterator
from decimal import Decimal

import pytest
from fakes.woocommerce.catalogue import (
    BLUE_ANY,
    GREEN_SOLD_OUT,
    KETTLE,
    LAMP,
    OLD_DISABLED,
    RED_L,
    SECRET,
    SHIRT,
    SPOON,
    UNFINISHED,
    UNPRICED,
    VASE,
)  # fmt: skip
from fakes.woocommerce.opened import Open, opened
from fakes.woocommerce.selects import Selects
from fakes.woocommerce.session import Session, line
from fakes.woocommerce.sessions import guest_key

from binlog_watcher.demo.server import Server

ADA = "ada@example.com"


@pytest.fixture
def woo(server: Server, fresh_database: str) -> Iterator[Open]:
    with opened(server, fresh_database) as shop:
        yield shop


def test_customers_are_users_only(woo: Open) -> None:
    ada = woo.shop.register(ADA, locale="fr_FR")
    nameless = woo.shop.register("x@example.com", first="", last=" ", role="wholesale_buyer")
    guest = guest_key()
    for key in (guest, str(ada), str(nameless), "999999", f"{ada}x"):
        woo.shop.save(key, Session(line(KETTLE)))
    rows = {row["cart"]: row for row in woo.told("customers", *woo.rows())}
    assert set(rows) == {str(ada), str(nameless)}
    assert rows[str(ada)] == {
        "cart": str(ada), "id": ada, "email": ADA, "name": "Ada Löwe 🦁", "language": "fr_FR", "role": "customer",
    }  # fmt: skip
    assert {name: rows[str(nameless)][name] for name in ("name", "language", "role")} == {
        "name": "", "language": "de_DE", "role": "wholesale_buyer",
    }  # fmt: skip


def test_products_and_variations(woo: Open) -> None:
    assert woo.product(KETTLE.id) == {
        "id": KETTLE.id, "name": KETTLE.name, "description": KETTLE.short, "price": Decimal("19.9900"), "stock": 12,
        "image": "wp-content/uploads/2026/09/wasserkessel-größe-l.jpg", "category": "Küche &amp; Tisch",
        "url": f"?p={KETTLE.id}",
    }  # fmt: skip
    assert woo.product(SHIRT.id) == {
        "id": SHIRT.id, "name": SHIRT.name, "description": SHIRT.text, "price": Decimal("21.5000"), "stock": None,
        "image": "wp-content/uploads/2026/10/shirt.jpg", "category": "T-Shirts 👕", "url": f"?p={SHIRT.id}",
    }  # fmt: skip
    assert woo.product(RED_L.id) == {
        "id": RED_L.id, "name": "Shirt &quot;Möwe&quot; - Farbe: Rot, Größe: L", "description": SHIRT.text,
        "price": Decimal("24.9000"), "stock": 3, "image": "wp-content/uploads/2026/10/shirt-rot.jpg",
        "category": "T-Shirts 👕", "url": f"?p={SHIRT.id}",
    }  # fmt: skip
    blue = woo.product(BLUE_ANY.id)
    assert blue is not None
    assert (blue["image"], blue["stock"]) == ("wp-content/uploads/2026/10/shirt.jpg", None)
    spoon = woo.product(SPOON.id)
    assert spoon is not None
    assert (spoon["image"], spoon["category"], spoon["stock"]) == (None, None, None)


def test_what_is_sold_out_and_what_is_not_for_sale(woo: Open) -> None:
    stock = {product.id: woo.product(product.id) for product in (LAMP, VASE, GREEN_SOLD_OUT)}
    assert {number: row and row["stock"] for number, row in stock.items()} == {
        LAMP.id: 0, VASE.id: None, GREEN_SOLD_OUT.id: 0,
    }  # fmt: skip
    for gone in (UNPRICED, SECRET, UNFINISHED, OLD_DISABLED):
        assert woo.product(gone.id) is None
    woo.run("UPDATE wp_posts SET post_status = 'draft' WHERE ID = %s", (SHIRT.id,))
    assert woo.product(RED_L.id) is None
    woo.shop.change_stock(LAMP.id, 4, "instock")
    lamp = woo.product(LAMP.id)
    assert lamp is not None
    assert lamp["stock"] == 4


def test_a_networks_second_shop(woo: Open) -> None:
    other = Open(woo.connection, Selects(prefix="wp_2_", uploads="wp-content/uploads/sites/2/"))
    second = other.shop
    second.create()
    user = second.register("two@example.com")
    second.save(str(user), Session(line(KETTLE)))
    assert woo.rows() == {}
    assert set(other.rows()) == {str(user)}
    (customer,) = other.told("customers", str(user))
    assert (customer["email"], customer["role"]) == ("two@example.com", "customer")
    kettle = other.product(KETTLE.id)
    assert kettle is not None
    assert kettle["image"].startswith("wp-content/uploads/sites/2/2026/")


def test_the_shops_own_recovery_mail_is_an_option(woo: Open) -> None:
    woo.shop.own_recovery_mail(enabled=True)
    woo.shop.own_recovery_mail(enabled=False, feature=False)
    woo.shop.own_recovery_mail(enabled=True)
    found = woo.run(
        "SELECT option_name, option_value FROM wp_options WHERE option_name LIKE %s", ("%recovery%",)
    )
    assert dict(found) == {
        "woocommerce_feature_cart_recovery_enabled": "yes",
        "woocommerce_customer_cart_recovery_settings": 'a:2:{s:7:"enabled";s:3:"yes";s:13:"delay_minutes";s:2:"60";}',
    }  # fmt: skip
