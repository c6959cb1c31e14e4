"""Tell the user what takes long: a bar on a terminal, plain lines elsewhere; always on standard error."""

import contextlib
import sys
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

Announce = Callable[[str], None]
"""Takes one line for the user."""

Report = Callable[[float, str], None]
"""Takes the share done (0 to 100) and what is being done."""


def say(line: str) -> None:
    """The default ``Announce``: a line on standard error."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


@contextlib.contextmanager
def stage(title: str, announce: Announce) -> Iterator[Report]:
    """Show one long step. Yields the function that takes its progress."""
    if sys.stderr.isatty() and announce is say:
        with _bar(title) as report:
            yield report
        return
    announce(f"{title} ...")
    quarter = 0

    def report_quarters(percent: float, what: str) -> None:
        nonlocal quarter
        if percent // 25 > quarter:
            quarter = int(percent // 25)
            announce(f"  {min(percent, 100):.0f} % {what}".rstrip())

    yield report_quarters


@contextlib.contextmanager
def _bar(title: str) -> Iterator[Report]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[what]}", style="dim"),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(title, total=100, what="")

        def report(percent: float, what: str) -> None:
            progress.update(task, completed=percent, what=what)

        yield report
        progress.update(task, completed=100, what="")
