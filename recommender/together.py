"""What goes with what, learnt from orders: products → products, a few hundred of each, with weights.

Two ways. Where the catalogue that sells is small enough for a dense inverse (``memory_mb``): EASE (Steck 2019,
*Embarrassingly Shallow Autoencoders*), the closed form B = I - P · diag(1 / P_ii) with P = (G + λI)⁻¹, where G is the
Gram matrix of purchases and, beside them, of the text vectors: a term is one more "order" of the products that have
it. So a product without a purchase stands where its text puts it, and each purchase counts against that. Beyond:
the cosine of products over weighted orders, shrunk, the nearest kept.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse

from recommender.orders import Purchases

KEPT, FEWEST_KEPT = 200, 20
"""Of each product so many others are kept, the strongest; fewer where so many products sell that memory is short."""

_BYTES_A_CELL = 12
"""Of the dense way at its peak: the matrix in single precision, its inverse, and one copy."""

_BYTES_KEPT = 9
"""Of an entry that is kept: its weight, its column, and whether the two were in one order."""

_BLOCK = 2_000
_LARGEST = 0xFFFFFFFF
_ENTRIES = 1 << 23
"""Of a part of the product of orders with orders, at most: 64 MB, and as much again to sort them."""


@dataclass(frozen=True, slots=True)
class Weights:
    """How purchases and texts are weighed; which suits a shop is chosen on its own orders (``choosing.py``).

    ``length_power``: an order of n products weighs 1 / n ** length_power. ``half_life_days``: and half for each of its
    age; None: for ever. ``text``: of the texts beside the purchases. ``shrinkage``: evidence that is asked for.
    ``similar``: of likeness, added to what goes together.
    """

    length_power: float = 0.5
    half_life_days: float | None = None
    text: float = 1.0
    shrinkage: float = 3.0
    similar: float = 0.1


class Together(NamedTuple):
    """``weights``: CSR of products x products, the weight of each with the row's product in the cart.

    ``seen``: for each of its entries, whether somebody bought the two in one order. ``bought``: how often each product
    was, older orders counted less.
    """

    weights: sparse.csr_array
    seen: npt.NDArray[np.bool_]
    bought: npt.NDArray[np.float32]


def room(memory_mb: int) -> int:
    """How many products the dense way may have."""
    return int((max(memory_mb, 0) * 1e6 / _BYTES_A_CELL) ** 0.5)


def learn(purchases: Purchases, texts: Any, weights: Weights, memory_mb: int) -> Together:
    """``texts``: CSR of products x terms, rows of length 1 or less."""
    orders = purchases.weighted(weights.length_power, weights.half_life_days)
    counted = purchases.weighted(0, weights.half_life_days)
    bought = np.asarray(counted.multiply(counted).sum(axis=0), dtype=np.float32).ravel()
    sold = np.flatnonzero(bought)
    most = room(memory_mb)
    if len(sold) > most:
        kept = int(max(memory_mb, 0) * 1e6 / _BYTES_KEPT / len(sold))
        found = _neighbours(orders, weights.shrinkage, min(max(kept, FEWEST_KEPT), KEPT))
        return Together(found, np.ones(found.nnz, dtype=bool), bought)
    unsold = np.flatnonzero((bought == 0) & (np.diff(texts.indptr) > 0))[: most - len(sold)]
    chosen = np.sort(np.concatenate([sold, unsold]))
    found, seen = _closed_form(sparse.csr_array(orders[:, chosen]), sparse.csr_array(texts[chosen]), weights)
    return Together(_spread(found, chosen, len(bought)), seen, bought)


def _closed_form(
    orders: sparse.csr_array, texts: sparse.csr_array, weights: Weights
) -> tuple[sparse.csr_array, npt.NDArray[np.bool_]]:
    """The weights, and for each whether the two products were in one order."""
    # scipy.linalg takes a tenth of a second to import: paid where something is learnt.
    from scipy.linalg import lapack  # noqa: PLC0415 - see above

    total = orders.shape[1]
    if total == 0:
        return sparse.csr_array((0, 0), dtype=np.float32), np.zeros(0, dtype=bool)
    gram = np.zeros((total, total), dtype=np.float32, order="F")
    met = np.zeros((total, total), dtype=bool)
    for start in range(0, total, _BLOCK):
        part = slice(start, start + _BLOCK)
        gram[:, part] = (orders.T @ orders[:, part]).toarray()
        met[part] = (gram[:, part] > 0).T
        gram[:, part] += weights.text * (texts @ texts[part].T).toarray()
    gram[np.diag_indices(total)] += weights.shrinkage
    factor, failed = lapack.spotrf(gram, lower=1, overwrite_a=1)
    inverse, failed_too = lapack.spotri(factor, lower=1, overwrite_c=1)
    if failed or failed_too:
        raise ArithmeticError("the Gram matrix is not positive definite")
    diagonal = inverse.diagonal().copy()
    kept, seen = [], []
    for start in range(0, total, _BLOCK):
        end = min(start + _BLOCK, total)
        # Only the lower triangle was computed.
        left, middle, right = (
            inverse[start:end, :start],
            inverse[start:end, start:end],
            inverse[end:, start:end].T,
        )
        block = -np.concatenate([left, _whole(middle), right], axis=1) / diagonal[None, :]
        block[np.arange(end - start), np.arange(start, end)] = 0
        strongest = _strongest(block)
        kept.append(strongest)
        rows = np.repeat(np.arange(start, end), np.diff(strongest.indptr))
        seen.append(met[rows, strongest.indices])
    return sparse.csr_array(sparse.vstack(kept, format="csr")), np.concatenate(seen)


def _whole(lower: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    triangle = np.tril(lower)
    return triangle + np.tril(lower, -1).T


def _strongest(block: npt.NDArray[np.float32]) -> sparse.csr_array:
    """The rows' entries of the largest amounts."""
    total = block.shape[1]
    if total > KEPT:
        floor = np.partition(np.abs(block), total - KEPT, axis=1)[:, total - KEPT]
        block = np.where(np.abs(block) >= floor[:, None], block, 0)
    return sparse.csr_array(block.astype(np.float32))


