"""The peer of the recovery benchmark: a poller, as one builds it who has no binlog to follow.

Every 30 seconds one query over the whole cart table, joined with users, products, orders and its own log; the carts
it finds are handled by ten threads, each cart on its own: recommendations, text, mail (built by the standard library),
a connection of smtplib for that mail, a row in its log. It has the same catalogue, recommender, template and
discounts as Cartwake, a MySQL session a thread, and all lines of the carts from the one query.

The job is one line of JSON on stdin. It prints ``ready``, then waits for lines on stdin instead of 30 seconds; each
makes it poll once, and print as JSON how many carts it found, how many it mailed, and when it had found them.
"""

import json
import smtplib
import sys
import threading
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from email.message import EmailMessage
from email.utils import format_datetime, formataddr, localtime
from typing import TYPE_CHECKING, Any

import pymysql

from binlog_watcher.demo import sample_shop
from binlog_watcher.service import wiring
from binlog_watcher.settings.load import load_settings
from mailer import Discount, Line, Links, Pick, RecoveryMail, Rendered, Renderer, first_name, message_id
from recommender import (
    Catalog,
    LiveRecommender,
    Options,
    Product,
    ProductFacts,
    Recommendation,
    TemplateWriter,
    TextRequest,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from binlog_watcher.settings.settings import Settings

CONCURRENT = 10

_ABANDONED = """
SELECT u.id, u.name, u.email, p.id AS product_id, p.name AS product, p.category, p.price, p.image, c.quantity
FROM cart c
JOIN users u ON u.id = c.user_id
JOIN products p ON p.id = c.product_id
LEFT JOIN orders o ON o.user_id = c.user_id AND o.created_at >= c.created_at
LEFT JOIN poller_log l ON l.user_id = c.user_id AND l.created_at >= c.created_at
WHERE c.created_at <= NOW() - INTERVAL %s SECOND AND c.quantity > 0 AND o.id IS NULL AND l.id IS NULL
ORDER BY c.user_id
"""
_PRODUCTS = "SELECT id, name, description, price, category, image, stock FROM products"
_LOG = "INSERT INTO poller_log (user_id, cart_total, email_sent) VALUES (%s, %s, TRUE)"


@dataclass(frozen=True, slots=True)
class Cart:
    """An abandoned cart, with its customer."""

    customer: int
    name: str
    email: str
    rows: "list[dict[str, Any]]"

    @property
    def total(self) -> Decimal:
        return sum((row["price"] * row["quantity"] for row in self.rows), Decimal(0))


class Poller:
    """Finds carts and mails them."""

    def __init__(self, job: dict[str, Any]) -> None:
        self._account = job["account"]
        settings = load_settings(None, environ=job["settings"])
        self._settings: Settings = settings
        self._threshold_s = job["threshold_s"]
        self._store = wiring.shop_info(settings)
        self._discounts = wiring.discounts(settings)
        self._links = Links("a secret of the benchmark", support_email=settings.support_email)
        self._renderer = Renderer(self._store)
        self._writer = TemplateWriter()
        self._mine = threading.local()
        with self._connect() as connection, connection.cursor() as cursor:
            cursor.execute(_PRODUCTS)
            catalog = Catalog(Product.from_row(row) for row in cursor.fetchall())
        self._recommender = LiveRecommender(
            catalog,
            count=settings.recommendation_count,
            options=Options(threshold=settings.similarity_threshold),
        )
        self._recommender.build()
        self._threads = ThreadPoolExecutor(CONCURRENT)

    def poll(self) -> dict[str, float]:
        """Find all abandoned carts and mail them; returns when all are."""
        carts = self._abandoned()
        found_at = time.time()
        mailed = list(self._threads.map(self._recover, carts))
        return {"found": len(carts), "mailed": len(mailed), "found_at": found_at}

    def _abandoned(self) -> list[Cart]:
        rows: defaultdict[tuple[int, str, str], list[dict[str, Any]]] = defaultdict(list)
        with self._session().cursor() as cursor:
            cursor.execute(_ABANDONED, (self._threshold_s,))
            for row in cursor.fetchall():
                rows[row["id"], row["name"], row["email"]].append(row)
        return [Cart(*who, lines) for who, lines in rows.items()]

    def _recover(self, cart: Cart) -> None:
        picks = self._recommender.recommend([row["product_id"] for row in cart.rows])
        discount = self._discounts.for_total(cart.total)
        rendered, mail = self._render(cart, discount, picks)
        message = self._build(cart, rendered, mail)
        # Its name is given: looking it up would ask the machine's resolver for every mail.
        with smtplib.SMTP(
            self._settings.smtp_host, self._settings.smtp_port, local_hostname="localhost"
        ) as server:
            server.send_message(message)
        with self._session().cursor() as cursor:
            cursor.execute(_LOG, (cart.customer, cart.total))

    def _render(
        self, cart: Cart, discount: Discount, picks: "Sequence[Recommendation]"
    ) -> tuple[Rendered, RecoveryMail]:
        mail = RecoveryMail(
            first_name=first_name(cart.name),
            lines=[
                Line(row["product"], row["category"], row["price"], row["quantity"], row["image"])
                for row in cart.rows
            ],
            log_id=cart.customer,
            unsubscribe=self._links.unsubscribe(cart.customer),
            discount=discount,
            text=self._text(cart, picks),
            picks=[
                Pick(pick.product.name, pick.product.price, pick.product.category, pick.product.image)
                for pick in picks
            ],
        )
        return self._renderer.render(mail), mail

    def _text(self, cart: Cart, picks: "Sequence[Recommendation]") -> str:
        writing = self._writer.write(
            TextRequest(
                lines=tuple(ProductFacts(row["product"], row["category"]) for row in cart.rows),
                picks=tuple(ProductFacts.of(pick.product, pick.reason) for pick in picks),
            )
        )
        try:
            writing.send(None)
        except StopIteration as done:
            return str(done.value)
        raise AssertionError("the template waits for nothing")

    def _build(self, cart: Cart, rendered: Rendered, mail: RecoveryMail) -> EmailMessage:
        message = EmailMessage()
        message["Date"] = format_datetime(localtime())
        message["From"] = formataddr((self._store.sender_name, self._store.sender_email))
        message["To"] = formataddr((cart.name, cart.email))
        message["Reply-To"] = self._store.support_email
        message["Subject"] = rendered.subject
        message["Message-ID"] = message_id(cart.customer, "poller.example.com", tag=f"{time.time_ns():x}")
        for name, value in mail.unsubscribe.headers:
            message[name] = value
        message.set_content(rendered.text)
        message.add_alternative(rendered.html, subtype="html")
        return message

    def _session(self) -> Any:
        """The thread's own."""
        if not hasattr(self._mine, "session"):
            self._mine.session = self._connect()
        return self._mine.session

    def _connect(self) -> Any:
        return pymysql.connect(
            **self._account,
            database=sample_shop.DATABASE,
            autocommit=True,
            charset="utf8mb4",
            cursorclass=pymysql.cursors.DictCursor,
        )


def main() -> None:
    poller = Poller(json.loads(sys.stdin.readline()))
    print("ready", flush=True)
    for _ in sys.stdin:
        print(json.dumps(poller.poll()), flush=True)


if __name__ == "__main__":
    main()
