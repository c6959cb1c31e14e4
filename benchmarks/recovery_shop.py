"""The shop of the recovery benchmark: its catalogue, its past, and customers who leave their carts.

Product texts are the real ones of the data folder where it is present, else the sample shop's; a catalogue larger
than that gets further products that mix two real ones (half a name each, a sentence by turns). The past is a
million cart rows that nobody is to be mailed for: half of those customers have bought, the others were mailed long ago.
"""

import csv
import gzip
import os
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from binlog_watcher.demo import sample_shop
from binlog_watcher.demo.sample_shop import Product, User
from recommender import Catalog, LiveRecommender
from recommender import Product as CatalogProduct

if TYPE_CHECKING:
    from binlog_watcher.demo.server import Server

DATA = Path(os.environ.get("CARTWAKE_DATA") or Path(__file__).parents[2] / "shared" / "data")
FIRST_CUSTOMER = 10_000_000
"""Ids of those who leave carts begin here; the customers of the past are below."""

ROWS_OF_ONE = 5
"""Cart rows of each customer of the past."""

PICKS = 3
_SEED = 5
_ROWS_BATCH_SIZE = 100_000

# Rows are numbered from %(start)s on, %(count)s of them. Ages are spread over a year, from one day on.
_NUMBERS = (
    "CREATE TABLE numbers (i INT PRIMARY KEY) WITH RECURSIVE n (i) AS "
    "(SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %(end)s) SELECT i FROM n"
)
_LANGUAGES = (
    "ALTER TABLE users ADD COLUMN language VARCHAR(8)",
    (
        "CREATE TRIGGER speak BEFORE INSERT ON users FOR EACH ROW "
        "SET NEW.language = ELT(1 + NEW.id MOD %(count)s, %(tags)s)"
    ),
)
_CUSTOMERS = (
    "INSERT INTO users (id, name, email) SELECT %(start)s + i, CONCAT('Customer ', %(start)s + i), "
    "CONCAT('past', %(start)s + i, '@mail.example.com') FROM numbers WHERE i < %(count)s"
)
_CARTS = (
    "INSERT INTO cart (user_id, product_id, quantity, created_at) "
    "SELECT 1 + (%(start)s + i) DIV %(each)s, 1 + ((%(start)s + i) * 7919) MOD %(products)s, 1 + i MOD 3, "
    "NOW() - INTERVAL 24 + (((%(start)s + i) DIV %(each)s) * 37) MOD 8760 HOUR FROM numbers WHERE i < %(count)s"
)
_OPEN_CARTS = (
    "INSERT INTO cart (user_id, product_id, created_at) "
    "SELECT %(start)s + i, 1 + i MOD 1000, NOW() - INTERVAL 60 + i MOD 60 SECOND FROM numbers WHERE i < %(count)s"
)
_ORDERS = (
    "INSERT INTO orders (user_id, total_amount, created_at) SELECT user_id, 100, MAX(created_at) + INTERVAL 1 HOUR "
    "FROM cart WHERE user_id MOD 2 = 0 AND user_id < %(first)s GROUP BY user_id"
)
_MAILED = (
    "INSERT INTO cart_abandonment_log (cart_key, user_id, cart_version, status, cart_total, discount_percent, "
    "item_count, currency, email_sent, attempts, last_activity_at, sent_at, created_at) "
    "SELECT user_id, user_id, UNIX_TIMESTAMP(MAX(created_at)) * 1000000, 'sent', 100, 10, 5, 'USD', 1, 1, "
    "MAX(created_at), MAX(created_at) + INTERVAL 1 HOUR, MAX(created_at) + INTERVAL 1 HOUR "
    "FROM cart WHERE user_id MOD 2 = 1 AND user_id < %(first)s GROUP BY user_id"
)
_MAILED_BY_POLLER = (
    "INSERT INTO poller_log (user_id, cart_total, email_sent, created_at) "
    "SELECT user_id, cart_total, email_sent, created_at FROM cart_abandonment_log"
)
_POLLER_LOG = (
    "CREATE TABLE poller_log (id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, user_id BIGINT NULL, "
    "cart_total DECIMAL(14,2) NULL, email_sent TINYINT(1) NULL DEFAULT 0, "
    "created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, KEY user_id (user_id, created_at))"
)

