"""`cartwake report` on a terminal."""

from collections.abc import Iterator
from datetime import datetime

from rich.markup import escape
from rich.table import Table

from binlog_watcher.answers.figures_told import headline
from binlog_watcher.commands.report import Letter, Retry, StatusReport
from binlog_watcher.commands.report_figures import Grid, grids, lateness, notes, span, webhooks
from binlog_watcher.core.log_status import Reason
from binlog_watcher.store.own_tables.belonging import how_to_adopt
from binlog_watcher.store.own_tables.figures import Figures, Followed
from binlog_watcher.store.own_tables.overview import Suppressed
from binlog_watcher.store.own_tables.recipients import COMPLAINED
from binlog_watcher.store.own_tables.returned_mails import ReturnedCount

IN_WORDS = {
    "hard": "hard bounces", "soft": "soft bounces", "about_us": "refused for what we are or sent",
    "delivered": "told of a delivery", "complaint": "complaints", "auto_reply": "automatic replies",
    "unsubscribe": "unsubscribed", "unsigned": "reports without a valid id", "unknown_row": "of mails long gone",
    "unreadable": "could not be handled", "other": "for a person to read",
    "no_news": "events of providers that ask for nothing",
}  # fmt: skip
"""Sorts of mails that came back, behind their number."""


_BEHIND_S = 15
"""So old the clock of no partition is while its marks come."""

OLD_LAYOUT = "the log is of an older Cartwake: what was recovered is told after the next start of the service"


def shown(report: StatusReport) -> Iterator[Table | str]:
    """The parts in turn; those that are empty are one line or left out."""
    yield from _service(report)
    if report.figures is None:
        yield OLD_LAYOUT
    else:
        yield from _figures(report.figures)
    if report.retries:
        yield _retries(report.retries, report.retries_waiting)
    yield _letters(report.letters, report.dead) if report.letters else "no dead letters"
    if report.returned:
        yield _returned(report.returned)
    if report.webhooks:
        yield terminal_table(webhooks(report.webhooks))
    if report.suppressed:
        yield _suppressed(report.suppressed)


def _service(report: StatusReport) -> Iterator[str]:
    yield f"{_moment(report.at)} UTC; Cartwake works here since {_moment(report.activated)}"
    if report.mailed_if_due_after < report.activated:
        yield f"carts are mailed that fell due after {_moment(report.mailed_if_due_after)}"
    work = report.under_way
    hands = f"{work.claimed} claimed, {work.sending} being sent"
    if report.service_runs:
        yield f"a service follows this database: {hands}"
    else:
        yield f"[yellow]no service follows this database[/yellow] (cartwake run): {hands}"
    for one in report.instances:
        told_s = int((report.at - one.told_at).total_seconds())
        late = one.behind_s > _BEHIND_S
        yield (
            f"{'[yellow]' if late else ''}{escape(one.name)}: {len(one.partitions)} partitions, {one.timers} timers, "
            f"known up to {one.behind_s} s ago{'[/yellow]' if late else ''}; told {told_s} s ago"
        )
    if work.overdue_claims:
        yield f"[yellow]claims past their lease: {work.overdue_claims}[/yellow] (no instance has taken them over)"
    if work.overdue_retries and work.oldest_retry_us is not None:
        late_us = int((report.at.timestamp()) * 1_000_000) - work.oldest_retry_us
        yield f"[yellow]retries overdue: {work.overdue_retries}[/yellow], by {span(late_us)} at most"
    for other in report.of_other_presets:
        yield (
            f"[yellow]open mails of another preset: {other.rows}[/yellow] ({escape(other.description)}), left alone; "
            f"if it is the same shop: {how_to_adopt(other)}"
        )


def _figures(figures: Figures) -> Iterator[Table | str]:
    yield f"[bold]{escape(headline(figures))}[/bold]"
    for note in notes(figures):
        yield f"[yellow]{escape(note)}[/yellow]"
    if not figures.now.sums.carts and not figures.days:
        yield "no cart was abandoned in this time"
        return
    for grid in grids(figures):
        yield terminal_table(grid)
    if figures.links.clicked or figures.links.opened:
        yield _followed(figures.links, figures.now.sums.mailed)
    if figures.lateness is not None:
        yield lateness(figures.lateness)


def terminal_table(grid: Grid) -> Table:
    """A table of figures, as it stands on a terminal."""
    table = Table(title=grid.title)
    for nth, head in enumerate(grid.heads):
        table.add_column(head, justify="right" if nth else "left")
    for row in grid.rows:
        table.add_row(*map(escape, row))
    return table


def _followed(links: Followed, mailed: int) -> str:
    share = 100 * links.clicked / mailed if mailed else 0
    opened = f", {links.opened} opened" if links.opened else ""
    picked = f", {links.recommended} on a recommendation" if links.recommended else ""
    clicked = f"{links.clicked} clicked ({share:.1f} %){picked}{opened}"
    return f"mails in the window: {mailed} sent, {clicked}; scanners don't count"


def _retries(rows: list[Retry], waiting: int) -> Table:
    table = Table(
        "row", "cart", "attempts", "next attempt (UTC)", "why", title=_title("Retries", rows, waiting)
    )
    for row in rows:
        at = _moment(row.next_attempt_at)
        table.add_row(str(row.id), escape(row.cart), str(row.attempts), at, escape(row.why or ""))
    return table


def _letters(rows: list[Letter], dead: int) -> Table:
    """Few columns, so that error and advice have room on a narrow terminal."""
    table = Table("row", "cart", "total", "attempts", "error, and what to do", title=_title("Dead letters", rows, dead),
                  show_lines=True)  # fmt: skip
    for row in rows:
        total = "" if row.total is None else f"{row.total:.2f} {row.currency or ''}".strip()
        user = "" if row.user_id is None else f"\nuser {row.user_id}"
        table.add_row(
            f"{row.id}\n{row.status}", f"{escape(row.cart)}{user}", total, f"{row.attempts}\n{_moment(row.at)}",
            f"{escape(row.error or 'no error is known')}\n[bold]{escape(row.todo)}[/bold]",
        )  # fmt: skip
    return table


def _suppressed(reasons: list[Suppressed]) -> str:
    of_each = {one.reason: one.addresses for one in reasons}
    bounced, complained = of_each.pop(Reason.BOUNCED, 0), of_each.pop(COMPLAINED, 0)
    others = f"{complained} complained, " if complained else ""
    return (
        f"addresses not mailed: {sum(of_each.values())} opted out, {others}{bounced} bounced"
        " (cartwake optout list)"
    )


def _returned(sorts: list[ReturnedCount]) -> str:
    found = ", ".join(f"{one.mails} {IN_WORDS.get(one.kind, one.kind)}" for one in sorts)
    return f"mails that came back: {found}"


def _title(name: str, rows: list[Letter] | list[Retry], all_of_them: int) -> str:
    return f"{name}: {all_of_them}" if len(rows) == all_of_them else f"{name}: {len(rows)} of {all_of_them}"


def _moment(at: datetime | None) -> str:
    return "" if at is None else f"{at:%Y-%m-%d %H:%M:%S}"
