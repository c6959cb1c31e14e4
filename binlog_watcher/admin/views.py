"""What the templates are given. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from binlog_watcher.admin import shown
from binlog_watcher.admin.readings import DAYS
from binlog_watcher.admin.strip import Mark, strip
from binlog_watcher.answers.wording import LOGGED_WHY
from binlog_watcher.core.log_status import Status
from binlog_watcher.service.live import Standing
from binlog_watcher.store.own_tables.figures import Figures, Lateness, Sums, every_day
from binlog_watcher.store.own_tables.recent import RecentRow
from binlog_watcher.telemetry.redact import mask_addresses

STRIP_US = 600_000_000
"""The strip's ten minutes."""

MOST_TIMERS = 500
"""Timers that the strip can show."""

NEXT = 6
"""Of these so many by name."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure of today, with the one of the month below. ``values``: several for several currencies."""

    name: str
    values: Sequence[str]
    below: str
    kind: str


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the funnel. ``percent``: of the first one, for its bar."""

    name: str
    number: str
    share: str
    percent: float
    kind: str


@dataclass(frozen=True, slots=True)
class DayShown:
    """A day of the chart and of its table. ``numbers``: abandoned, mailed, recovered."""

    name: str
    iso: str
    numbers: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Month:
    """All that comes of the figures.

    ``days``: the oldest first, none where nothing happened; ``rate``: the abandonment rate; ``lost``: by currency.
    """

    tiles: Sequence[Tile]
    days: Sequence[DayShown]
    funnel: Sequence[Step]
    lateness: Sequence[tuple[str, str]]
    mails_timed: str
    rate: str
    lost: Sequence[str]
    attribution_days: int
    is_empty: bool


@dataclass(frozen=True, slots=True)
class Timer:
    """A timer of the strip's list."""

    cart: str
    key: str
    due_in: str


