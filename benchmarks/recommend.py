"""What recommending costs with 1,000 to a million products, beside the plain way, bm25s and sparse_dot_topn.

The catalogues are drawn from the words of ../shared/data/catalog.csv.gz (``CARTWAKE_DATA``), as often as these stand
there and in texts as long: a small vocabulary would change every ratio. Each size is a process of its own, and so is
its build, as in a service: ``rss_mb`` and ``build_cpu_s`` are that one's. ``blend_`` has ten order lines a product
learnt beside the texts; what has no such name is RECOMMENDER=similarity. The plain way is scikit-learn's
``cosine_similarity`` of a cart with all products, on the same matrix; sparse_dot_topn has the same matrix, bm25s the
same texts. ``orders_`` is from ten million order lines to a model, of a million products with names of a word.
"""

import argparse
import json
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from figures import absent, figure, machine, progress
from recommend_shop import SEED, missing, orders, products
from scipy import sparse

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
from recommender.vectors import texts_of

_PEERS = Path(__file__).parent / "peers" / "recommend"
_SINGLE, _BATCH = 200, 100
_LINES_A_PRODUCT = 10

Figures = dict[str, tuple[float, str]]


def main() -> None:
    """Print the figures of each size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--sizes", default="1000,10000,100000,1000000", help="products; a million takes minutes"
    )
    parser.add_argument(
        "--lines", type=int, default=10_000_000, help="of orders that are learnt from; 0: none"
    )
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        kind, number = options.child.split(":")
        print(json.dumps((_measured if kind == "size" else _learnt)(int(number))))
        return
    progress(machine())
    for size in (int(one) for one in options.sizes.split(",") if one):
        _told("size", size)
    if options.lines:
        _told("lines", options.lines)
    progress(machine())


def _told(kind: str, number: int) -> None:
    name = f"{number // 1_000_000}m" if number >= 1_000_000 else f"{number // 1000}k"
    if missing():
        absent(f"recommend.{'single_ms' if kind == 'size' else 'orders_s'}_{name}", "ms", f"no {missing()}")
        return
    command = [sys.executable, __file__, "--child", f"{kind}:{number}"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    for figure_name, (value, unit) in json.loads(done.stdout).items():
        figure(f"recommend.{figure_name}_{name}", [value], unit)


def _measured(count: int) -> Figures:
    shop = list(products(count))
    alone = Options(blend=False)
    found, built = _built(lambda: build_in_subprocess(shop, OrderLog(), alone))
    index = built.index
    chance = random.Random(SEED)
    carts = [chance.sample(range(count), chance.randint(1, 3)) for _ in range(_SINGLE)]
    log = OrderLog(orders(count, count * _LINES_A_PRODUCT))
    for prefix, model in (
        ("", Recommender(index, None, alone)),
        ("blend_", Recommender.over(index, log, Options())),
    ):
        found |= _times(prefix, model, carts)
    del log
    plain_carts = carts[: 30 if count <= 100_000 else 10]
    plain, agreement = _plain(index, plain_carts)
    found |= {"plain_single_ms": (plain, "ms"), "agreement": (agreement, "share")}
    for prefix in ("", "blend_"):
        found[f"{prefix}ratio_plain_single"] = (plain / found[f"{prefix}single_ms"][0], "ratio")
    found |= _peers(shop, index, carts[:_BATCH], plain_carts)
    found["stall_ms_after_change"] = (_stall(shop, built), "ms")
    return found


def _built(build: Callable[[], Recommender]) -> tuple[Figures, Recommender]:
    """What was built, and what that took in the process that did it, the only one so far."""
    started = time.perf_counter()
    made = build()
    taken = time.perf_counter() - started
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "build_s": (taken, "s"),
        "build_cpu_s": (used.ru_utime + used.ru_stime, "s"),
        "rss_mb": (used.ru_maxrss / 1024, "MB"),
    }, made


def _times(prefix: str, model: Recommender, carts: list[list[int]]) -> Figures:
    model.recommend(carts[:10])
    single = sorted(_ms(partial(model.recommend, [cart])) for cart in carts)
    batch = min(_ms(lambda: model.recommend(carts[:_BATCH])) for _ in range(3)) / _BATCH
    return {
        f"{prefix}single_ms": (float(np.median(single)), "ms"),
        f"{prefix}single_p99_ms": (single[int(len(single) * 0.99)], "ms"),
        f"{prefix}batch_ms_per_cart": (batch, "ms"),
    }


def _stall(shop: list[Product], model: Recommender) -> float:
    live = LiveRecommender(Catalog(shop), options=model.options, builder=lambda *_: model)
    live.build()
    stalls = []
    for number in range(20):
        live.catalog.upsert(replace(shop[number], price=Decimal(number + 11), stock=3))
        stalls.append(_ms(lambda: live.recommend([len(shop) - 1])))
    return max(stalls)


def _plain(index: SimilarityIndex, carts: list[list[int]]) -> tuple[float, float]:
    """The plain way's median of one cart in ms, and how far our three best agree with the exact ones."""
    from sklearn.metrics.pairwise import cosine_similarity  # noqa: PLC0415 - only where it is compared

    times, agreed = [], []
    for cart in carts:
        started = time.perf_counter()
        scores = cosine_similarity(_members([cart], len(index)) @ index.matrix, index.matrix).ravel()
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


def _members(carts: Sequence[Sequence[int]], total: int) -> sparse.csr_array:
    flat = np.array([row for cart in carts for row in cart], dtype=np.int32)
    starts = np.cumsum([0, *map(len, carts)], dtype=np.int32)
    return sparse.csr_array((np.ones(len(flat), dtype=np.float32), flat, starts), shape=(len(carts), total))


def _peers(
    shop: list[Product], index: SimilarityIndex, batch: list[list[int]], single: list[list[int]]
) -> Figures:
    """By their own Python; nothing where they are not installed."""
    python = _PEERS / ".venv" / "bin" / "python"
    if not python.exists():
        progress("bm25s and sparse_dot_topn are absent: benchmarks/peers/recommend/install.sh installs them")
        return {}
    with TemporaryDirectory() as home:
        folder = Path(home)
        (folder / "texts").write_text(
            "".join(" ".join(" ".join(texts_of(one)).split()) + "\n" for one in shop)
        )
        (folder / "carts.json").write_text(json.dumps({"batch": batch, "single": single}))
        for name, matrix in (("matrix", index.matrix), ("inverted", index.vectors.inverted)):
            sparse.save_npz(folder / f"{name}.npz", matrix, compressed=False)
        command = [str(python), str(_PEERS / "compare.py"), home]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found: Figures = json.loads(done.stdout)
    return found


def _learnt(lines: int) -> Figures:
    shop = [
        Product(number, f"word{number % 50_000}", price=Decimal(1))
        for number in range(max(lines // 10, 1_000))
    ]
    some = list(orders(len(shop), lines))
    started, used = time.perf_counter(), time.process_time()
    log = OrderLog(some)
    taken, used = time.perf_counter() - started, time.process_time() - used
    del some
    found, _ = _built(lambda: build_in_subprocess(shop, log, Options()))
    return {
        "orders_s": (taken + found["build_s"][0], "s"),
        "orders_cpu_s": (used + found["build_cpu_s"][0], "s"),
        "orders_rss_mb": found["rss_mb"],
    }


def _ms(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


if __name__ == "__main__":
    main()
