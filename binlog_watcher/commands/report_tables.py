"""`cartwake report` on a terminal."""

from collections.abc import Iterator
from datetime import datetime

from rich.markup import escape
from rich.table import Table

from binlog_watcher.commands.report import Letter, Retry, StatusReport
from binlog_watcher.core.log_status import Reason, Status
from binlog_watcher.store.own_tables.belonging import how_to_adopt
from binlog_watcher.store.own_tables.overview import Count, MailDay, Suppressed
from binlog_watcher.store.own_tables.recipients import COMPLAINED
from binlog_watcher.store.own_tables.returned_mails import ReturnedCount
from binlog_watcher.store.own_tables.visits import Followed

IN_WORDS = {
    "hard": "hard bounces", "soft": "soft bounces", "about_us": "refused for what we are or sent",
    "delivered": "told of a delivery", "complaint": "complaints", "auto_reply": "automatic replies",
    "unsubscribe": "unsubscribed", "unsigned": "reports without a valid id", "unknown_row": "of mails long gone",
    "unreadable": "could not be handled", "other": "for a person to read",
    "no_news": "events of providers that ask for nothing",
}  # fmt: skip
"""Sorts of mails that came back, behind their number."""


def shown(report: StatusReport) -> Iterator[Table | str]:
    """The parts in turn; those that are empty are one line or left out."""
    yield from _service(report)
    yield _counts(report.counts) if report.counts else "no cart was abandoned yet"
    if report.days:
        yield _days(report.days)
    if report.followed is not None and (report.followed.clicked or report.followed.opened):
        mailed = sum(row.window for row in report.counts if row.status == Status.SENT)
        yield _followed(report.followed, mailed)
    if report.lateness is not None:
        late = report.lateness
        yield (
            f"handed to SMTP after the cart fell due (first attempts, {late.mails} mails): "
            f"median {_span(late.median_us)}, p99 {_span(late.p99_us)}, worst {_span(late.worst_us)}"
        )
    if report.retries:
        yield _retries(report.retries, report.retries_waiting)
    yield _letters(report.letters, report.dead) if report.letters else "no dead letters"
    if report.returned:
        yield _returned(report.returned)
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
    if work.overdue_claims:
        yield f"[yellow]claims past their lease: {work.overdue_claims}[/yellow] (no instance has taken them over)"
    if work.overdue_retries and work.oldest_retry_us is not None:
        late_us = int((report.at.timestamp()) * 1_000_000) - work.oldest_retry_us
        yield f"[yellow]retries overdue: {work.overdue_retries}[/yellow], by {_span(late_us)} at most"
    for other in report.of_other_presets:
        yield (
            f"[yellow]open mails of another preset: {other.rows}[/yellow] ({escape(other.description)}), left alone; "
            f"if it is the same shop: {how_to_adopt(other)}"
        )


def _counts(counts: list[Count]) -> Table:
    table = Table("status", "reason", "in the window", "since activation", title="Carts logged")
    for row in counts:
        table.add_row(row.status, row.reason or "", str(row.window), str(row.activation))
    return table


def _days(days: list[MailDay]) -> Table:
    table = Table("day (UTC)", "mails", "successful", "orders within 7 days", title="Mails by day")
    for row in days:
        table.add_row(str(row.day), str(row.mails), str(row.successful), str(row.conversions))
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


def _span(us: int) -> str:
    """A span of time, to read."""
    if us < 1_000_000:
        return f"{us // 1000} ms"
    seconds = us // 1_000_000
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{us / 1e6:.1f} s"
