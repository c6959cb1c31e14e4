"""The figures of `cartwake report`: tables of text for terminal and page alike, and CSV and JSON. Pure."""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from binlog_watcher.answers.figures_told import COUNTS, MONIES, money, periods
from binlog_watcher.store.own_tables.figures import Figures, Lateness, Money, Period, Split, Sums
from binlog_watcher.store.own_tables.webhook_queue import EventCount, State

HEADINGS = {
    "tier": "By discount", "step": "By mail of the sequence", "store": "By store", "currency": "By currency",
    "language": "By language",
}  # fmt: skip
"""What figures are split by, in words."""

UNKNOWN = "(unknown)"
"""A value that the log does not have."""

NOT_TRACED = "No order of this shop names its cart or customer: what was recovered or lost can't be told."
NO_TOTALS = "The shop's preset names no total of orders: what the cart came to stands in for it."

CSV_COLUMNS = ("section", "value", "measure", "currency", "amount")


@dataclass(frozen=True, slots=True)
class Grid:
    """A table: its first column is text, all others are numbers."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def notes(figures: Figures) -> list[str]:
    """What the figures can't tell."""
    return [*([] if figures.traced else [NOT_TRACED]), *([] if figures.with_totals else [NO_TOTALS])]


def grids(figures: Figures) -> Iterator[Grid]:
    """All tables in turn; those with nothing to tell are left out."""
    yield _overview(figures)
    yield _funnel(figures)
    for dimension, splits in figures.splits.items():
        if [split.value for split in splits] not in ([], [""]) and (len(splits) > 1 or dimension != "step"):
            yield Grid(
                HEADINGS[dimension], ("", *SPLIT_HEADS), tuple(_split(dimension, one) for one in splits)
            )
    if figures.holdout.abandoned:
        yield _holdout(figures)
    if figures.days:
        rows = tuple((f"{one.day}", *_split_sums(one.sums)) for one in reversed(figures.days))
        yield Grid("By day (UTC)", ("", *SPLIT_HEADS), rows)
    if figures.outcomes:
        outcomes = (
            (f"{one.status}{f', {one.reason}' if one.reason else ''}", f"{one.carts:,}")
            for one in figures.outcomes
        )
        yield Grid("What became of the carts", ("", "carts"), tuple(outcomes))


def webhooks(counts: Sequence[EventCount]) -> Grid:
    """A row an event; those that were told are kept for some days."""
    found = {(one.event, one.state): one.events for one in counts}
    rows = tuple(
        (event, *(f"{found.get((event, state), 0):,}" for state in (State.TOLD, State.WAITING, State.DEAD)))
        for event in sorted({event for event, _ in found})
    )
    return Grid("Webhooks", ("event", "delivered", "waiting", "given up"), rows)


SPLIT_HEADS = ("abandoned", "mailed", "recovered", "money", "lost")


def _split(dimension: str, split: Split) -> tuple[str, ...]:
    name = split.value or UNKNOWN
    return (f"{name} %" if dimension == "tier" and split.value else name, *_split_sums(split.sums))


def _split_sums(sums: Sums) -> tuple[str, ...]:
    return (
        f"{sums.abandoned:,}", f"{sums.mailed:,}", f"{sums.recovered:,}", money(sums.recovered_money),
        money(sums.lost_value),
    )  # fmt: skip


def _overview(figures: Figures) -> Grid:
    periods = [figures.now, *([figures.before] if figures.before else [])]
    heads = ("", "this period", "the one before")[: len(periods) + 1]
    told: dict[str, Callable[[Period], str]] = {
        "abandoned carts": lambda p: _with_money(p.sums.abandoned, p.sums.value),
        "orders of the shop": lambda p: f"{p.orders:,}",
        "abandonment rate": lambda p: share(p.abandonment_rate),
        "mails taken": lambda p: f"{p.sums.mailed:,}",
        "carts followed by an order": lambda p: _with_money(p.sums.ordered, p.sums.ordered_value),
        "carts left again": lambda p: f"{p.sums.left_again:,}",
        "lost carts": lambda p: _with_money(p.sums.lost, p.sums.lost_value),
        f"recovered within {figures.attribution_days} d after a click": lambda p: _with_money(
            p.sums.recovered_click, p.sums.click_money
        ),
        f"recovered within {figures.attribution_days} d without one": lambda p: _with_money(
            p.sums.recovered_other, p.sums.other_money
        ),
        "recovered": lambda p: _with_money(p.sums.recovered, p.sums.recovered_money),
        "mails that an order followed": lambda p: share(p.recovery_rate),
    }
    rows = tuple((name, *(tell(period) for period in periods)) for name, tell in told.items())
    return Grid("What it earned", heads, rows)


