"""From MySQL's TIMESTAMP and DATETIME columns to epoch microseconds and back (docs/design.md, *Time*).

Our sessions have time_zone '+00:00', so a TIMESTAMP arrives as UTC. A DATETIME has no zone: SHOP_TIMEZONE names it,
else the server's own is taken. In an ambiguous hour the later reading counts, so that nobody is mailed too early.
"""

import contextlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog

from binlog_watcher.errors import ConfigError
from binlog_watcher.store.database import Session

log = structlog.get_logger(__name__)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class TimeColumn:
    """How a column's values are read: ``zone`` is UTC for TIMESTAMP, the shop's for DATETIME."""

    zone: tzinfo

    def to_us(self, value: datetime | None) -> int | None:
        """Epoch microseconds of a value as PyMySQL gives it (naive); None for NULL and zero dates."""
        return to_us(value, self.zone)

    def from_us(self, us: int) -> datetime:
        """The naive value to compare the column with."""
        return from_us(us).astimezone(self.zone).replace(tzinfo=None)


def to_us(value: object, zone: tzinfo = UTC) -> int | None:
    """Epoch microseconds of a naive value in ``zone``; in an ambiguous hour the later reading."""
    if not isinstance(value, datetime):
        return None  # PyMySQL hands '0000-00-00 00:00:00' over as text
    later = max(value.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    return (later - _EPOCH) // _MICROSECOND


def from_us(us: int) -> datetime:
    """An aware UTC datetime."""
    return _EPOCH + timedelta(microseconds=us)


def utc_naive(us: int) -> datetime:
    """The parameter for one of our own TIMESTAMP columns."""
    return from_us(us).replace(tzinfo=None)


UTC_COLUMN = TimeColumn(UTC)
"""Our own TIMESTAMP columns."""


def shop_zone(session: Session, name: str | None) -> tzinfo:
    """The zone of the shop's DATETIME columns: the named one, else the server's.

    Raises ConfigError for a name that is no IANA zone.
    """
    if name:
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ConfigError(
                f"SHOP_TIMEZONE={name!r} is no IANA zone; give one such as Europe/Berlin or UTC"
            ) from error
    row = session.row(
        "SELECT @@GLOBAL.time_zone, @@GLOBAL.system_time_zone, "
        "TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(), CONVERT_TZ(UTC_TIMESTAMP(), '+00:00', @@GLOBAL.time_zone))"
    )
    if row is None:
        return UTC
    global_zone, system_zone, offset = str(row[0]), str(row[1]), row[2]
    candidate = system_zone if global_zone.upper() == "SYSTEM" else global_zone
    with contextlib.suppress(ZoneInfoNotFoundError, ValueError):
        return ZoneInfo(candidate)
    fixed = timezone(timedelta(minutes=round(int(offset or 0) / 60)))
    log.warning(
        "time.zone_unnamed",
        server_zone=candidate,
        assumed=str(fixed),
        hint="set SHOP_TIMEZONE to an IANA name",
    )
    return fixed
