"""What recommending costs on catalogues of 1,000 to a million products, beside the plain way by scikit-learn.

The catalogues are drawn from the words of ../shared/data/catalog.csv.gz (``CARTWAKE_DATA``), as often as these stand
there and in texts as long: a small vocabulary would change every ratio. Each size is a process of its own, and so is
its build, as in a service: ``rss_mb`` is that one's. The plain way is scikit-learn's ``cosine_similarity`` of a cart
with all products, on the same matrix.
"""

import argparse
import csv
import gzip
import json
import os
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
from figures import absent, figure, machine, progress

from recommender import (
    Catalog,
    LiveRecommender,
    Options,
    OrderLog,
    Product,
    Recommender,
    SimilarityIndex,
    build_in_subprocess,
)

DATA = Path(os.environ.get("CARTWAKE_DATA") or Path(__file__).parents[2] / "shared" / "data")
_SEED = 7
_SINGLE, _BATCH = 200, 100
_PLAIN = 30


def main() -> None:
    """Print the figures of each size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="1000,10000,100000", help="products; 1000000 takes minutes")
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(_measured(options.child)))
        return
    progress(machine())
    for size in map(int, options.sizes.split(",")):
        name = f"{size // 1_000_000}m" if size >= 1_000_000 else f"{size // 1000}k"
        if not (DATA / "catalog.csv.gz").is_file():
            absent(f"recommend.single_ms_{name}", "ms", f"no catalogue in {DATA}")
            continue
        done = subprocess.run(
            [sys.executable, __file__, "--child", str(size)], capture_output=True, text=True, check=True
        )
        for figure_name, (value, unit) in json.loads(done.stdout).items():
            figure(f"recommend.{figure_name}_{name}", [value], unit)
    progress(machine())


def products(count: int) -> Iterator[Product]:
    """So many, with the words and lengths of real ones; two thirds of a text are from one real product."""
    with gzip.open(DATA / "catalog.csv.gz", "rt", encoding="utf-8", newline="") as file:
        rows = [Product.from_row({**row, "id": n}) for n, row in enumerate(csv.DictReader(file))]
    chance = random.Random(_SEED)
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


def _measured(count: int) -> dict[str, tuple[float, str]]:
    shop = list(products(count))
    started = time.perf_counter()
    index = build_in_subprocess(shop, OrderLog(), Options(blend=False)).index
    build_s = time.perf_counter() - started
    rss = _rss_mb()
    chance = random.Random(_SEED)
    carts = [chance.sample(range(count), chance.randint(1, 3)) for _ in range(_SINGLE)]
    single = np.median([_ms(lambda cart=cart: index.recommend(cart, 3, 0.1)) for cart in carts])  # type: ignore[misc]
    batch = _ms(lambda: index.recommend_many(carts[:_BATCH], 3, 0.1)) / _BATCH
    alone = Options(blend=False)
    model = Recommender(index, None, alone)
    live = LiveRecommender(Catalog(shop), options=alone, builder=lambda *_: model)
    live.build()
    stalls = []
    for number in range(20):
        live.catalog.upsert(replace(shop[number], price=Decimal(number + 11), stock=3))
        stalls.append(_ms(lambda: live.recommend([count - 1])))
    plain, agreement = _plain(index, carts[:_PLAIN])
    return {
        "build_s": (build_s, "s"),
        "rss_mb": (rss, "MB"),
        "single_ms": (float(single), "ms"),
        "batch_ms_per_cart": (batch, "ms"),
        "ratio_plain_single": (plain / float(single), "ratio"),
        "agreement": (agreement, "share"),
        "stall_ms_after_change": (max(stalls), "ms"),
    }


def _plain(index: SimilarityIndex, carts: list[list[int]]) -> tuple[float, float]:
    """The plain way's median of one cart in ms, and how far our three best agree with the exact ones."""
    from sklearn.metrics.pairwise import cosine_similarity  # noqa: PLC0415 - only where it is compared

    matrix = index.matrix
    times, agreed = [], []
    for cart in carts:
        started = time.perf_counter()
        scores = cosine_similarity(matrix[sorted(cart)].sum(axis=0).reshape(1, -1), matrix).ravel()
        scores[cart] = -1
        np.argpartition(-scores, 3)[:3]
        times.append((time.perf_counter() - started) * 1000)
        exact = index.recommend_many([cart], 3, 0.1, near_duplicates=True)
        (query,) = index.queries([sorted(cart)])
        near = index.near(query, None)
        rows = [
            row
            for row, score in near.descending(3 + len(cart), index.facts)
            if row not in cart and score >= 0.1
        ][:3]
        agreed.append(len({pick.product.id for pick in exact[0]} & set(rows)) / max(len(rows), 1))
    return float(np.median(times)), float(np.mean(agreed))


def _ms(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


def _rss_mb() -> float:
    """The most that the process that built had; where it was built here, our own."""
    built = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return (built or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) / 1024


if __name__ == "__main__":
    main()
