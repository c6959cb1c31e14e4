"""What the peers of benchmarks/recommend.py take for the same carts: their figures as JSON.

The folder that is the argument has ``texts`` (a product a line), ``carts.json`` (lists of line numbers) and the
vectors of our index as matrices of products x terms and terms x products, in scipy's format.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import bm25s
import numpy as np
from scipy import sparse
from sparse_dot_topn import sp_matmul_topn

_FOUND = 10
"""Of a cart so many are looked for: three, and some that may not be recommended."""

_ROUNDS = 3


def main() -> None:
    """Print the figures."""
    folder = Path(sys.argv[1])
    carts = json.loads((folder / "carts.json").read_text())
    batch, single = carts["batch"], carts["single"]
    figures = _topn(folder, batch, single)
    figures |= _bm25s(folder, batch, single)
    print(json.dumps(figures))


def _topn(
    folder: Path, batch: Sequence[Sequence[int]], single: Sequence[Sequence[int]]
) -> dict[str, tuple[float, str]]:
    matrix, inverted = (
        sparse.csr_matrix(sparse.load_npz(folder / f"{name}.npz")) for name in ("matrix", "inverted")
    )

    def best(carts: Sequence[Sequence[int]]) -> object:
        flat = np.array([row for cart in carts for row in cart])
        starts = np.cumsum([0, *map(len, carts)])
        chosen = sparse.csr_matrix(
            (np.ones(len(flat), dtype=np.float32), flat, starts), shape=(len(carts), matrix.shape[0])
        )
        return sp_matmul_topn(sparse.csr_matrix(chosen @ matrix), inverted, top_n=_FOUND, sort=True)

    return _timed("sparse_dot_topn", best, batch, single)


def _bm25s(
    folder: Path, batch: Sequence[Sequence[int]], single: Sequence[Sequence[int]]
) -> dict[str, tuple[float, str]]:
    texts = (folder / "texts").read_text().splitlines()
    started = time.perf_counter()
    index = bm25s.BM25()
    index.index(bm25s.tokenize(texts, stopwords="en", show_progress=False), show_progress=False)
    build = time.perf_counter() - started

    def best(carts: Sequence[Sequence[int]]) -> object:
        asked = [" ".join(texts[row] for row in cart) for cart in carts]
        words = bm25s.tokenize(asked, stopwords="en", show_progress=False)
        return index.retrieve(words, k=_FOUND, show_progress=False)

    return {"bm25s_build_s": (build, "s"), **_timed("bm25s", best, batch, single)}


def _timed(
    name: str,
    best: Callable[[Sequence[Sequence[int]]], object],
    batch: Sequence[Sequence[int]],
    single: Sequence[Sequence[int]],
) -> dict[str, tuple[float, str]]:
    alone = [_ms(lambda cart=cart: best([cart])) for cart in single]
    together = [_ms(lambda: best(batch)) / len(batch) for _ in range(_ROUNDS)]
    return {
        f"{name}_single_ms": (statistics.median(alone), "ms"),
        f"{name}_batch_ms_per_cart": (statistics.median(together), "ms"),
    }


def _ms(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


if __name__ == "__main__":
    main()
