"""A fixed history of carts, mails, clicks and orders with every case that a figure has to get right."""

from datetime import UTC, datetime, timedelta
from typing import Any

from binlog_watcher.shop.fields import Condition
from binlog_watcher.shop.presets import SAMPLE
from binlog_watcher.shop.schema import Schema
from binlog_watcher.store.own_tables.figures import Window

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)

WINDOW = Window.last(int(NOW.timestamp()) * 1_000_000, days=10)

ORDERS = (
    "ALTER TABLE orders ADD COLUMN state VARCHAR(16) NOT NULL DEFAULT 'paid', ADD COLUMN currency VARCHAR(8) NULL, "
    "ADD COLUMN refunded DECIMAL(12,2) NULL, MODIFY total_amount DECIMAL(12,2) NULL"
)
"""What orders have more than those of the sample."""

_ROW = (
    "INSERT INTO cart_abandonment_log (user_id, cart_key, cart_version, created_at, cart_total, currency, status, "
    "reason, email_sent, sent_at, discount_percent, item_count, store, language, bounce, attempts, last_activity_at) "
    "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 1, %s, %s, %s, 1, %s)"
)
_NOT_MAILED = {"skipped", "failed"}


def schema() -> Schema:
    """The sample shop, whose orders have states, currencies and refunds."""
    stands = (Condition(column="state", not_in=("cancelled", "refunded")),)
    told = {"currency": "currency", "refunded": "refunded", "stands": stands}
    return SAMPLE.model_copy(update={"orders": SAMPLE.orders.model_copy(update=told)})


def ago(days: float) -> datetime:
    return (NOW - timedelta(days=days)).replace(tzinfo=None)


class History:
    """Writes it, a line a case. Days count back from NOW."""

    def __init__(self, shop: Any) -> None:
        self.shop = shop

    def cart(
        self, user: int, days: float, total: str, status: str = "sent", reason: str | None = None, **more: Any
    ) -> int:
        """A row of the log; its mail went a minute later, but for ``sent_after`` days. The row's id."""
        at = ago(days)
        mailed = status not in _NOT_MAILED
        sent_at = at + timedelta(days=more.get("sent_after", 1 / 1440)) if mailed else None
        email_sent = {"sent": 1, "unknown": None}.get(status, 0)
        self.shop.run(
            _ROW,
            (
                user, str(user), int(at.timestamp()), at, total, more.get("currency", "EUR"), status, reason,
                email_sent, sent_at, more.get("tier", "0"), more.get("store"), more.get("language"),
                more.get("bounce"), at - timedelta(minutes=30),
            ),
        )  # fmt: skip
        ((log_id,),) = self.shop.run("SELECT MAX(id) FROM cart_abandonment_log")
        return int(log_id)

    def click(self, log_id: int, days: float, flag: str | None = None, kind: str = "cart") -> None:
        self.shop.run(
            "INSERT INTO cart_abandonment_click (log_id, kind, clicked_at, flag) VALUES (%s, %s, %s, %s)",
            (log_id, kind, ago(days), flag),
        )

    def order(
        self,
        user: int,
        days: float,
        total: str | None,
        state: str = "paid",
        currency: str | None = "EUR",
        refunded: str | None = None,
    ) -> None:
        self.shop.run(
            "INSERT INTO orders (user_id, total_amount, created_at, state, currency, refunded) "
            "VALUES (%s, %s, %s, %s, %s, %s)",
            (user, total, ago(days), state, currency, refunded),
        )


def write(shop: Any) -> None:
    """All of it."""
    shop.run(ORDERS)
    history = History(shop)
    _recovered(history)
    _not_recovered(history)
    _of_others(history)


def _recovered(history: History) -> None:
    clicked = history.cart(1, 5, "100")
    history.click(clicked, 4.9)
    history.order(1, 4.8, "90")  # after a click: 90 EUR
    history.cart(2, 5, "50")
    history.order(2, 4, "45.50")  # without one: 45.50
    history.cart(6, 5, "100", tier="10")
    history.order(6, 4, "100", refunded="30")  # a part was given back: 70
    history.cart(7, 6, "10")
    history.cart(7, 4, "12")
    history.order(7, 3, "12")  # two mails, one order: the last mail's, 12
    first = history.cart(8, 6, "20")
    history.click(first, 5.9)
    history.cart(8, 4, "21")
    history.order(8, 3, "20")  # … but the clicked one's before it: 20, after a click
    in_dollars = history.cart(9, 5, "40", currency="USD", tier="10")
    history.click(in_dollars, 4.9)
    history.order(9, 4.5, "44", currency="USD")  # 44 USD
    scanned = history.cart(18, 5, "11")
    history.click(scanned, 4.9, flag="scanner")
    history.click(scanned, 4.9, kind="open")
    history.order(18, 4, "11", currency=None)  # no click of a customer's: 11, in the cart's currency
    history.order(18, 3.5, "500")  # a second order is not the mail's


def _not_recovered(history: History) -> None:
    history.cart(3, 5, "30", sent_after=0.1)
    history.order(3, 4.95, "30")  # bought before the mail
    history.cart(4, 5, "80")
    history.order(4, 4, "80", state="cancelled")
    history.cart(5, 5, "60")
    history.order(5, 4, "60", state="refunded")
    history.cart(11, 9, "70")
    history.order(11, 3, "70")  # six days later
    history.cart(14, 5, "22", "unknown")
    history.order(14, 4, "22")  # nobody knows whether the mail arrived
    history.cart(15, 5, "5", bounce="hard")
    history.order(15, 4, "5")  # nobody got the mail
    history.cart(16, 4, "33")
    history.cart(16, 2, "35", "skipped", "opted_out")  # left twice, lost once


def _of_others(history: History) -> None:
    history.cart(10, 5, "25", store="de", language="de_DE")
    history.cart(12, 5, "15", "skipped", "holdout")
    history.order(12, 4, "15")
    history.cart(13, 5, "16", "skipped", "holdout")
    history.cart(17, 5, "9", "skipped", "superseded")
    history.cart(19, 5, "7", "failed", "bounced")
    history.order(99, 2, "1000")  # never left a cart
    history.cart(20, 15, "100")
    history.order(20, 14, "99")  # of the ten days before