def _neighbours(orders: sparse.csr_array, shrinkage: float, kept: int) -> sparse.csr_array:
    """Cosine over weighted orders with shrinkage; of each product the ``kept`` nearest, all from orders with both."""
    squares = np.asarray(orders.multiply(orders).sum(axis=0), dtype=np.float32).ravel()
    scale = (1 / np.sqrt(squares + shrinkage / 3)).astype(np.float32)
    scaled = sparse.csr_array(
        (orders.data * scale[orders.indices], orders.indices, orders.indptr), shape=orders.shape
    )
    turned = sparse.csr_array(scaled.T)
    total = turned.shape[0]
    # As many as the lines of all its orders a product has, at most.
    lines = np.concatenate([[0], np.cumsum(np.diff(scaled.indptr)[turned.indices], dtype=np.int64)])[
        turned.indptr
    ]
    most = int(np.minimum(np.diff(lines), kept).sum())
    columns, weights = np.empty(most, dtype=np.int32), np.empty(most, dtype=np.float32)
    lengths = np.zeros(total + 1, dtype=np.int64)
    start = done = 0
    while start < total:
        within = int(np.searchsorted(lines, lines[start] + _ENTRIES, side="right")) - 1
        end = min(max(within, start + 1), start + _BLOCK, total)
        rows, their_columns, their_weights = _nearest(turned[start:end] @ scaled, start, kept)
        columns[done : done + len(rows)] = their_columns
        weights[done : done + len(rows)] = their_weights
        lengths[start + 1 : end + 1] = np.bincount(rows, minlength=end - start)
        start, done = end, done + len(rows)
    starts = np.cumsum(lengths)
    if done <= np.iinfo(np.int32).max:
        starts = starts.astype(np.int32)  # else the columns would be copied into wider ones
    return sparse.csr_array((weights[:done], columns[:done], starts), shape=(total, total))


def _nearest(
    near: sparse.csr_array, first: int, kept: int
) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[np.float32]]:
    """Rows from ``first`` on, columns and weights of the largest weights of each row, both rising.

    What is left when each row's weakest are passed over is sorted, each entry as one number of row, weight and column.
    """
    lengths = np.diff(near.indptr)
    floors = np.zeros(len(lengths), dtype=np.float32)
    for row in np.flatnonzero(lengths > kept + 1).tolist():  # one more, for the product itself
        span = near.data[near.indptr[row] : near.indptr[row + 1]]
        floors[row] = np.partition(span, len(span) - kept - 1)[len(span) - kept - 1]
    strong = np.flatnonzero((near.data > 0) & (near.data >= np.repeat(floors, lengths)))
    rows = np.repeat(np.arange(len(lengths)), lengths)[strong]
    other = np.flatnonzero(near.indices[strong] != rows + first)
    strong, rows = strong[other], rows[other]
    # The bits of a float that is not negative order as it does; of very many products its last ones are dropped.
    column_bits = np.uint64(max(near.shape[1] - 1, 1).bit_length())
    bits = np.uint64(min(64 - _BLOCK.bit_length() - int(column_bits), 32))
    packed = _packed(
        rows, (np.uint64(_LARGEST) - near.data[strong].view(np.uint32)) >> (np.uint64(32) - bits), bits
    )
    packed = _packed(packed, near.indices[strong], column_bits)
    packed.sort()
    rows = (packed >> (bits + column_bits)).astype(np.int64)
    lengths = np.bincount(rows, minlength=len(lengths))
    best = np.flatnonzero(np.arange(len(rows)) - np.repeat(np.cumsum(lengths) - lengths, lengths) < kept)
    rows, packed = rows[best], packed[best]
    columns = packed & np.uint64((1 << int(column_bits)) - 1)
    low = (packed >> column_bits) & np.uint64((1 << int(bits)) - 1)
    amounts = (np.uint64(_LARGEST) - (low << (np.uint64(32) - bits))).astype(np.uint32).view(np.float32)
    order = np.argsort(_packed(rows, columns, column_bits))
    return rows[order], columns[order], amounts[order]


def _packed(high: npt.NDArray[Any], low: npt.NDArray[Any], bits: np.uint64) -> npt.NDArray[np.uint64]:
    """Two numbers in one, of which the lower has so many bits."""
    both: npt.NDArray[np.uint64] = high.astype(np.uint64) << bits | low.astype(np.uint64)
    return both


def _spread(found: sparse.csr_array, chosen: npt.NDArray[np.int64], total: int) -> sparse.csr_array:
    """The same over all products, of which ``chosen`` were looked at."""
    lengths = np.zeros(total, dtype=np.int64)
    lengths[chosen] = np.diff(found.indptr)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    return sparse.csr_array((found.data, chosen[found.indices], starts), shape=(total, total))
