"""Catalogues and orders of any size with the words, lengths and popularities of the real ones in ../shared/data."""

import csv
import gzip
import os
import random
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import numpy as np
import numpy.typing as npt

from recommender import Order, Product
from recommender.orders import MAX_LINES

DATA = Path(os.environ.get("CARTWAKE_DATA") or Path(__file__).parents[2] / "shared" / "data")
SEED = 7
_FIRST_ORDER, _PAUSE_S = 1.7e9, 30


def missing() -> str:
    """Which of the files that are drawn from is not there; empty when all are."""
    return next((name for name in ("catalog.csv.gz", "baskets.csv.gz") if not (DATA / name).is_file()), "")


def products(count: int) -> Iterator[Product]:
    """So many, with the words and lengths of real ones; two thirds of a text are from one real product."""
    rows = [Product.from_row({**row, "id": n}) for n, row in enumerate(_rows("catalog.csv.gz"))]
    chance = random.Random(SEED)
    texts = [(row.name.split(), row.description.split()) for row in rows]
    words = [word for name, text in texts for word in (*name, *text)]
    for number in range(count):
        row, (name, text) = rows[number % len(rows)], texts[number % len(rows)]
        yield Product(
            number,
            " ".join(word if chance.random() < 0.67 else chance.choice(words) for word in name),
            " ".join(word if chance.random() < 0.67 else chance.choice(words) for word in text),
            Decimal(10),
            row.category,
        )


def orders(products: int, lines: int) -> Iterator[Order]:
    """About so many lines, in orders as long as real ones.

    The popularity of products falls by rank as that of real ones, over however many there are. Each line is drawn by
    itself, which makes more different pairs than real orders have.
    """
    lengths, sold = _real()
    chance = np.random.default_rng(SEED)
    sizes = chance.choice(lengths, int(lines / lengths.mean()))
    ranks = np.linspace(0, len(sold) - 1, products)
    bounds = np.cumsum(np.interp(ranks, np.arange(len(sold)), sold))
    drawn = np.searchsorted(bounds, chance.random(int(sizes.sum())) * bounds[-1])
    drawn = chance.permutation(products)[drawn]
    ends = np.cumsum(sizes)
    for number, (start, end) in enumerate(zip((ends - sizes).tolist(), ends.tolist(), strict=True)):
        yield Order(drawn[start:end].tolist(), _FIRST_ORDER + number * _PAUSE_S)


def _real() -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """How many products each order has, and in how many orders each product is, falling."""
    lines = {(row["order_id"], row["product_id"]) for row in _rows("baskets.csv.gz")}
    lengths = np.array(list(Counter(order for order, _ in lines).values()))
    sold = np.array(list(Counter(product for _, product in lines).values()))
    return np.sort(lengths[lengths <= MAX_LINES]), np.sort(sold)[::-1]


def _rows(name: str) -> Iterator[dict[str, str]]:
    with gzip.open(DATA / name, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
