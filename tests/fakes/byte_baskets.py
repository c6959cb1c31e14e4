"""A made-up shop whose keys are all bytes, UUIDs or text: carts, their lines, orders, customers and products."""

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

PRESET = """
[cart]
table = "baskets"
id = "id"
customer = "customer_id"
email = "email"
open = { column = "state", in = ["open"] }
created = "created_at"
{cart}
[lines]
table = "basket_items"
cart = "basket_id"
id = "id"
product = "product_id"
quantity = "quantity"
created = "created_at"
[orders]
table = "orders"
id = "id"
cart = "basket_id"
customer = "customer_id"
bought_at = "ordered_at"
[order_items]
table = "order_items"
order = "order_id"
product = "product_id"
[customers]
{customers}
[products]
table = "products"
id = "id"
name = "name"
price = "price"
"""
PLAIN_CUSTOMERS = """
table = "people"
id = "id"
email = "email"
"""
SELECTED_CUSTOMERS = '''
select = """
SELECT b.id AS cart, p.email AS email FROM baskets b JOIN people p ON p.id = b.customer_id WHERE b.id IN {keys}
"""
'''

_TABLES = (
    (
        "CREATE TABLE baskets (id {key} PRIMARY KEY, customer_id {key} NULL, email VARCHAR(80), "
        "state VARCHAR(10) DEFAULT 'open', created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, KEY (customer_id))"
    ),
    (
        "CREATE TABLE basket_items (id {key} PRIMARY KEY, basket_id {key}, product_id {key}, quantity INT, "
        "created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, KEY (basket_id), KEY (created_at))"
    ),
    (
        "CREATE TABLE orders (id {key} PRIMARY KEY, basket_id {key}, customer_id {key} NULL, "
        "ordered_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, KEY (basket_id), KEY (customer_id))"
    ),
    "CREATE TABLE order_items (order_id {key}, product_id {key}, KEY (order_id))",
    "CREATE TABLE people (id {key} PRIMARY KEY, email VARCHAR(80), KEY (email))",
    "CREATE TABLE products (id {key} PRIMARY KEY, name VARCHAR(80), price DECIMAL(10,2), views INT DEFAULT 0)",
)

Run = Callable[..., list[tuple[Any, ...]]]

ODD = (
    "00000000-0000-4000-8000-0000000000ab",
    "123e4567-e89b-12d3-a456-426614174000",  # ends in a zero byte, which the binlog leaves out
    "275c2227-0d0a-4e5c-9a5c-275c00000000",  # quotes, backslashes, ends of lines, zeros
    "ff80c3a9-e282-7cc3-98c4-dc0c0c07398f",  # no UTF-8; its version is 7
)
"""Keys that are easily read wrong."""


class ByteBaskets:
    """``run``: a session of the shop's. ``type``: of all its keys.

    Methods take and give keys as Cartwake tells them.
    """

    def __init__(self, run: Run, key_type: str) -> None:
        self.run = run
        self.type = key_type
        for table in _TABLES:
            run(table.format(key=key_type))
        self.tea, self.cup, self.mark = (self.product(name) for name in ("Tea pot", "Cup", "Mark"))

    def preset(self, folder: Path, *, customers: str = PLAIN_CUSTOMERS, cart: str = "") -> str:
        """The preset's file. ``cart``: more of its section [cart]."""
        path = folder / "byte-baskets.toml"
        path.write_text(PRESET.replace("{customers}", customers).replace("{cart}", cart))
        return str(path)

    def key(self, text: str | None = None) -> str:
        """A new key, or one of a certain UUID (or text, where keys are that), as Cartwake tells it."""
        if "CHAR" in self.type:
            return text or str(uuid.uuid4())
        one = uuid.UUID(text) if text else uuid.uuid4()
        return str(one) if self.type == "UUID" else one.hex

    def raw(self, key: str | None) -> Any:
        """As the shop writes it."""
        return bytes.fromhex(key) if key is not None and "BINARY" in self.type else key

    def product(self, name: str) -> str:
        key = self.key()
        self.run("INSERT INTO products (id, name, price) VALUES (%s, %s, 30)", (self.raw(key), name))
        return key

    def person(self, email: str, text: str | None = None) -> str:
        key = self.key(text)
        self.run("INSERT INTO people VALUES (%s, %s)", (self.raw(key), email))
        return key

    def basket(
        self,
        customer: str | None = None,
        *,
        text: str | None = None,
        hours_ago: int = 2,
        email: str | None = None,
    ) -> str:
        key = self.key(text)
        self.run(
            "INSERT INTO baskets (id, customer_id, email, created_at) VALUES (%s, %s, %s, NOW() - INTERVAL %s HOUR)",
            (self.raw(key), self.raw(customer), email, hours_ago),
        )
        return key

    def add(self, basket: str, product: str, *, hours_ago: int = 2) -> str:
        key = self.key()
        self.run(
            "INSERT INTO basket_items VALUES (%s, %s, %s, 1, NOW() - INTERVAL %s HOUR)",
            (self.raw(key), self.raw(basket), self.raw(product), hours_ago),
        )
        return key

    def order(self, basket: str, customer: str | None, *products: str, hours_ago: int = 0) -> str:
        key = self.key()
        self.run(
            "INSERT INTO orders VALUES (%s, %s, %s, NOW() - INTERVAL %s HOUR)",
            (self.raw(key), self.raw(basket), self.raw(customer), hours_ago),
        )
        for product in products:
            self.run("INSERT INTO order_items VALUES (%s, %s)", (self.raw(key), self.raw(product)))
        return key
