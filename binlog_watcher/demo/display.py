"""What the demo shows while it runs: a live board on a terminal, plain lines elsewhere."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

PLAIN_EVERY = 5.0
"""Seconds between two plain lines."""


@dataclass(frozen=True, slots=True)
class LastMail:
    """A line of the board; ``address`` is masked."""

    second: float
    address: str
    subject: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One moment of the demo. ``second`` counts from the opening; ``service`` is what the service is doing."""

    second: float
    service: str
    armed: int
    in_hand: int
    mailed: int
    expected: int
    shoppers_done: int
    shoppers: int
    on_stage: tuple[str, ...] = ()
    last: tuple[LastMail, ...] = ()


def board(now: Snapshot) -> RenderableType:
    """The live board."""
    bars = Table.grid(padding=(0, 2))
    bars.add_column(width=22)
    bars.add_column(justify="right", width=5)
    bars.add_column(width=40)
    most = max(now.shoppers, 1)
    for label, value, total, style in (
        ("timers armed", now.armed, most, "cyan"),
        ("due, in hand", now.in_hand, most, "yellow"),
        ("mailed", now.mailed, max(now.expected, now.mailed, 1), "green"),
        ("shoppers gone home", now.shoppers_done, most, "blue"),
    ):
        bars.add_row(label, str(value), ProgressBar(total=total, completed=value, complete_style=style))
    mails = Table.grid(padding=(0, 2))
    for mail in now.last:
        mails.add_row(
            Text(f"{mail.second:5.1f} s", style="dim"),
            Text(mail.address),
            Text(mail.subject, overflow="ellipsis", no_wrap=True),
        )
    stage = Text(
        "in the shop: " + (", ".join(now.on_stage) or "nobody"),
        style="dim",
        overflow="ellipsis",
        no_wrap=True,
    )
    title = f"Cartwake · {now.second:4.1f} s · {now.service}"
    return Panel(Group(bars, Text(), stage, Text(), mails), title=title, border_style=_style(now.service))


def line(now: Snapshot) -> str:
    """The same in one plain line."""
    return (
        f"{now.second:5.1f} s  {now.service}: {now.armed} timers, {now.in_hand} in hand, "
        f"{now.mailed} mailed; {now.shoppers_done} of {now.shoppers} done"
    )


class Display:
    """Shows snapshots: as a board that is redrawn, or as a line every few seconds and at each change of the service."""

    def __init__(self, console: Console, live: Live | None) -> None:
        self._console = console
        self._live = live
        self._next_line = 0.0
        self._service = ""

    def show(self, now: Snapshot) -> None:
        """Show the moment."""
        if self._live is not None:
            self._live.update(board(now), refresh=True)
        elif now.second >= self._next_line or now.service != self._service:
            self._console.print(line(now), highlight=False, markup=False, soft_wrap=True)
            self._next_line = now.second + PLAIN_EVERY
        self._service = now.service


@contextlib.contextmanager
def display(console: Console) -> Iterator[Display]:
    """The display for this console; a board is left standing at the end."""
    if console.is_terminal:
        with Live(console=console, auto_refresh=False, transient=False) as live:
            yield Display(console, live)
    else:
        yield Display(console, None)


def _style(service: str) -> str:
    return "green" if service == "running" else "red"
