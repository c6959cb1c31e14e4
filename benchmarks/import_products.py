"""What a shop's import of 100,000 products does to the carts that fall due meanwhile, with a real service and MySQL.

The importer writes as fast as MySQL takes it: 500 new products a transaction, each followed by new prices of 200 old
ones. All the while carts are left at an even pace; lateness is from a cart's due time to its mail's last byte. The
last products have a word of their own: ``products_s`` is from the first statement to the first mail that recommends
one of them, whose cart waited for its threshold first.
"""

import argparse
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from figures import figure, machine, progress
from recovery_ground import Ground, customer_of, open_ground, percentile
from recovery_mails import Mail, check
from recovery_shop import address, baskets, catalogue

if TYPE_CHECKING:
    from recovery_shop import Basket

    from binlog_watcher.demo.sample_shop import Product, User

THRESHOLD_S = 2.0
BATCH_SIZE, PRICES = 500, 200
_LAST = ("Zarithmeter", "Zarithmeter stand", "Zarithmeter case")
_PATIENCE_S = 400.0

_INSERT = (
    "INSERT INTO products (id, name, description, price, category, image, stock) "
    "VALUES (%s, %s, %s, %s, %s, %s, %s)"
)
_NEW_PRICES = "UPDATE products SET price = price * 1.01 WHERE id BETWEEN %s AND %s"


class Importer(threading.Thread):
    """Writes products into the shop. ``began`` and ``ended``: in epoch seconds."""

    def __init__(self, ground: Ground, products: "Sequence[Product]", old: int) -> None:
        super().__init__(name="importer", daemon=True)
        self._ground = ground
        self._products = products
        self._old = old
        self.began = self.ended = 0.0

    def run(self) -> None:
        """Write them all."""
        self.began = time.time()
        with self._ground.shop.connect(autocommit=False) as connection, connection.cursor() as cursor:
            for start in range(0, len(self._products), BATCH_SIZE):
                some = self._products[start : start + BATCH_SIZE]
                cursor.executemany(
                    _INSERT,
                    [(p.id, p.name, p.description, p.price, p.category, p.image, p.stock) for p in some],
                )
                connection.commit()
                first = 1 + start // BATCH_SIZE * PRICES % self._old
                cursor.execute(_NEW_PRICES, (first, first + PRICES - 1))
                connection.commit()
        self.ended = time.time()


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--old", type=int, default=20_000, help="products before the import")
    parser.add_argument("--new", type=int, default=100_000, help="products that are imported")
    parser.add_argument("--rate", type=float, default=20.0, help="carts a second")
    parser.add_argument("--quiet", type=float, default=10.0, help="seconds of carts before the import")
    options = parser.parse_args()
    progress(machine())
    products = catalogue(options.old + options.new)
    with open_ground(options.old) as ground:
        carts = baskets(ground.products, 200)
        run(ground, carts, marked(products[options.old :]), options.rate, options.quiet)
    progress(machine())


def marked(products: "list[Product]") -> "list[Product]":
    """The same, the last of them with a word that no other product has."""
    last = [
        replace(one, name=name, description="", category="Zarithmetic", stock=9)
        for one, name in zip(products[-len(_LAST) :], _LAST, strict=True)
    ]
    return [*products[: -len(_LAST)], *last]


def run(
    ground: Ground, carts: "Sequence[Basket]", new: "Sequence[Product]", rate: float, quiet_s: float
) -> None:
    """Leave carts, import meanwhile, and leave more until one of the last products is recommended."""
    people = ground.welcome(round(rate * _PATIENCE_S))
    importer = Importer(ground, new, len(ground.products))
    with ground.service(THRESHOLD_S) as service:
        left: list[User] = []
        found = _Watch(ground, [one.id for one in new[-len(_LAST) :]])
        start = time.monotonic()
        for number in _paced(len(people), rate):
            if found.at:
                break
            if importer.ident is None and time.monotonic() - start >= quiet_s:
                importer.start()
            person = people[number]
            if importer.ended:
                found.leave(person)
            else:
                _leave(ground, person, carts[number % len(carts)])
            left.append(person)
        ground.wait_for_mails(len(left) - found.taken, service)
        logged = ground.settled(left, service)
    mails = [*found.mails, *ground.sink.take()]
    check([mail for mail in mails if customer_of(mail) not in found.left], [
        address(one.id) for one in left if one.id not in found.left
    ], "import")  # fmt: skip
    if not found.at:
        raise SystemExit(f"none of the last products was recommended within {_PATIENCE_S:.0f} s")
    due = {row.customer: row.due for row in logged}
    late = {customer_of(mail): (mail.arrived - due[customer_of(mail)]) * 1000 for mail in mails}
    meanwhile = [ms for who, ms in late.items() if due[who] >= importer.began]
    quiet = [ms for who, ms in late.items() if due[who] < importer.began]
    progress(
        f"{len(new)} products written in {importer.ended - importer.began:.1f} s, {len(meanwhile)} carts meanwhile"
    )
    figure("import.lateness_p50_ms", [percentile(meanwhile, 50)], "ms")
    figure("import.lateness_p99_ms", [percentile(meanwhile, 99)], "ms")
    figure("import.lateness_max_ms", [max(meanwhile)], "ms")
    if quiet:
        figure("import.quiet_lateness_p99_ms", [percentile(quiet, 99)], "ms")
    figure("import.written_s", [importer.ended - importer.began], "s")
    figure("import.products_s", [found.at - importer.began], "s")


class _Watch:
    """Leaves carts with one of the last products, and looks whether a mail recommends another of them."""

    def __init__(self, ground: Ground, last: "Sequence[int]") -> None:
        self._ground = ground
        self._last = last
        self._looked = time.monotonic()
        self.left: set[int] = set()
        self.mails: list[Mail] = []
        self.at = 0.0

    @property
    def taken(self) -> int:
        """How many mails were looked at."""
        return len(self.mails)

    def leave(self, person: "User") -> None:
        """A cart, and a look once a second."""
        with self._ground.shop.connect() as connection, connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO cart (user_id, product_id, quantity) VALUES (%s, %s, 1)",
                (person.id, self._last[0]),
            )
        self.left.add(person.id)
        if time.monotonic() - self._looked >= 1:
            self._looked = time.monotonic()
            fresh = self._ground.sink.take()
            self.mails += fresh
            for mail in fresh:
                if not self.at and customer_of(mail) in self.left and _LAST[1].encode() in mail.content:
                    self.at = mail.arrived


def _leave(ground: Ground, person: "User", basket: "Basket") -> None:
    with ground.shop.connect() as connection, connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO cart (user_id, product_id, quantity) VALUES (%s, %s, %s)",
            [(person.id, *line) for line in basket.lines],
        )


def _paced(count: int, rate: float) -> Iterator[int]:
    due = time.monotonic()
    for number in range(count):
        due = max(due + 1 / rate, time.monotonic())
        time.sleep(max(0.0, due - time.monotonic()))
        yield number


if __name__ == "__main__":
    main()
