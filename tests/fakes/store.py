"""The shop that the tests' mails come from, and its catalogue."""

from dataclasses import replace
from typing import Any

from binlog_watcher.demo import sample_shop
from binlog_watcher.recovery.compose.brands import Brand
from mailer import DEFAULT_TABLE, Envelope, Links, MailIds, ShopInfo
from recommender import Catalog, Product

_SECRET = "a secret for tests only"
_STORE = ShopInfo(
    name="The Sample Shop",
    url="https://shop.example.com",
    address="1 Market Street\n12345 Sampletown",
    support_email="support@shop.example.com",
    sender_email="hello@shop.example.com",
    sender_name="The Sample Shop",
    cart_url="https://shop.example.com/cart",
)


def store(**changes: Any) -> ShopInfo:
    return replace(_STORE, **changes)


def brand(**changes: Any) -> Brand:
    """What mails show of that shop; ``changes``: fields of Brand."""
    parts: dict[str, Any] = {
        "store": _STORE,
        "discounts": DEFAULT_TABLE,
        "links": Links(_SECRET, support_email="support@shop.example.com"),
        "envelope": Envelope(MailIds(_SECRET), _STORE.sender_email),
        "prices_in": "USD",
    }
    return Brand(**(parts | changes))


def catalogue() -> Catalog:
    """The sample shop's products, as they are read from its table."""
    fields = ("id", "name", "description", "price", "category", "image", "stock")
    rows = [{field: getattr(product, field) for field in fields} for product in sample_shop.products()]
    return Catalog(Product.from_row(row) for row in rows)
