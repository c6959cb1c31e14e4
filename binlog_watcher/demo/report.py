"""The demo's report: scenario by scenario, lateness, and at the end what came of it; the figures in a file."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from binlog_watcher.answers.figures_told import headline, money
from binlog_watcher.demo.expectations import Timing
from binlog_watcher.demo.judgement import Outcome, percentile
from binlog_watcher.store.own_tables.figures import Figures

MOST_PROBLEMS = 20
"""How many problems the terminal shows; the file ``PROBLEMS`` has all of them."""

PROBLEMS = "problems.txt"
RESULT = "result.json"

_LABELS = {
    Timing.LIVE: "mails due while Cartwake ran",
    Timing.HELD: "mails held back by the cool-down",
    Timing.OUTAGE: "mails of the outage, after its end",
}


def table(outcome: Outcome) -> RenderableType:
    """Expected and received, scenario by scenario, with the problems below."""
    grid = Table(title="Expected and received mails", title_justify="left", header_style="bold")
    grid.add_column("scenario", overflow="fold")
    for column in ("shoppers", "expected", "received"):
        grid.add_column(column, justify="right")
    grid.add_column("")
    for verdict in outcome.verdicts:
        mark = Text("ok", style="green") if verdict.ok else Text("WRONG", style="bold red")
        if verdict.ok and verdict.inconclusive:
            mark = Text(f"ok ({verdict.inconclusive} too late to tell)", style="yellow")
        grid.add_row(
            Text(verdict.scenario), str(verdict.shoppers), str(verdict.expected), str(verdict.received), mark
        )
    total = [sum(getattr(v, name) for v in outcome.verdicts) for name in ("shoppers", "expected", "received")]
    grid.add_section()
    grid.add_row("all", *map(str, total), "ok" if outcome.ok else "WRONG", style="bold")
    found = problems(outcome)
    shown = [Text(problem, style="red") for problem in found[:MOST_PROBLEMS]]
    if len(found) > MOST_PROBLEMS:
        shown.append(Text(f"and {len(found) - MOST_PROBLEMS} more in {PROBLEMS}", style="red"))
    return Group(grid, *shown)


def problems(outcome: Outcome) -> list[str]:
    """Everything that is wrong, a line each."""
    return [f"{verdict.scenario}: {problem}" for verdict in outcome.verdicts for problem in verdict.problems]


def lateness_lines(outcome: Outcome) -> list[str]:
    """How late the mails were, one line for each kind of due moment."""
    lines = []
    for timing, label in _LABELS.items():
        values = outcome.lateness_ms[timing]
        middle, high = percentile(values, 50), percentile(values, 99)
        if middle is not None and high is not None:
            lines.append(f"lateness p50 {middle:,.0f} ms, p99 {high:,.0f} ms: {len(values)} {label}")
    return lines


def summary(outcome: Outcome, *, seconds: float, server: str, folder: Path, **more: Any) -> dict[str, Any]:
    """The figures of the file. Lateness is in milliseconds, from the due moment to the end of SMTP's DATA.

    ``outage_…``: of the mails due while the service was down, from its new start. ``more`` goes to the end.
    """

    def total(name: str) -> int:
        return sum(int(getattr(verdict, name)) for verdict in outcome.verdicts)

    live, outage = outcome.lateness_ms[Timing.LIVE], outcome.lateness_ms[Timing.OUTAGE]
    return {
        "ok": outcome.ok,
        "scenarios": len(outcome.verdicts),
        **{
            name: total(name)
            for name in ("shoppers", "expected", "received", "missing", "doubled", "wrong", "inconclusive")
        },
        "lateness_p50_ms": _rounded(percentile(live, 50)),
        "lateness_p99_ms": _rounded(percentile(live, 99)),
        "lateness_mails": len(live),
        "outage_p50_ms": _rounded(percentile(outage, 50)),
        "outage_p99_ms": _rounded(percentile(outage, 99)),
        "seconds": round(seconds, 1),
        "server": server,
        "folder": str(folder),
        **more,
    }


def show(console: Console, outcome: Outcome, figures: dict[str, Any], ending: Sequence[str] = ()) -> None:
    """Print table and lateness, then ``ending``; the figures go to a file beside the mails."""
    console.print(table(outcome))
    for line in (*lateness_lines(outcome), *ending):
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    folder = Path(figures["folder"])
    if found := problems(outcome):
        (folder / PROBLEMS).write_text("\n".join([*found, ""]), encoding="utf-8")
    (folder / RESULT).write_text(json.dumps({"demo": figures}) + "\n", encoding="utf-8")


def ending(figures: Figures) -> list[str]:
    """What came of it, by the words and figures of `cartwake report`; the last line is what was recovered."""
    sums = figures.now.sums
    return [
        f"left: {sums.abandoned:,} carts ({money(sums.value)}); mailed: {sums.mailed:,}",
        f"{headline(figures)}, as cartwake report counts it",
    ]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
