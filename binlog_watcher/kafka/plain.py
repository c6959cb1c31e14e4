"""Rows that are their cart's activity, whatever they hold: most of what is read, told with the least work. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from binlog_watcher.binlog.meaning.effects import Effects, Role, Watched
from binlog_watcher.core.events import CartKey, Change
from binlog_watcher.kafka.columns import UNAVAILABLES, Column, taken_as_it_stands
from binlog_watcher.kafka.envelope import Ordinary

CHANGES = {"c": Change.INSERT, "u": Change.UPDATE, "d": Change.DELETE}


@dataclass(frozen=True, slots=True)
class PlainRows:
    """The rows of a table in the role ``watched``. A key of type ``kind`` in ``column`` is taken as it stands."""

    watched: Watched
    column: str
    kind: type
    nobody: frozenset[Any]

    def key_of(self, found: Ordinary) -> CartKey | None:
        """Whose row it is; None where it takes more to tell, or is an error."""
        column, after = self.column, found.after
        if after is None:
            if found.op != "d" or found.before is None:
                return None
            key: Any = found.before.get(column)
        else:
            key = after.get(column)
            if found.op != "c" and (
                found.op == "d" or found.before is None or found.before.get(column) != key
            ):
                return None
        if key.__class__ is not self.kind or key in self.nobody:
            return None
        taken: Any = key
        return None if self.kind is int and taken < 0 else taken

    def add(self, effects: Effects, key: CartKey, change: Change) -> None:
        """Note the row among others of its transaction."""
        if change is Change.INSERT:
            effects.inserted(self.watched, key)
        elif change is Change.UPDATE:
            effects.updated(self.watched, key, key)
        else:
            effects.deleted(self.watched, key)


def plain_rows(
    roles: Iterable[Watched], key: Column, counted: Sequence[str], *, referenced: bool
) -> PlainRows | None:
    """For a table that has one role, that of a cart's rows, and no more to be asked about them; None of others.

    ``counted``: the columns of which an update must have changed one. ``referenced``: by a key with an action.
    """
    watched, *others = roles
    kind = taken_as_it_stands(key)
    asks = watched.only or watched.conditions or watched.document or counted or referenced
    if others or watched.role is not Role.CART or asks or kind is None:
        return None
    return PlainRows(watched, key.name, kind, watched.nobody | UNAVAILABLES)
