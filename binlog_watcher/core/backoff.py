"""Pauses between attempts at what failed for now. Pure."""

from typing import TypeVar

_Time = TypeVar("_Time", int, float)


def pause(first: _Time, longest: _Time, failures: int) -> _Time:
    """The pause after so many failures in a row (the first one: 1): doubled each time, at most ``longest``.

    In the unit of the arguments: seconds, or whole microseconds.
    """
    return min(longest, first * (1 << min(max(failures, 1) - 1, 40)))