_FIRST_NAMES = (
    "Charlotte", "Wilhelmina", "José", "Zoë", "Alexander", "Maximilian", "Anne-Marie", "Łukasz",
    "Giovanni", "Francesca", "Søren", "Ingrid", "Mohammed", "Fatima", "Priya", "Oluwaseun", "Siobhán",
    "Katarzyna", "Nguyen", "Élodie", "Bartholomew", "Henrietta", "Björn", "Chiara", "Sebastian",
    "Ottoline",
)  # fmt: skip
_LAST_NAMES = (
    "Montgomery", "Lindqvist", "García-Márquez", "O'Connor", "Papadopoulos", "Müller-Lüdenscheidt",
    "Kowalska", "Fitzgerald", "Okonkwo", "Bergström", "Chakraborty", "Villanueva", "Abernathy",
    "Delacroix", "Jørgensen", "Wojciechowski", "Rosenbaum", "Castellanos", "Hargreaves",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Basket:
    """What one cart holds: product ids and quantities."""

    lines: tuple[tuple[int, int], ...]


def catalogue(count: int) -> list[Product]:
    """``count`` products; ids count from 1."""
    base = _texts()
    rng = random.Random(_SEED)
    found = base[:count]
    while len(found) < count:
        found.append(_mixed(*rng.sample(base, 2)))
    return [replace(product, id=number) for number, product in enumerate(found, start=1)]


def baskets(products: Sequence[Product], count: int) -> list[Basket]:
    """Carts of three products each, no two the same, for each of which the recommender finds three more."""
    catalog = Catalog(
        CatalogProduct.from_row(
            {
                "id": one.id, "name": one.name, "description": one.description, "price": one.price,
                "category": one.category, "image": one.image, "stock": one.stock,
            }
        )
        for one in products
    )  # fmt: skip
    recommender = LiveRecommender(catalog, count=PICKS)
    ids = [product.id for product in catalog if product.available and isinstance(product.id, int)]
    rng = random.Random(_SEED)
    found: dict[tuple[int, ...], Basket] = {}
    for _ in range(20 + 4 * count // 200):
        drawn = [tuple(sorted(rng.sample(ids, 3))) for _ in range(200)]
        for basket, picks in zip(drawn, recommender.recommend_many(drawn), strict=True):
            if len(picks) == PICKS:
                found[basket] = Basket(
                    tuple((product_id, rng.choice((1, 1, 1, 2, 3))) for product_id in basket)
                )
        if len(found) >= count:
            return list(found.values())[:count]
    raise SystemExit(f"only {len(found)} carts of {count} have {PICKS} recommendations in this catalogue")


def customers(first: int, count: int) -> list[User]:
    """``count`` customers with ids from ``first`` on, each with an address of its own."""
    return [
        User(
            number,
            f"{_FIRST_NAMES[number % len(_FIRST_NAMES)]} {_LAST_NAMES[number // 7 % len(_LAST_NAMES)]}",
            address(number),
        )
        for number in range(first, first + count)
    ]


def address(customer: int) -> str:
    """Where that customer's mail goes."""
    return f"customer.number.{customer}@mail.example.com"


class Shop:
    """The sample shop's tables on a private server, with a catalogue of its own."""

    def __init__(self, server: "Server", products: Sequence[Product], password: str) -> None:
        """Create the tables, fill in the products, and make the accounts of Cartwake and of the poller."""
        self._server = server
        with server.connect() as connection, connection.cursor() as cursor:
            sample_shop.create(connection, users=())
            cursor.execute("SET SESSION cte_max_recursion_depth = 1000000")
            cursor.execute(_NUMBERS, {"end": _ROWS_BATCH_SIZE - 1})
            cursor.execute(_POLLER_LOG)
            sample_shop.create_account(connection, password)
            cursor.execute("CREATE USER poller@'%%' IDENTIFIED BY %s", (password,))
            cursor.execute("GRANT SELECT, INSERT ON shop.* TO poller@'%'")
        self.stock(products)

    def speak(self, languages: Sequence[str]) -> None:
        """Let customers have these languages in turn."""
        with self.connect() as connection, connection.cursor() as cursor:
            tags = ", ".join(connection.escape(tag) for tag in languages)
            for statement in _LANGUAGES:
                cursor.execute(statement % {"count": len(languages), "tags": tags})

    def stock(self, products: Sequence[Product]) -> None:
        """Replace the catalogue."""
        self._fill("DELETE FROM products")
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute("SET SESSION sql_log_bin = 0")
            cursor.executemany(
                "INSERT INTO products (id, name, description, price, category, image, stock)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s)",
                [(p.id, p.name, p.description, p.price, p.category, p.image, p.stock) for p in products],
            )

    def remember(self, rows: int, products: int) -> None:
        """Fill in the past: ``rows`` cart rows, with customers, orders and both logs. Not through the binlog.

        Cartwake's tables must be there.
        """
        each = {"each": ROWS_OF_ONE, "products": products, "first": FIRST_CUSTOMER}
        for span in _spans(1, rows // ROWS_OF_ONE):
            self._fill(_CUSTOMERS, span)
        for span in _spans(0, rows):
            self._fill(_CARTS, span | each)
        for statement in (_ORDERS, _MAILED, _MAILED_BY_POLLER):
            self._fill(statement, each)
        self._fill("ANALYZE TABLE cart, orders, users, products, cart_abandonment_log, poller_log")

    def welcome(self, people: Iterable[User]) -> None:
        """Insert customers, who have no cart yet."""
        with self.connect() as connection:
            sample_shop.add_users(connection, people)

    def leave(self, carts: Iterable[tuple[User, Basket]]) -> None:
        """Fill carts in one transaction, so that they all fall due at one moment: its commit plus the threshold."""
        with self.connect(autocommit=False) as connection, connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO cart (user_id, product_id, quantity) VALUES (%s, %s, %s)",
                [(user.id, *line) for user, basket in carts for line in basket.lines],
            )
            connection.commit()

    def forget(self, first: int) -> None:
        """Remove the cart rows of the customers from ``first`` on, so that the next turn finds none of them."""
        self._fill("DELETE FROM cart WHERE user_id >= %(first)s", {"first": first})

    def open_carts(self, first: int, count: int) -> None:
        """``count`` carts of one row each, filled a minute ago; of customers who needn't exist. Not in the binlog."""
        for span in _spans(first, count):
            self._fill(_OPEN_CARTS, span)

    def connect(self, **arguments: Any) -> Any:
        """A connection to the shop's database as root."""
        return self._server.connect(database=sample_shop.DATABASE, **arguments)

    def _fill(self, statement: str, parameters: dict[str, Any] | None = None) -> None:
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute("SET SESSION sql_log_bin = 0")
            cursor.execute(statement, parameters)


def _spans(start: int, count: int) -> Iterator[dict[str, int]]:
    """``count`` numbers from ``start`` on, in portions."""
    for done in range(0, count, _ROWS_BATCH_SIZE):
        yield {"start": start + done, "count": min(_ROWS_BATCH_SIZE, count - done)}


def _texts() -> list[Product]:
    file = DATA / "catalog.csv.gz"
    if not file.is_file():
        return list(sample_shop.products())
    with gzip.open(file, "rt", encoding="utf-8", newline="") as lines:
        return [
            Product(
                id=0,
                name=row["name"][:200],
                description=row["description"],
                price=Decimal(row["price"] or 0),
                category=row["category"][:80],
                image=row["image"][:255],
                stock=int(row["stock"] or 0),
            )
            for row in csv.DictReader(lines)
        ]


def _mixed(one: Product, other: Product) -> Product:
    head, tail = one.name.split(), other.name.split()
    name = " ".join([*head[: (len(head) + 1) // 2], *tail[len(tail) // 2 :]])[:200]
    halves = [text.split(". ") for text in (one.description, other.description)]
    description = ". ".join([*halves[0][::2], *halves[1][1::2]])
    return replace(one, name=name, description=description, price=other.price, image=other.image)
