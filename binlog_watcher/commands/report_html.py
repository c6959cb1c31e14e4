"""The report as one page: no scripts, nothing from elsewhere; it prints, and is dark where the reader's screen is."""

from importlib import resources
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from binlog_watcher.commands.report_figures import grids, headline, lateness, notes
from binlog_watcher.errors import ConfigError
from binlog_watcher.store.own_tables.figures import Figures
from binlog_watcher.store.times import from_us


def page(figures: Figures, store_name: str) -> str:
    """The whole page."""
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
        days=figures.days,
        most=most,
        grids=list(grids(figures)),
        lateness=None if figures.lateness is None else lateness(figures.lateness),
        attribution_days=figures.attribution_days,
    )


def write(file: Path, figures: Figures, store_name: str) -> None:
    """Write the page. Raises ConfigError where the file can't be written."""
    try:
        file.write_text(page(figures, store_name), encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"can't write to {file} ({error.strerror}): give another file with --html"
        ) from error
