"""The figures of `cartwake report`: in a sentence, and in one form for its JSON and for the HTTP API. Pure."""

import dataclasses
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from binlog_watcher.store.own_tables.figures import Figures, Lateness, Money, Period, Sums
from binlog_watcher.store.times import from_us

COUNTS = (
    "abandoned", "mailed", "ordered", "left_again", "lost", "recovered", "recovered_click", "recovered_other",
)  # fmt: skip
"""Carts, by what became of them."""

MONIES = (
    "value",
    "ordered_value",
    "left_again_value",
    "lost_value",
    "recovered_money",
    "click_money",
    "other_money",
)
"""Amounts by currency."""


def headline(figures: Figures) -> str:
    """The one sentence of it all."""
    sums = figures.now.sums
    if not figures.traced:
        return f"{sums.mailed:,} mails for {sums.abandoned:,} abandoned carts"
    orders = "order" if sums.recovered == 1 else "orders"
    came_to = f": {money(sums.recovered_money)}" if sums.recovered_money else ""
    return f"recovered {sums.recovered:,} {orders}{came_to}"


def money(amounts: Money) -> str:
    """Amounts by currency, never added; a dash for nothing."""
    return ", ".join(f"{amount:,.2f} {code}".strip() for code, amount in amounts.items() if amount) or "-"


def periods(figures: Figures) -> Iterator[tuple[str, Period]]:
    """The span that is reported, and the one before it, if it is known, by their names."""
    yield "period", figures.now
    if figures.before is not None:
        yield "period before", figures.before


def as_json(figures: Figures) -> dict[str, Any]:
    """For a program that reads JSON: amounts as text, by currency."""
    return {
        "since": from_us(figures.window.since_us).isoformat(timespec="seconds"),
        "until": from_us(figures.window.until_us).isoformat(timespec="seconds"),
        "attribution_days": figures.attribution_days,
        "traced_by": list(figures.traced),
        "with_order_totals": figures.with_totals,
        **{section.replace(" ", "_"): _period(period) for section, period in periods(figures)},
        "funnel": dict(figures.funnel),
        "links": dataclasses.asdict(figures.links),
        "holdout": _sums(figures.holdout),
        "by": {
            dimension: {split.value: _sums(split.sums) for split in splits}
            for dimension, splits in figures.splits.items()
        },
        "days": [{"day": one.day.isoformat(), **_sums(one.sums)} for one in figures.days],
        "outcomes": [
            {"status": one.status, "reason": one.reason, "carts": one.carts} for one in figures.outcomes
        ],
        "lateness_us": None if figures.lateness is None else _late(figures.lateness),
    }  # fmt: skip


def _late(late: Lateness) -> Mapping[str, int]:
    return {
        "mails": late.mails, "median": late.median_us, "p95": late.p95_us, "p99": late.p99_us, "worst": late.worst_us,
    }  # fmt: skip


def _period(period: Period) -> dict[str, Any]:
    return {
        **_sums(period.sums),
        "orders": period.orders,
        "abandonment_rate": period.abandonment_rate,
        "recovery_rate": period.recovery_rate,
    }


def _sums(sums: Sums) -> dict[str, Any]:
    counts = {name: getattr(sums, name) for name in COUNTS}
    return counts | {name: _texts(getattr(sums, name)) for name in MONIES}


def _texts(amounts: Mapping[str, Decimal]) -> dict[str, str]:
    return {code: f"{amount:.2f}" for code, amount in amounts.items()}
