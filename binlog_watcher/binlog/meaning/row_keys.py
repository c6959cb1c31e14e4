"""Which cart key a row belongs to, for images that do not tell: ``binlog_row_image=MINIMAL``.

There an UPDATE carries the primary key and what changed, a DELETE the primary key. What is known of a row comes,
in this order, from the image, from the rows seen lately, from the table itself. The memory is bounded, and read from
the tables at each hydration, so that rows older than the stream are known, too. What is left unknown:

- a deleted cart row (or one that was given to somebody else) that is older than the memory: its cart's timer is not
  moved. A deletion would only have moved it to a later time, and what is due is read from the tables; so the timer
  is never earlier than a fresh hydration would set it. Counted in ``Stats.unknown_rows``.
- an order of which the same is true: its customer's cart may count again, so the tables are read anew.
- a row of the catalogue, such as one of stock without the product in its primary key: the catalogue is read anew.
- a row of a further table of the cart's: it was activity beside that of the cart's own rows.
- the key of an inserted row: the column has its default, which is no customer.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

from binlog_watcher.binlog.decoding.row_image import Row
from binlog_watcher.binlog.decoding.values import ABSENT, Value
from binlog_watcher.binlog.meaning.asked import after
from binlog_watcher.binlog.meaning.effects import Effects, Role, Watched
from binlog_watcher.binlog.protocol.wire import UnseenChangeError
from binlog_watcher.binlog.stats import Stats

Find = Callable[[Role, Collection[Value]], Mapping[Value, Value]]
"""Row id → key, of those rows that are in the role's table now."""

CAPACITY = 20_000
"""Rows of one generation of a role; up to two are held: some 4 MB a role (110 bytes a row with whole numbers)."""


def nothing_found(role: Role, row_ids: Collection[Value]) -> Mapping[Value, Value]:
    """Without a server to ask."""
    del role, row_ids
    return {}


@dataclass(slots=True)
class _Seen:
    """Row id → key in two generations: the older is dropped whole, which costs less than dropping row by row."""

    young: dict[Value, Value] = field(default_factory=dict)
    old: dict[Value, Value] = field(default_factory=dict)


class RowKeys:
    """Remembers the rows seen lately. Rows are ``(key, id, states…)`` as the plan decodes them.

    The states are of the columns that the preset asks about, and left out where it asks nothing.
    """

    def __init__(self, find: Find, stats: Stats, *, capacity: int = CAPACITY) -> None:
        self._find = find
        self._stats = stats
        self._capacity = capacity
        self._seen = {role: _Seen() for role in Role}

    def __len__(self) -> int:
        return sum(len(seen.young) + len(seen.old) for seen in self._seen.values())

    def note(self, role: Role, row_id: Value, key: Value) -> None:
        """Remember a row; deleted ones stay, since a broken connection brings their deletion again."""
        if row_id is ABSENT:
            return
        seen = self._seen[role]
        if len(seen.young) >= self._capacity:
            seen.old, seen.young = seen.young, {}
        seen.young[row_id] = key

    def learn(self, rows: Iterable[tuple[Role, Mapping[Value, Value]]]) -> None:
        """Remember rows as the tables hold them."""
        for role, found in rows:
            for row_id, key in found.items():
                self.note(role, row_id, key)

    def recall(self, role: Role, row_id: Value) -> Value:
        """The key that the row had when it was last seen, else ABSENT."""
        seen = self._seen[role]
        found = seen.young.get(row_id, ABSENT)
        return seen.old.get(row_id, ABSENT) if found is ABSENT else found

    def inserted(self, watched: Watched, rows: Collection[Row], effects: Effects) -> None:
        """Rows were written."""
        for key, row_id, *states in rows:
            if watched.role is Role.CART and watched.is_no_row(states):
                continue  # a wishlist takes no room from carts; its rows' keys can be looked up
            known = None if key is ABSENT else key
            effects.inserted(watched, known, states)
            self.note(watched.role, row_id, known)

    def deleted(self, watched: Watched, rows: Collection[Row], effects: Effects) -> None:
        """Rows were deleted. Raises UnseenChangeError, at the end, for orders of nobody knows whom."""
        unknown: list[Value] = []
        for key, row_id, *states in rows:
            if watched.is_no_row(states):
                continue
            known = self.recall(watched.role, row_id) if key is ABSENT else key
            if known is ABSENT:
                unknown.append(row_id)
            else:
                effects.deleted(watched, known, states)
        self._give_up(watched, unknown, effects)

    def updated(self, watched: Watched, pairs: Collection[tuple[Row, Row]], effects: Effects) -> None:
        """Rows were changed. Raises UnseenChangeError, at the end, for orders of nobody knows whom."""
        role = watched.role
        if watched.only:
            pairs = [pair for pair in pairs if not _is_none_before_and_after(watched, *pair)]
        self._look_up(role, [pair for pair in pairs if pair[0][0] is pair[1][0] is ABSENT])
        unknown: list[Value] = []
        for (before, row_id, *old_states), (now, new_id, *states) in pairs:
            old = self.recall(role, row_id) if before is ABSENT else before
            new = old if now is ABSENT else now
            if new is ABSENT and new_id is not ABSENT:
                new = old = self.recall(role, new_id)
            if new is ABSENT:
                unknown.append(row_id)
                continue
            if old is ABSENT:  # given to somebody else, by whom is not known
                unknown.append(row_id)
                old = new
            effects.updated(watched, old, new, old_states, states)
            if old != new or new_id != row_id:
                self.note(role, row_id if new_id is ABSENT else new_id, new)
        self._give_up(watched, unknown, effects)

    def _look_up(self, role: Role, pairs: Collection[tuple[Row, Row]]) -> None:
        missing = [
            row_id if new_id is ABSENT else new_id
            for (_, row_id, *_), (_, new_id, *_) in pairs
            if self.recall(role, row_id) is ABSENT
        ]
        missing = [row_id for row_id in missing if row_id is not ABSENT]
        if missing:
            for row_id, key in self._find(role, missing).items():
                self.note(role, row_id, key)

    def _give_up(self, watched: Watched, row_ids: Collection[Value], effects: Effects) -> None:
        """Rows of nobody knows whom. Without an id nothing could be found out about them at all."""
        self._stats.unknown_rows += len(row_ids)
        if row_ids and watched.role is Role.PRODUCTS:
            effects.unknown_product()
        elif row_ids and not watched.optional and (watched.role is not Role.CART or ABSENT in row_ids):
            detail = "the row's image does not tell whose it was (binlog_row_image is not FULL)"
            raise UnseenChangeError("unknown_row", detail)


def _is_none_before_and_after(watched: Watched, before: Row, now: Row) -> bool:
    """Whether the filter leaves a row out that it left out before."""
    old_states, states = before[2:], now[2:]
    return watched.is_no_row(old_states) and watched.is_no_row(after(old_states, states))
