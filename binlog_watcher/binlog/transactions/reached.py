"""How far the stream was read: the position, the time of its last commit, whether its end was met."""

from typing import TYPE_CHECKING

from binlog_watcher.binlog.protocol.headers import Group, file_number
from binlog_watcher.binlog.protocol.position import Position

if TYPE_CHECKING:
    from binlog_watcher.binlog.transactions.fast_path import Skimmed

_SECOND_US = 1_000_000


class Reached:
    """``position`` is that behind the last whole group; ``file`` and ``offset`` are those of the last event.

    ``committed_us``: when the last group was committed, in epoch microseconds; not ``exact``, it is only the
    beginning of that second. ``idle``: the last event was a heartbeat at the end of the binlog. ``caught_up``: the
    end is passed that the binlog had at connect. ``low`` and ``high``: the 32 bits of the offset that events carry,
    and what they don't.
    """

    __slots__ = (
        "_end",
        "_sure_us",
        "caught_up",
        "committed_us",
        "exact",
        "file",
        "high",
        "idle",
        "low",
        "position",
    )

    def __init__(self) -> None:
        self.committed_us: int | None = None
        self._sure_us: int | None = None
        self.exact = True
        self.start(Position("", 0, ""))
        self._end = (0, 0)

    @property
    def offset(self) -> int:
        """Where the last event ends in its file."""
        return self.high + self.low

    def anchor(self, position: Position) -> None:
        """The tables are read anew, as of ``position``."""
        self.position, self.committed_us, self.caught_up = position, None, False
        self._sure_us = None

    def restart(self, position: Position, end: tuple[str, int]) -> None:
        """A connection begins at ``position``; ``end`` is the end of the server's binlog just before."""
        self._end = (file_number(end[0]), end[1])
        self.start(position)

    def start(self, position: Position) -> None:
        """Nothing was read behind ``position`` yet."""
        self.position = position
        self.file, self.high, self.low = position.file, 0, 0
        self.idle = self.caught_up = False

    def rotate(self, file: str, offset: int) -> None:
        """The stream goes on in ``file``, at ``offset``."""
        self.file = file
        self.high, self.low = divmod(offset, 1 << 32)
        self.high <<= 32

    def end_group(self, group: Group, at_us: int) -> None:
        """The group that began with ``group`` is complete, and was committed at ``at_us``."""
        position = self.position
        if group.source is not None and position.gtids is not None:
            position.gtids.add(group.source, group.number)
        if group.mariadb is not None:
            position.domains[group.mariadb.domain] = group.mariadb
        position.file, position.offset = self.file, self.high + self.low
        self.committed_us, self.exact = at_us, group.committed_us is not None

    def pass_over(self, skimmed: "Skimmed") -> None:
        """Groups were gone over on the fast path."""
        position = self.position
        if position.gtids is not None:
            for source, first, last in skimmed.gtids:
                position.gtids.add(source, first, last)
        self.high += skimmed.wraps << 32
        self.low = skimmed.end_position
        position.file, position.offset = self.file, self.high + self.low
        self.committed_us, self.exact, self.idle = skimmed.committed_us, True, False
        if not self.caught_up:
            self.look_for_end(position.file, position.offset)

    def look_for_end(self, file: str, offset: int) -> None:
        """Whether the stream, at ``offset`` of ``file``, has passed the end. Raises DecodeError of a strange name."""
        if not self.caught_up and file:
            self.caught_up = (file_number(file), offset) >= self._end

    def lag_us(self, now_us: int, arriving_us: int | None) -> int:
        """Age of the newest transaction in microseconds; 0 when there is nothing to read.

        ``arriving_us``: when one was committed that has not arrived whole yet; None: there is none.
        """
        if self.committed_us is not None and self.committed_us > now_us + _SECOND_US:
            self.committed_us = (
                self._sure_us
            )  # a session's own time (SET timestamp): it says nothing of the lag
        self._sure_us = self.committed_us
        if self.idle and self.caught_up:
            return 0
        if arriving_us is not None:
            return max(0, now_us - arriving_us)
        if self.committed_us is None:
            return 0
        # A time in whole seconds may mean any moment of that second: take the latest.
        return max(0, now_us - self.committed_us - (0 if self.exact else _SECOND_US))
