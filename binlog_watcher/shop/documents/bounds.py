"""How much a document may cost: its size, its depth, its values, and the time to read it."""

from collections.abc import Callable

from binlog_watcher.shop.documents.errors import DocumentError

MAX_BYTES = 1 << 20
"""Of a document, and of all that is decoded of it together."""

MAX_DEPTH = 64
"""Of containers, documents inside of documents and references along a path, all together."""

MAX_VALUES = 100_000
MAX_NANOSECONDS = 50_000_000

_BETWEEN_LOOKS = 512  # values; a look at the clock costs as much as a few of them


class Budget:
    """What one document may still cost. Made anew for each.

    ``clock``: a clock in nanoseconds that only rises (the modules here ask for no time themselves), of the thread's own
    work: what is read while the machine is busy is no worse for it. None: the number of values alone bounds time.
    """

    __slots__ = ("_clock", "_deadline", "_next_look", "bytes_left", "values_left")

    def __init__(
        self,
        clock: Callable[[], int] | None = None,
        *,
        max_bytes: int = MAX_BYTES,
        max_values: int = MAX_VALUES,
        max_nanoseconds: int = MAX_NANOSECONDS,
    ) -> None:
        self._clock = clock
        self._deadline = 0 if clock is None else clock() + max_nanoseconds
        self.bytes_left = max_bytes
        self.values_left = max_values
        self._next_look = max(max_values - _BETWEEN_LOOKS, 0)

    def spend(self, values: int, at: int) -> None:
        """Take ``values`` as read. Raises DocumentError when there are too many, or it has taken too long."""
        self.values_left -= values
        if self.values_left < self._next_look:
            if self.values_left < 0:
                raise DocumentError("too_many_values", at)
            self._next_look = max(self.values_left - _BETWEEN_LOOKS, 0)
            self.look(at)

    def take_bytes(self, count: int) -> None:
        """Take ``count`` bytes as decoded. Raises DocumentError when there are too many."""
        if count > self.bytes_left:
            raise DocumentError("too_large", self.bytes_left)
        self.bytes_left -= count

    def look(self, at: int) -> None:
        """Look at the clock. Raises DocumentError when it has taken too long."""
        if self._clock is not None and self._clock() > self._deadline:
            raise DocumentError("too_slow", at)
