"""What a preset asks of a table's rows, held against what a row's image tells: yes, no, or unknown. Pure.

Images of ``binlog_row_image=MINIMAL`` leave columns out, and some types are not decoded. What such an image does not
tell is never taken for a no: an event is a hint, and the tables say how it is.
"""

from collections.abc import Callable, Iterable, Sequence

from binlog_watcher.binlog.decoding.values import ABSENT, OPAQUE, Value
from binlog_watcher.shop.fields import Condition

States = Sequence[Value]
"""The values of a row in the columns that are asked about, in the order of ``Asked.columns``."""

_ANSWERS = 1000
"""Answers that are remembered: types, states and shops' numbers have few values."""


class Asked:
    """``columns``: those that are asked about, in lower case, each once."""

    def __init__(self, conditions: Iterable[Condition], only: Iterable[Condition]) -> None:
        conditions, only = tuple(conditions), tuple(only)
        self.columns = tuple(dict.fromkeys(one.column.casefold() for one in (*conditions, *only)))
        slots = {column: slot for slot, column in enumerate(self.columns)}
        self._only = [(slots[one.column.casefold()], one) for one in only]
        # First what has its place in the filter: what is no row is nothing else, either.
        self._all = [*self._only, *((slots[one.column.casefold()], one) for one in conditions)]
        self._meant: dict[States, bool | None] = {}

    def meant(self, states: States) -> bool | None:
        """Whether a row is one at all; None: the image does not tell."""
        states = tuple(states)
        try:
            return self._meant[states]
        except KeyError:
            if len(self._meant) >= _ANSWERS:
                self._meant.clear()
            answer = self._meant[states] = _hold(self._only, states)
            return answer

    def counts(self, states: States) -> bool | None:
        """Whether a row is meant and meets the conditions; None: the image does not tell."""
        return _hold(self._all, states)


def fails(column: str, conditions: Iterable[Condition]) -> Callable[[Value], bool]:
    """Whether a value of a column, named in lower case, surely fails one of the conditions that are about it."""
    asked = [(0, condition) for condition in conditions if condition.column.casefold() == column]
    return lambda value: _hold(asked, (value,)) is False


def _hold(asked: list[tuple[int, Condition]], states: States) -> bool | None:
    unknown = False
    for slot, condition in asked:
        state = states[slot]
        if state is ABSENT or (state is OPAQUE and condition.is_null is None):
            unknown = True
        elif not condition.holds(True if state is OPAQUE or isinstance(state, bytes) else state):
            return False
    return None if unknown else True


def after(old: States, new: States) -> States:
    """The states after an update: an image that leaves a column out tells that it is as before."""
    if ABSENT not in new:
        return new
    return [was if now is ABSENT else now for was, now in zip(old, new, strict=True)]
