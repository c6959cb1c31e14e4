"""Columns that hold moments as numbers or text: Unix seconds, milliseconds, days, UTC text (``shop/moments.py``).

A parameter is put into the column's form, never the column into another: so its index serves. What is no moment (NULL,
0, what is negative, beyond the year 9999, or no text of the form) is unreadable, as a zero date is.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal

from binlog_watcher.shop.moments import Format
from binlog_watcher.store.times import Raw, TimeColumn, from_us, to_us

_SECOND_US = 1_000_000
_UNITS_US = {Format.UNIX: _SECOND_US, Format.UNIX_MS: 1000}
_END_US = 253_402_300_800 * _SECOND_US
"""The end of the year 9999: what is beyond is in another unit."""

_TEXT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?", re.ASCII)
_SECONDS_OF_A_DAY = 86_399


def time_column(held_as: Format, data_type: str, zone: tzinfo) -> TimeColumn:
    """How to read a column; ``zone``: the shop's."""
    if held_as in _UNITS_US:
        return UnixColumn(UTC, _UNITS_US[held_as], whole=data_type != "decimal")
    if held_as is Format.DAY:
        return DayColumn(zone, as_text="int" not in data_type)
    return TextColumn(UTC, "T" if held_as is Format.ISO else " ")


@dataclass(frozen=True, slots=True)
class UnixColumn(TimeColumn):
    """Units of ``unit_us`` microseconds since 1970; ``whole``: the column holds no fractions of them."""

    unit_us: int
    whole: bool = True

    def to_us(self, value: object) -> int | None:
        """Epoch microseconds of a number."""
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            return None
        if isinstance(value, Decimal) and not value.is_finite():
            return None
        us = int(value * self.unit_us)
        return us if 0 < us < _END_US else None

    def earliest_us(self, value: object) -> int | None:
        """The same."""
        return self.to_us(value)

    @property
    def real(self) -> str:
        """A day after 1970, as of dates."""
        return str(86_400 * _SECOND_US // self.unit_us)

    def comparable(self, column: str) -> str:
        """In the session's zone, as a TIMESTAMP is."""
        seconds = column if self.unit_us == _SECOND_US else f"{column} / {_SECOND_US // self.unit_us}"
        return f"FROM_UNIXTIME({seconds})"

    def from_us(self, us: int) -> Raw:
        """In the column's units; whole ones, where it has no others, since only then its index serves."""
        return us // self.unit_us if self.whole else Decimal(us) / self.unit_us

    def span(self, after_us: int, until_us: int) -> tuple[Raw, Raw]:
        """Numbers between which all of ``(after, until]`` lie."""
        return self.from_us(after_us), self.from_us(until_us)


@dataclass(frozen=True, slots=True)
class DayColumn(TimeColumn):
    """A day of the shop's, as a number or as text. It begins the day, but may mean any moment of it."""

    as_text: bool

    def _day(self, value: object) -> date | None:
        digits = _text(value) if isinstance(value, str | bytes) else str(value)
        try:
            return date(int(digits[:4]), int(digits[4:6]), int(digits[6:])) if len(digits) == 8 else None
        except ValueError:
            return None

    def to_us(self, value: object) -> int | None:
        """The beginning of the day."""
        day = self._day(value)
        return None if day is None else to_us(datetime.combine(day, time()), self.zone)

    def earliest_us(self, value: object) -> int | None:
        """The beginning of the day: what was put in on the day of an order is taken for bought."""
        return self.to_us(value)

    def latest_us(self, value: object) -> int | None:
        """The last second of the day."""
        day = self._day(value)
        return None if day is None else to_us(datetime.combine(day, time(23, 59, 59)), self.zone)

    @property
    def real(self) -> str:
        """The first days of 1970 are none."""
        return "'19700102'" if self.as_text else "19700102"

    def comparable(self, column: str) -> str:
        """The last second of the day."""
        return f"CAST({column} AS DATE) + INTERVAL {_SECONDS_OF_A_DAY} SECOND"

    def _raw(self, local: datetime) -> Raw:
        digits = f"{local:%Y%m%d}".zfill(8)
        return digits if self.as_text else int(digits)

    def from_us(self, us: int) -> Raw:
        """The day of a moment."""
        return self._raw(from_us(us).astimezone(self.zone))

    def over(self, us: int) -> Raw:
        """The last day that is over."""
        return self._raw(from_us(us).astimezone(self.zone) - timedelta(seconds=_SECONDS_OF_A_DAY))

    def span(self, after_us: int, until_us: int) -> tuple[Raw, Raw]:
        """The days that end in between: before that, more may be put in on a day."""
        return self.from_us(after_us), self.over(until_us)


@dataclass(frozen=True, slots=True)
class TextColumn(TimeColumn):
    """Texts of the same form, which sort as their moments do; ``between``: date and time of day."""

    between: str

    def to_us(self, value: object) -> int | None:
        """Epoch microseconds; a text with an offset of its own goes by it."""
        text = _text(value) if isinstance(value, str | bytes) else ""
        if not _TEXT.fullmatch(text):
            return None
        try:
            found = datetime.fromisoformat(text)
        except ValueError:  # '0000-00-00 00:00:00' and its like
            return None
        us = to_us(found.replace(tzinfo=None))
        offset = found.utcoffset()
        return None if us is None else us - int((offset or timedelta(0)) / timedelta(microseconds=1))

    def earliest_us(self, value: object) -> int | None:
        """The same."""
        return self.to_us(value)

    def comparable(self, column: str) -> str:
        """In the session's zone, as a TIMESTAMP is."""
        utc = f"CAST(REPLACE(LEFT({column}, 19), 'T', ' ') AS DATETIME)"
        return f"FROM_UNIXTIME(TIMESTAMPDIFF(SECOND, '1970-01-01', {utc}))"

    def from_us(self, us: int) -> Raw:
        """The text without what may follow its seconds, such as a Z: it sorts before all of them."""
        return from_us(us).isoformat(self.between, "seconds")[:19]

    def span(self, after_us: int, until_us: int) -> tuple[Raw, Raw]:
        """Texts between which all of ``(after, until]`` lie; up to a second more, for what may follow the seconds."""
        return self.from_us(after_us), self.from_us(until_us + _SECOND_US)


def _text(value: str | bytes) -> str:
    return (value.decode("ascii", "replace") if isinstance(value, bytes) else value).strip()