def _funnel(figures: Figures) -> Grid:
    first = figures.now.sums.abandoned
    rows = tuple(
        (name, f"{count:,}", share(count / first if first else None)) for name, count in figures.funnel
    )
    return Grid("From cart to order", ("", "carts", "of all"), rows)


def _holdout(figures: Figures) -> Grid:
    kept, sums = figures.holdout, figures.now.sums
    others = sums.abandoned - kept.abandoned
    rows = (
        (
            "kept back",
            f"{kept.abandoned:,}",
            f"{kept.ordered:,}",
            share(kept.ordered / kept.abandoned),
        ),
        (
            "all others",
            f"{others:,}",
            f"{sums.ordered - kept.ordered:,}",
            share((sums.ordered - kept.ordered) / others if others else None),
        ),
    )
    return Grid(
        "Kept back from mailing, for comparison", ("", "carts", "followed by an order", "share"), rows
    )


def lateness(late: Lateness) -> str:
    """How late the mails were, in a line."""
    spans = [span(us) for us in (late.median_us, late.p95_us, late.p99_us, late.worst_us)]
    return (
        f"handed to SMTP after the cart fell due (first attempts, {late.mails:,} mails): "
        f"median {spans[0]}, p95 {spans[1]}, p99 {spans[2]}, worst {spans[3]}"
    )


def share(part: float | None) -> str:
    """Per cent; a dash for none."""
    return "-" if part is None else f"{100 * part:.1f} %"


def _with_money(count: int, amounts: Money) -> str:
    return f"{count:,}" + (f" ({money(amounts)})" if any(amounts.values()) else "")


def span(us: int) -> str:
    """A span of time, to read."""
    if us < 1_000_000:
        return f"{us // 1000} ms"
    seconds = us // 1_000_000
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{us / 1e6:.1f} s"


# --- for programs ---------------------------------------------------------------------------------------------------


def as_csv(figures: Figures) -> str:
    """One tidy table: a row is one number. Counts have no currency. No cell is a formula to a spreadsheet."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    for section, value, sums in _sections(figures):
        for name in COUNTS:
            writer.writerow((section, _no_formula(value), name, "", getattr(sums, name)))
        for name in MONIES:
            for code, amount in getattr(sums, name).items():
                writer.writerow((section, _no_formula(value), name, _no_formula(code), f"{amount:.2f}"))
    for section, period in periods(figures):
        writer.writerow((section, "", "orders", "", period.orders))
        rate = period.abandonment_rate
        writer.writerow((section, "", "abandonment_rate", "", "" if rate is None else f"{rate:.4f}"))
    for outcome in figures.outcomes:
        writer.writerow(
            ("outcome", ":".join(filter(None, (outcome.status, outcome.reason))), "carts", "", outcome.carts)
        )
    return text.getvalue()


def _no_formula(text: str) -> str:
    """Stores, languages and currencies are what a shop's tables say: as text for a spreadsheet, whatever it is."""
    line = "".join(char if char.isprintable() else " " for char in text)  # a \r would begin a row of its own
    return f"'{line}" if line.lstrip().startswith(("=", "+", "-", "@")) else line


def _sections(figures: Figures) -> Iterator[tuple[str, str, Sums]]:
    for section, period in periods(figures):
        yield section, "", period.sums
    yield "holdout", "", figures.holdout
    for dimension, splits in figures.splits.items():
        for split in splits:
            yield dimension, split.value, split.sums
    for day in figures.days:
        yield "day", day.day.isoformat(), day.sums
