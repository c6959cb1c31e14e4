"""A small shop that keeps its carts in sessions: one serialised document a visitor, written anew at each page view."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fakes.php import serialized

PRESET = """
timezone = "UTC"

[cart]
table = "sessions"
id = "session_key"
customer = "session_key"        # of who is logged in; what is no number is a guest

[cart.document]
column = "session_value"
codec = "php"
lines = "cart|php?.*"
product = "product_id"
variant = "variation_id"
quantity = "quantity"
total = ["line_total", "line_tax"]
email = "customer|php?.email"
name = ["customer|php?.first_name", "customer|php?.last_name"]
currency = "currency"
order = "order_awaiting_payment"

[orders]
table = "purchases"
id = "id"
customer = "customer_id"
email = "email"
bought_at = "created_at"
bought = { column = "status", not_in = ["open", "failed"] }

[customers]
table = "users"
id = "id"
email = "email"

[products]
table = "products"
id = "id"
name = "name"
price = "price"
image = "image"
stock = "stock"
"""

BY_SELECT = """
[orders]
table = "purchases"
id = "id"
bought_at = "created_at"
bought = { column = "status", not_in = ["open", "failed"] }
by_customer = '''
SELECT p.customer_id AS customer, p.id AS id, p.created_at AS bought_at
FROM purchases p WHERE p.customer_id IN {keys} AND p.status NOT IN ('open', 'failed')
'''
by_email = '''
SELECT p.email AS email, p.id AS id, p.created_at AS bought_at
FROM purchases p WHERE p.email IN {keys} AND p.status NOT IN ('open', 'failed') -- of anybody
'''
"""

TABLES = (
    (
        "CREATE TABLE sessions (session_id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, session_key CHAR(32) NOT NULL, "
        "session_value LONGTEXT NOT NULL, session_expiry BIGINT UNSIGNED NOT NULL, UNIQUE KEY session_key "
        "(session_key)) DEFAULT CHARSET={charset}"
    ),
    (
        "CREATE TABLE purchases (id INT AUTO_INCREMENT PRIMARY KEY, customer_id BIGINT, email VARCHAR(200), "
        "status VARCHAR(20), created_at DATETIME, KEY (customer_id), KEY (email))"
    ),
    "CREATE TABLE users (id BIGINT UNSIGNED PRIMARY KEY, email VARCHAR(100), KEY (email))",
    (
        "CREATE TABLE products (id INT PRIMARY KEY, name VARCHAR(80), price DECIMAL(10,2), image VARCHAR(80), "
        "stock INT)"
    ),
    (
        "INSERT INTO products VALUES (1, 'Tea pot', 30, 'pot.jpg', NULL), (2, 'Shirt', 20, 'shirt.jpg', NULL), "
        "(21, 'Shirt, blue, M', 20, 'blue.jpg', 5), (3, 'Sold out', 5, NULL, 0), (99, 'Mark', 1, NULL, NULL)"
    ),
    "INSERT INTO users VALUES (7, 'seven@example.com'), (8, 'eight@example.com')",
)
_ORDERS = PRESET[PRESET.index("[orders]") : PRESET.index("[customers]")]
PRESET_BY_SELECT = PRESET.replace(_ORDERS, BY_SELECT + "\n")
"""The same shop, where SELECTs tell whose orders are."""

MARK = ("UPDATE products SET price = price + 1 WHERE id = 99", 99)


@dataclass(frozen=True)
class Item:
    """A line. Any product, as tests put in what is no id, too."""

    product: Any
    quantity: Any = 1
    total: float = 30.0
    variant: int = 0
    tax: float = 0.0


class Sessions:
    """What the shop does. ``run``: a session of its own."""

    def __init__(self, run: Callable[..., Any]) -> None:
        self._run = run
        self._views = 0

    def create(self, charset: str = "utf8mb4") -> None:
        for statement in TABLES:
            self._run(statement.format(charset=charset))

    def save(self, key: str, *items: Item, email: str = "", **more: Any) -> None:
        """The session as it is written at the end of a request."""
        self.write(key, self.document(*items, email=email, **more))

    def write(self, key: str, document: bytes | str) -> None:
        self._views += 1
        text = document if isinstance(document, str) else document.decode()
        self._run(
            "INSERT INTO sessions (session_key, session_value, session_expiry) VALUES (%s, %s, %s) "
            "ON DUPLICATE KEY UPDATE session_value = VALUES(session_value), session_expiry = VALUES(session_expiry)",
            (key, text, 1_800_000_000 + self._views),
        )

    def document(self, *items: Item, email: str = "", **more: Any) -> bytes:
        self._views += 1
        cart = {
            f"{number:032x}": {
                "key": f"{number:032x}", "product_id": item.product, "variation_id": item.variant, "variation": [],
                "quantity": item.quantity, "line_total": item.total, "line_tax": item.tax,
            }
            for number, item in enumerate(items)
        }  # fmt: skip
        customer = {"id": "0", "email": email, "first_name": "Zoë", "last_name": "Quinn"}
        values = {
            "cart": serialized(cart),
            "customer": serialized(customer),
            "wc_notices": str(self._views),
            **more,
        }
        return serialized(values)

    def order(self, status: str = "paid", *, customer: int = 0, email: str = "") -> int:
        self._run(
            "INSERT INTO purchases (customer_id, email, status, created_at) VALUES (%s, %s, %s, UTC_TIMESTAMP())",
            (customer, email, status),
        )
        return int(self._run("SELECT LAST_INSERT_ID()")[0][0])

    def leave(self, key: str) -> None:
        self._run("DELETE FROM sessions WHERE session_key = %s", (key,))
