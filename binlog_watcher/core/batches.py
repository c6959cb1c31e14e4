"""Cutting what one statement can't take at once."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")


def in_batches(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """``items`` in their order, at most ``size`` at a time."""
    return (items[start : start + size] for start in range(0, len(items), size))