@dataclass(frozen=True, slots=True)
class Strip:
    """What is due next. ``within``: how many in the strip's span, with a + where more may be."""

    marks: Sequence[Mark]
    timers: Sequence[Timer]
    within: str
    armed: str
    in_hand: int
    waiting: int
    next_in: str


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the log."""

    id: int
    at: str
    iso: str
    cart: str
    key: str
    total: str
    outcome: str
    kind: str
    why: str


def month_of(figures: Figures, now_s: float) -> Month:
    """Today is the day of ``now_s`` in UTC."""
    today = datetime.fromtimestamp(now_s, UTC).date()
    now = next((one.sums for one in figures.days if one.day == today), Sums())
    sums = figures.now.sums
    first = max(figures.funnel[0][1], 1)
    rate = figures.now.abandonment_rate
    return Month(
        tiles=(
            Tile("Abandoned", [shown.count(now.abandoned)], _in_days(shown.count(sums.abandoned)), "abandoned"),
            Tile("Mailed", [shown.count(now.mailed)], _in_days(shown.count(sums.mailed)), "mailed"),
            Tile("Recovered", [shown.count(now.recovered)], _recovered(sums), "recovered"),
            Tile(
                "Revenue", shown.purse(now.recovered_money) or ["0"],
                _in_days(" + ".join(shown.purse(sums.recovered_money)) or "none"), "revenue",
            ),
        ),
        days=_days(figures, today),
        funnel=[
            Step(
                name.capitalize(), shown.count(number), "" if at == 0 else shown.share(number, figures.funnel[0][1]),
                round(min(100 * number / first, 100), 2), name,
            )
            for at, (name, number) in enumerate(figures.funnel)
        ],
        lateness=_lateness(figures.lateness),
        mails_timed="" if figures.lateness is None else shown.count(figures.lateness.mails),
        rate="" if rate is None else f"{100 * rate:.0f} %",
        lost=shown.purse(sums.lost_value),
        attribution_days=figures.attribution_days,
        is_empty=not (sums.carts or figures.now.orders),
    )  # fmt: skip


def _days(figures: Figures, today: date) -> list[DayShown]:
    found = [
        DayShown(
            shown.day(one.day), one.day.isoformat(), (one.sums.abandoned, one.sums.mailed, one.sums.recovered)
        )
        for one in every_day(figures.days, today - timedelta(days=DAYS - 1), today)
    ]
    return found if any(any(one.numbers) for one in found) else []


def _in_days(said: str) -> str:
    return f"{said} in {DAYS} days"


def _recovered(sums: Sums) -> str:
    said = _in_days(shown.count(sums.recovered))
    return f"{said}, {shown.count(sums.recovered_click)} by a click" if sums.recovered else said


def _lateness(lateness: Lateness | None) -> list[tuple[str, str]]:
    if lateness is None:
        return []
    return [
        ("Half within", shown.span(lateness.median_us)),
        ("95 % within", shown.span(lateness.p95_us)),
        ("99 % within", shown.span(lateness.p99_us)),
        ("The latest", shown.span(lateness.worst_us)),
    ]


def strip_of(standing: Standing) -> Strip:
    """The timers of the next minutes."""
    now_us = standing.now_us
    within = [one for one in standing.upcoming if one[1] < now_us + STRIP_US]
    more = "+" if len(within) == len(standing.upcoming) >= MOST_TIMERS else ""
    timers = [
        Timer(
            str(key),
            shown.key(str(key)),
            "now" if due_us <= now_us else shown.span(_whole_seconds(due_us - now_us)),
        )
        for key, due_us in standing.upcoming[:NEXT]
    ]
    return Strip(
        marks=strip([due_us for _, due_us in within], now_us, STRIP_US),
        timers=timers,
        within=f"{shown.count(len(within))}{more}",
        armed=shown.count(standing.armed),
        in_hand=standing.in_hand,
        waiting=sum(standing.queues.values()),
        next_in=timers[0].due_in if timers else "",
    )


def _whole_seconds(us: int) -> int:
    return -(-us // 1_000_000) * 1_000_000


OUTCOMES: dict[str, tuple[str, str]] = {
    Status.CLAIMED: ("preparing", "open"),
    Status.SENDING: ("being sent", "open"),
    Status.SENT: ("mailed", "good"),
    Status.RETRY: ("to be retried", "warn"),
    Status.FAILED: ("given up", "bad"),
    Status.SKIPPED: ("not mailed", "quiet"),
    Status.UNKNOWN: ("unknown", "warn"),
}
"""Status → what is shown of it, and in which colour."""


def rows_of(rows: Sequence[RecentRow], now_us: int) -> list[Row]:
    """The last outcomes; addresses that an error names are masked."""
    found = []
    for row in rows:
        outcome, kind = OUTCOMES.get(row.status, (row.status, "quiet"))
        found.append(
            Row(
                id=row.id,
                at="" if row.at_us is None else shown.moment(row.at_us, now_us),
                iso="" if row.at_us is None else shown.iso(row.at_us),
                cart=shown.key(row.cart_key),
                key=row.cart_key,
                total="" if row.total is None else shown.money(row.total, row.currency),
                outcome=outcome,
                kind=kind,
                why=_why(row, now_us),
            )
        )
    return found


def _why(row: RecentRow, now_us: int) -> str:
    said = "" if row.reason is None else LOGGED_WHY.get(row.reason, f"reason {row.reason}")
    if row.status in {Status.FAILED, Status.RETRY, Status.UNKNOWN} and row.error:
        error = mask_addresses(" ".join(row.error.split()))[:160]
        said = f"{said}: {error}" if said else error
    if row.status == Status.RETRY and row.next_attempt_us is not None:
        said = f"{said}; again at {shown.moment(row.next_attempt_us, now_us)}".removeprefix("; ")
    if row.status == Status.SENT and row.attempts > 1:
        said = f"{said}; " * bool(said) + f"after {row.attempts} attempts"
    return f"{said[:1].upper()}{said[1:]}"
