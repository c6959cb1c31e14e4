"""From MySQL's TIMESTAMP and DATETIME columns to epoch microseconds and back (docs/design-activity.md, *Time*).

Our sessions have time_zone '+00:00', so a TIMESTAMP arrives as UTC. A DATETIME has no zone (``store/zones.py`` finds
it), and in the hour that a clock repeats in autumn it may mean two moments: whoever asks says which is safe. Columns
that hold a moment in another way are in ``store/moments.py``.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal

Raw = datetime | int | Decimal | str
"""What a column of moments is compared with."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAIVE_EPOCH = _EPOCH.replace(tzinfo=None)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class TimeColumn:
    """How a column's values are read: ``zone`` is UTC for TIMESTAMP, the shop's for DATETIME."""

    zone: tzinfo

    def to_us(self, value: object) -> int | None:
        """Epoch microseconds of a value as PyMySQL gives it (naive); None for NULL and zero dates.

        In an ambiguous hour the later reading: nobody is mailed too early, and an order is taken for newer.
        """
        return to_us(value, self.zone)

    def earliest_us(self, value: object) -> int | None:
        """The earlier reading: a cart that is compared with orders is rather taken for bought."""
        found = _readings(value, self.zone)
        return min(found) if found else None

    def latest_us(self, value: object) -> int | None:
        """The later reading: an order is taken for newer, and activity for later."""
        return self.to_us(value)

    @property
    def real(self) -> str:
        """SQL for a value that every real moment is above; zero dates and the like are not."""
        return "'1970-01-02'"

    def comparable(self, column: str) -> str:
        """SQL for the column's values as they compare with a TIMESTAMP, or as near as it gets."""
        return column

    def from_us(self, us: int) -> Raw:
        """The value to compare the column with; of a DATETIME naive."""
        return from_us(us).astimezone(self.zone).replace(tzinfo=None)

    def over(self, us: int) -> Raw:
        """A value up to which nothing is newer than ``us``."""
        return self.from_us(us)

    def span(self, after_us: int, until_us: int) -> tuple[Raw, Raw]:
        """Naive values between which all of ``(after, until]`` lie; more, where the clock is changed in between."""
        after, until = from_us(after_us), from_us(until_us)
        offsets = [moment.astimezone(self.zone).utcoffset() or timedelta(0) for moment in (after, until)]
        return (after + min(offsets)).replace(tzinfo=None), (until + max(offsets)).replace(tzinfo=None)


def to_us(value: object, zone: tzinfo = UTC) -> int | None:
    """Epoch microseconds of a naive value in ``zone``; in an ambiguous hour the later reading."""
    found = _readings(value, zone)
    return max(found) if found else None


def _readings(value: object, zone: tzinfo) -> tuple[int, ...]:
    """The moments that a naive value may mean. By arithmetic, which has room beyond the year 9999."""
    if not isinstance(value, datetime):
        return ()  # PyMySQL hands '0000-00-00 00:00:00' over as text
    local_us = (value - _NAIVE_EPOCH) // _MICROSECOND
    aware = value.replace(tzinfo=zone)
    return tuple(
        local_us - (aware.replace(fold=fold).utcoffset() or timedelta(0)) // _MICROSECOND for fold in (0, 1)
    )


def from_us(us: int) -> datetime:
    """An aware UTC datetime."""
    return _EPOCH + timedelta(microseconds=us)


def utc_naive(us: int) -> datetime:
    """The parameter for one of our own TIMESTAMP columns."""
    return from_us(us).replace(tzinfo=None)


UTC_COLUMN = TimeColumn(UTC)
"""Our own TIMESTAMP columns."""
