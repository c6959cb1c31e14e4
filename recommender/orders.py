"""Orders of the past, kept as arrays: ten million lines are 120 MB."""

from array import array
from collections.abc import Collection, Hashable, Iterable, Mapping
from datetime import datetime
from hashlib import blake2b
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse

from recommender.fingerprints import of_ids

MAX_LINES = 300
"""Longer orders are left out: nobody chose what a wholesaler restocks to go together."""

DAY_S = 86_400.0


class Order(NamedTuple):
    """The products of one order; ``at``: when, in seconds since 1970 (None: not known)."""

    products: Collection[Hashable]
    at: float | None = None


class OrderLog:
    """Orders in the order in which they came. Changed by one thread at a time; ``copy`` what another reads."""

    def __init__(self, orders: Iterable[object] = ()) -> None:
        """``orders``: see ``add``."""
        self._codes: dict[Hashable, int] = {}
        self._lines = array("i")
        self._ends = array("q")
        self._at = array("d")
        for order in orders:
            self.add(order)

    def add(self, order: object) -> None:
        """One order: an ``Order``, a collection of product ids, or a pair of such a collection and its time.

        The time is a datetime or seconds since 1970. A product counts once; None is no product.
        """
        products, at = _parts(order)
        unique = {one for one in products if one is not None}
        if not unique or len(unique) > MAX_LINES:
            return
        codes = self._codes
        self._lines.extend(sorted(codes.setdefault(one, len(codes)) for one in unique))
        self._ends.append(len(self._lines))
        self._at.append(at)

    def __len__(self) -> int:
        return len(self._ends)

    def __contains__(self, product_id: Hashable) -> bool:
        """Whether any order has the product."""
        return product_id in self._codes

    @property
    def lines(self) -> int:
        """How many lines all orders have together."""
        return len(self._lines)

    def copy(self) -> "OrderLog":
        """The same orders, independent of what comes."""
        other = OrderLog()
        other._codes = dict(self._codes)
        other._lines, other._ends, other._at = self._lines[:], self._ends[:], self._at[:]
        return other

    def fingerprint(self) -> str:
        """The same for the same orders in any process."""
        if not len(self):
            return ""
        keys = of_ids(list(self._codes)) * np.uint64(0x9E3779B97F4A7C15)
        ends = np.array(self._ends, dtype=np.int64)
        starts = np.concatenate([[0], ends[:-1]])
        # The lines of an order stand in no certain order: their sum tells which they are.
        lines = np.frombuffer(self._lines, dtype=np.int32)
        sums = np.add.reduceat(keys[lines] ^ keys[lines] >> np.uint64(31), starts)
        digest = blake2b(digest_size=16)
        for part in (sums, ends, np.array(self._at, dtype=np.float64)):
            digest.update(part.data)
        return digest.hexdigest()

    def matrix(self, rows: Mapping[Hashable, int], total: int) -> "Purchases":
        """Orders x products of a catalogue whose ``rows`` are known, the oldest order first."""
        of_code = np.full(len(self._codes) + 1, -1, dtype=np.int32)
        for product, code in self._codes.items():
            of_code[code] = rows.get(product, -1)
        lines = of_code[np.frombuffer(self._lines, dtype=np.int32)] if self._lines else of_code[:0]
        at = np.array(self._at, dtype=np.float64)
        ends = np.array(self._ends, dtype=np.int64)
        starts = np.zeros_like(ends)
        starts[1:] = ends[:-1]
        lengths = ends - starts
        known = lines >= 0
        if not known.all():
            lengths = np.add.reduceat(known, starts, dtype=np.int64)
            starts = np.cumsum(lengths) - lengths
            lines = lines[known]
        order = np.argsort(at, kind="stable")
        starts, lengths = starts[order], lengths[order]
        ends = np.cumsum(lengths)
        take = np.arange(len(lines)) + np.repeat(starts - (ends - lengths), lengths)
        width = (
            np.int32 if len(lines) <= np.iinfo(np.int32).max else np.int64
        )  # wide ones take twice the time
        bought = sparse.csr_array(
            (
                np.ones(len(lines), dtype=np.float32),
                lines[take].astype(width, copy=False),
                np.concatenate([[0], ends]).astype(width),
            ),
            shape=(len(at), total),
        )
        bought.sort_indices()
        return Purchases(bought, at[order])


class Purchases(NamedTuple):
    """``bought``: CSR of orders x products, ones. ``at``: when each order was, in seconds, rising."""

    bought: sparse.csr_array
    at: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.at)

    def part(self, start: int, end: int) -> "Purchases":
        """The orders from the ``start``-th to before the ``end``-th."""
        return Purchases(self.bought[start:end], self.at[start:end])

    def lengths(self) -> npt.NDArray[np.float64]:
        """How many products each order has."""
        lengths: npt.NDArray[np.float64] = np.diff(self.bought.indptr).astype(np.float64)
        return lengths

    def counts(self) -> npt.NDArray[np.float64]:
        """In how many orders each product is."""
        return np.bincount(self.bought.indices, minlength=self.bought.shape[1]).astype(np.float64)

    def weighted(self, length_power: float, half_life_days: float | None) -> sparse.csr_array:
        """Each order's row times the root of its weight, so that X.T @ X counts it by its weight.

        An order weighs 1 / length ** length_power, and half as much for every ``half_life_days`` of its age.
        """
        weights = np.maximum(self.lengths(), 1) ** -length_power
        if half_life_days is not None and len(self.at):
            weights = weights * 0.5 ** ((self.at[-1] - self.at) / DAY_S / half_life_days)
        root = np.sqrt(weights).astype(np.float32)
        data = np.repeat(root, np.diff(self.bought.indptr))
        return sparse.csr_array((data, self.bought.indices, self.bought.indptr), shape=self.bought.shape)


def _parts(order: object) -> tuple[Collection[Hashable], float]:
    if isinstance(order, Order):
        return order.products, _seconds(order.at)
    if isinstance(order, tuple) and len(order) == 2:
        products, at = order
        if isinstance(products, list | set | frozenset) and isinstance(at, str):
            raise TypeError("an order's time is a datetime or seconds, not str")
        if isinstance(products, list | tuple | set | frozenset) and (
            at is None or isinstance(at, datetime | int | float)
        ):
            return products, _seconds(at)
    if isinstance(order, Collection) and not isinstance(order, str | bytes):
        return order, 0.0
    raise TypeError(f"an order is a collection of product ids, not {type(order).__name__}")


def _seconds(at: datetime | float | None) -> float:
    seconds = at.timestamp() if isinstance(at, datetime) else float(at or 0)
    return seconds if seconds == seconds and abs(seconds) != float("inf") else 0.0  # noqa: PLR0124 - NaN
