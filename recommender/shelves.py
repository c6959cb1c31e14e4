"""The most bought products of each category, and of all: what fills up where too little is known of a cart."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy

import numpy as np
import numpy.typing as npt

from recommender.facts import Facts
from recommender.reasons import Reason

KEPT = 100
"""Of each category so many are kept of what is to be had, and so many of what is not at the moment."""


class Shelves:
    """Rows by category, the most bought first, then by row."""

    def __init__(self, facts: Facts, bought: npt.NDArray[np.float32] | None) -> None:
        """``bought``: how often each product was; None: not known, and nothing is called popular then."""
        self._facts = facts
        order = np.arange(len(facts)) if bought is None else np.lexsort((np.arange(len(facts)), -bought))
        self._shelves = _by_category(facts, order.tolist())
        self.new: Mapping[str, list[int]] = {}
        self._popular = [] if bought is None else order[bought[order] > 0][: 2 * KEPT].tolist()

    def with_new(self, facts: Facts, rows: Iterable[int]) -> "Shelves":
        """These products, which nobody bought yet, behind those of their category."""
        other = copy(self)
        new = defaultdict[str, list[int]](
            list, {category: list(shelf) for category, shelf in self.new.items()}
        )
        for row in rows:
            shelf = new[facts.category(row)]
            if len(shelf) < 2 * KEPT and row not in shelf:
                shelf.append(row)
        other.new = new
        return other

    def fill(self, cart: Sequence[int]) -> Iterator[tuple[int, Reason]]:
        """What may stand in, and why: of the cart's categories in the order of its rows, then of all."""
        for category in dict.fromkeys(self._facts.category(row) for row in cart):
            for row in (*self._shelves.get(category, ()), *self.new.get(category, ())) if category else ():
                if self._facts.category(row) == category:  # it may have another one by now
                    yield row, Reason.SAME_CATEGORY
        for row in self._popular:
            yield row, Reason.POPULAR


def _by_category(facts: Facts, rows: Sequence[int]) -> dict[str, list[int]]:
    """What is sold out stays on its shelf: it may be to be had again before the next build."""
    shelves = defaultdict[str, list[int]](list)
    absent = defaultdict[str, list[int]](list)
    available = facts.available[rows].tolist() if len(rows) else []
    for place, row in enumerate(rows):
        shelf = (shelves if available[place] else absent)[facts.category(row)]
        if len(shelf) < KEPT:
            shelf.append(place)
    for category, places in absent.items():
        shelves[category] = sorted(shelves[category] + places)
    return {category: [rows[place] for place in places] for category, places in shelves.items() if category}
