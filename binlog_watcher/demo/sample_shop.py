"""The sample shop: four tables, 270 products in 18 categories, a few customers.

The demo plays in it and tests use it; the catalogue is ``products.csv`` beside this module, the tables are
``shop.sql``. The names, texts and prices are made up.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from binlog_watcher.shop.sql_text import quoted

if TYPE_CHECKING:
    import pymysql

DATABASE = "shop"
ACCOUNT = "cartwake"


@dataclass(frozen=True, slots=True)
class Product:
    """A row of ``products``; ``price`` in the shop's currency, ``image`` a URL, a bare file name or empty."""

    id: int
    name: str
    description: str
    price: Decimal
    category: str
    image: str
    stock: int


@dataclass(frozen=True, slots=True)
class User:
    """A row of ``users``."""

    id: int
    name: str
    email: str | None
    role: str = "customer"


SAMPLE_USERS: tuple[User, ...] = (
    User(1, "Ada Lovelace", "ada@example.com"),
    User(2, "Grace Hopper", "grace@example.com"),
    User(3, "Alan Turing", "alan@example.org"),
    User(4, "Katherine Johnson", "katherine@example.com"),
    User(5, "Edsger Dijkstra", "edsger@example.org"),
    User(6, "Barbara Liskov", "barbara@example.com"),
    User(7, "Radia Perlman", "radia@example.org"),
    User(8, "Shop Owner", "owner@example.com", "admin"),
)
"""Customers to play with; simulated shoppers get ids of their own after these."""


@cache
def products() -> tuple[Product, ...]:
    """The catalogue; ids count from 1 in the order of the file."""
    text = files("binlog_watcher.demo").joinpath("products.csv").read_text(encoding="utf-8")
    return tuple(
        Product(
            id=number,
            name=row["name"],
            description=row["description"],
            price=Decimal(row["price"]),
            category=row["category"],
            image=row["image"],
            stock=int(row["stock"]),
        )
        for number, row in enumerate(csv.DictReader(text.splitlines()), start=1)
    )


@cache
def product(name: str) -> Product:
    """The product of that name; KeyError when the catalogue has none."""
    for candidate in products():
        if candidate.name == name:
            return candidate
    raise KeyError(f"the sample shop sells no {name!r}")


def create(
    connection: "pymysql.Connection[Any]", database: str = DATABASE, users: Iterable[User] = SAMPLE_USERS
) -> None:
    """Create ``database`` when missing, and in it the four tables, the catalogue and the users.

    The connection's current database becomes ``database``. Raises pymysql's errors, for example when the
    tables are already there.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE IF NOT EXISTS {quoted(database)} CHARACTER SET utf8mb4")
        connection.select_db(database)
        for statement in _statements("shop.sql"):
            cursor.execute(statement)
        # executemany on INSERT … VALUES sends many rows a statement.
        cursor.executemany(
            "INSERT INTO products (id, name, description, price, category, image, stock)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s)",
            [(p.id, p.name, p.description, p.price, p.category, p.image, p.stock) for p in products()],
        )
        add_users(connection, users)
    connection.commit()


def add_users(connection: "pymysql.Connection[Any]", users: Iterable[User]) -> None:
    """Insert users with the ids they carry."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO users (id, name, email, role) VALUES (%s, %s, %s, %s)",
            [(user.id, user.name, user.email, user.role) for user in users],
        )


def create_account(connection: "pymysql.Connection[Any]", password: str) -> None:
    """Create the account ``cartwake`` with the rights that a shop gives it on the database ``shop``."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE USER %s@'%%' IDENTIFIED BY %s", (ACCOUNT, password))
        for statement in _statements("account.sql"):
            cursor.execute(statement)


def _statements(name: str) -> list[str]:
    """The statements of a file beside this module, without its comment lines."""
    text = files("binlog_watcher.demo").joinpath(name).read_text(encoding="utf-8")
    code = "\n".join(line for line in text.splitlines() if not line.startswith("--"))
    return [statement for part in code.split(";") if (statement := part.strip())]
