"""The report as one page: no scripts, nothing from elsewhere; it prints, and is dark where the reader's screen is.

Its chart is SVG, not the dashboard's library: a file that is mailed around has no server to get scripts from, mail
programs and viewers don't run those inside it, and SVG prints sharp.
"""

from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from binlog_watcher.answers.figures_told import headline
from binlog_watcher.commands.report_figures import grids, lateness, notes, webhooks
from binlog_watcher.errors import ConfigError
from binlog_watcher.store.own_tables.figures import Day, Figures, every_day
from binlog_watcher.store.own_tables.webhook_queue import EventCount
from binlog_watcher.store.times import from_us


def page(figures: Figures, store_name: str, events: Sequence[EventCount] = ()) -> str:
    """The whole page. ``events``: what webhooks told, and could not tell."""
    text = resources.files(__package__).joinpath("report.html").read_text(encoding="utf-8")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(text)
    most = max((max(one.sums.abandoned, one.sums.recovered) for one in figures.days), default=0) or 1
    return template.render(
        store=store_name or "the shop",
        since=f"{from_us(figures.window.since_us):%d %B %Y}",
        until=f"{from_us(figures.window.until_us):%d %B %Y, %H:%M} UTC",
        headline=headline(figures),
        notes=notes(figures),
        days=_days(figures),
        most=most,
        grids=[*grids(figures), *([webhooks(events)] if events else [])],
        lateness=None if figures.lateness is None else lateness(figures.lateness),
        attribution_days=figures.attribution_days,
    )


def _days(figures: Figures) -> tuple[Day, ...]:
    """All days of the window, with those without a cart; none where there was no cart at all."""
    if not figures.days:
        return ()
    first, last = (from_us(us).date() for us in (figures.window.since_us, figures.window.until_us))
    return every_day(figures.days, min(first, figures.days[0].day), max(last, figures.days[-1].day))


def write(file: Path, figures: Figures, store_name: str, events: Sequence[EventCount] = ()) -> None:
    """Write the page. Raises ConfigError where the file can't be written."""
    try:
        file.write_text(page(figures, store_name, events), encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"can't write to {file} ({error.strerror}): give another file with --html"
        ) from error
