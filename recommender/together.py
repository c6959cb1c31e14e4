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

KEPT = 200
"""Of each product so many others are kept, the strongest."""

_BYTES_A_CELL = 12
"""Of the dense way at its peak: the matrix in single precision, its inverse, and one copy."""

_BLOCK = 2_000


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
    if len(sold) <= most:
        unsold = np.flatnonzero((bought == 0) & (np.diff(texts.indptr) > 0))[: most - len(sold)]
        chosen = np.sort(np.concatenate([sold, unsold]))
        found = _closed_form(sparse.csr_array(orders[:, chosen]), sparse.csr_array(texts[chosen]), weights)
        found = _spread(found, chosen, len(bought))
    else:
        found = _neighbours(orders, weights.shrinkage)
    return Together(found, _seen(found, purchases.bought), bought)


def _closed_form(orders: sparse.csr_array, texts: sparse.csr_array, weights: Weights) -> sparse.csr_array:
    # scipy.linalg takes a tenth of a second to import: paid where something is learnt.
    from scipy.linalg import lapack  # noqa: PLC0415 - see above

    total = orders.shape[1]
    if total == 0:
        return sparse.csr_array((0, 0), dtype=np.float32)
    gram = np.zeros((total, total), dtype=np.float32, order="F")
    for start in range(0, total, _BLOCK):
        part = slice(start, start + _BLOCK)
        gram[:, part] = (orders.T @ orders[:, part]).toarray()
        gram[:, part] += weights.text * (texts @ texts[part].T).toarray()
    gram[np.diag_indices(total)] += weights.shrinkage
    factor, failed = lapack.spotrf(gram, lower=1, overwrite_a=1)
    inverse, failed_too = lapack.spotri(factor, lower=1, overwrite_c=1)
    if failed or failed_too:
        raise ArithmeticError("the Gram matrix is not positive definite")
    diagonal = inverse.diagonal().copy()
    kept = []
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
        kept.append(_strongest(block))
    return sparse.csr_array(sparse.vstack(kept, format="csr"))


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


def _neighbours(orders: sparse.csr_array, shrinkage: float) -> sparse.csr_array:
    """Cosine over weighted orders with shrinkage; the nearest of each, some rows at a time."""
    squares = np.asarray(orders.multiply(orders).sum(axis=0), dtype=np.float32).ravel()
    scale = sparse.diags_array(1 / np.sqrt(squares + shrinkage / 3), format="csr", dtype=np.float32)
    scaled = sparse.csr_array(orders @ scale)
    turned = sparse.csr_array(scaled.T)
    kept = []
    for start in range(0, turned.shape[0], _BLOCK):
        near = sparse.csr_array(turned[start : start + _BLOCK] @ scaled)
        kept.append(_nearest(near, start))
    return sparse.csr_array(sparse.vstack(kept, format="csr"))


def _nearest(near: sparse.csr_array, first: int) -> sparse.csr_array:
    rows = np.repeat(np.arange(near.shape[0]), np.diff(near.indptr))
    data = np.where(near.indices == rows + first, 0, near.data)
    order = np.lexsort((near.indices, -data, rows))
    rank = np.arange(len(order)) - near.indptr[rows]
    order = order[(rank < KEPT) & (data[order] > 0)]
    return sparse.csr_array((data[order], (rows[order], near.indices[order])), shape=near.shape)


def _spread(found: sparse.csr_array, chosen: npt.NDArray[np.int64], total: int) -> sparse.csr_array:
    """The same over all products, of which ``chosen`` were looked at."""
    lengths = np.zeros(total, dtype=np.int64)
    lengths[chosen] = np.diff(found.indptr)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    return sparse.csr_array((found.data, chosen[found.indices], starts), shape=(total, total))


def _seen(found: sparse.csr_array, bought: sparse.csr_array) -> npt.NDArray[np.bool_]:
    """For each entry whether the two products were in one order."""
    found.sort_indices()
    turned = sparse.csr_array(bought.T)
    seen = np.zeros(found.nnz, dtype=bool)
    total = found.shape[1]
    for start in range(0, found.shape[0], _BLOCK):
        end = min(start + _BLOCK, found.shape[0])
        span = slice(found.indptr[start], found.indptr[end])
        mine = np.repeat(np.arange(end - start), np.diff(found.indptr[start : end + 1])) * total
        mine = mine + found.indices[span]
        pairs = sparse.csr_array(turned[start:end] @ bought)
        theirs = np.repeat(np.arange(end - start), np.diff(pairs.indptr)) * total + pairs.indices
        seen[span] = np.isin(mine, theirs)
    return seen
