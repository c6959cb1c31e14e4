"""In which zone a shop's DATETIME columns are (docs/design-activity.md, *Time*).

SHOP_TIMEZONE or the preset names it. Without them it is taken for the server's, and only UTC, a number, or a name that
agrees with the server's present offset are exact. Whatever else a server calls its zone is an abbreviation: it says
nothing of next month, and may be the name of another zone. Then the server is asked when it changes its clock.
"""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from binlog_watcher.errors import ConfigError
from binlog_watcher.store.database import Asks, Session

_NUMBER = re.compile(r"([+-])(\d{1,2}):(\d{2})")
_DAYS = 400
"""How far back and ahead a server is asked: a whole year, and longer than any cart lives."""

_DAY, _SECOND = timedelta(days=1), timedelta(seconds=1)
_LOCAL = "CONVERT_TZ({}, '+00:00', @@GLOBAL.time_zone)"


@dataclass(frozen=True, slots=True)
class ShopZone:
    """The zone of DATETIME columns. ``exact``: it is known by name or number.

    ``server``: what the server calls it; None where a setting or the preset names it.
    """

    zone: tzinfo
    exact: bool
    server: str | None = None


@dataclass(frozen=True, slots=True)
class ServerTime:
    """What a server says of its zone now. ``utc`` is naive, as are all moments here."""

    setting: str
    system: str
    utc: datetime
    offset: timedelta

    @property
    def name(self) -> str:
        """What it calls its zone."""
        return self.system if self.setting.upper() == "SYSTEM" else self.setting

    def named_zone(self) -> tzinfo | None:
        """The zone of that name, where the name says enough, and the present offset agrees with it."""
        number = _NUMBER.fullmatch(self.setting)
        if number is not None:
            size = timedelta(hours=int(number[2]), minutes=int(number[3]))
            return timezone(-size if number[1] == "-" else size)
        if self.setting.upper() == "SYSTEM":  # the system's is never a name: EST is Toronto's in winter, too
            return UTC if self.system.upper() == "UTC" and not self.offset else None
        try:
            zone = ZoneInfo(self.setting)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            return None
        return zone if self.agrees(zone) else None

    def agrees(self, zone: tzinfo) -> bool:
        """Whether the server's clock now shows what it would in ``zone``."""
        return self.utc.replace(tzinfo=UTC).astimezone(zone).utcoffset() == self.offset


def ask_server(session: Asks) -> ServerTime:
    """What the server says of its zone now."""
    now = "UTC_TIMESTAMP()"
    ((setting, system, utc, seconds),) = session.rows(
        f"SELECT @@GLOBAL.time_zone, @@GLOBAL.system_time_zone, {now}, "
        f"TIMESTAMPDIFF(SECOND, {now}, {_LOCAL.format(now)})"
    )
    return ServerTime(str(setting), str(system), utc, timedelta(seconds=int(seconds or 0)))


def shop_zone(session: Session, name: str | None) -> ShopZone:
    """The zone of the shop's DATETIME columns: the named one, else the server's.

    Raises ConfigError for a name that is no IANA zone.
    """
    if name:
        try:
            return ShopZone(ZoneInfo(name), exact=True)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ConfigError(
                f"SHOP_TIMEZONE={name!r} is no IANA zone; give one such as Europe/Berlin or UTC"
            ) from error
    told = ask_server(session)
    zone = told.named_zone()
    if zone is not None:
        return ShopZone(zone, exact=True, server=told.name)
    return ShopZone(ServerZone(told.name, clock_changes(session, told.utc)), exact=False, server=told.name)


class ServerZone(tzinfo):
    """A zone as its server tells it. ``changes``: (since when in UTC, offset); the first counts before that, too."""

    def __init__(self, name: str, changes: Sequence[tuple[datetime, timedelta]]) -> None:
        self._name = name
        self._since = [since for since, _ in changes]
        self._offsets = [offset for _, offset in changes]

    def utcoffset(self, dt: datetime | None) -> timedelta:
        """Of a local time; in an hour that comes twice ``fold`` tells which, and one that never comes is before it."""
        if dt is None:
            return self._offsets[-1]
        local = dt.replace(tzinfo=None)
        fits = [offset for nth, offset in enumerate(self._offsets) if self._holds(nth, local, offset)]
        if fits:
            return fits[-1 if dt.fold else 0]
        before = bisect_right(
            [since + old for since, old in zip(self._since[1:], self._offsets, strict=False)], local
        )
        return self._offsets[before if dt.fold else max(before - 1, 0)]

    def _holds(self, nth: int, local: datetime, offset: timedelta) -> bool:
        """Whether the ``nth`` offset is in force when a clock with it shows ``local``."""
        last = nth + 1 == len(self._since)
        return (nth == 0 or self._since[nth] + offset <= local) and (
            last or local < self._since[nth + 1] + offset
        )

    def fromutc(self, dt: datetime) -> datetime:
        """The local time of a moment."""
        utc = dt.replace(tzinfo=None)
        offset = self._offsets[max(bisect_right(self._since, utc) - 1, 0)]
        local = (utc + offset).replace(tzinfo=self)
        return local if self.utcoffset(local) == offset else local.replace(fold=1)

    def dst(self, dt: datetime | None) -> timedelta | None:  # noqa: ARG002 - nobody knows
        """Unknown: only the whole offset is told."""
        return None

    def tzname(self, dt: datetime | None) -> str:  # noqa: ARG002 - it is always the same
        """What the server called it."""
        return self._name


def clock_changes(session: Session, now: datetime) -> list[tuple[datetime, timedelta]]:
    """When the server's clock changes, to the second, by its own rules: (since when in UTC, offset)."""
    days = [now + _DAY * day for day in range(-_DAYS, _DAYS + 1)]
    offsets = _offsets(session, days)
    pairs = list(zip(days, offsets, strict=True))
    spans = [(one, two) for one, two in pairwise(pairs) if one[1] != two[1]]
    while any(two[0] - one[0] > _SECOND for one, two in spans):
        halves = [one[0] + (two[0] - one[0]) // _SECOND // 2 * _SECOND for one, two in spans]
        found = list(zip(halves, _offsets(session, halves), strict=True))
        spans = [
            (one, half) if half[1] == two[1] else (half, two)
            for (one, two), half in zip(spans, found, strict=True)
        ]
    return [pairs[0], *(two for _, two in spans)]


def _offsets(session: Session, moments: Sequence[datetime]) -> list[timedelta]:
    """How far ahead of UTC the server's clock is at each moment."""
    one = f"TIMESTAMPDIFF(SECOND, %s, {_LOCAL.format('%s')})"
    row = session.row(
        f"SELECT {', '.join([one] * len(moments))}", [moment for moment in moments for _ in range(2)]
    )
    return [timedelta(seconds=int(seconds or 0)) for seconds in row or [0] * len(moments)]
