"""The command line of `cartwake report`."""

from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer

from binlog_watcher.commands import report, report_figures, report_html, report_tables
from binlog_watcher.commands.terminal import out, settings_of, show


def report_command(
    *,
    days: Annotated[
        float,
        typer.Option(min=0.01, max=3_660, help="How far back it reaches; compared with as many before."),
    ] = 30,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Rows listed at most, of each kind.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="For spreadsheets: one number a row.")] = False,
    html: Annotated[
        Path | None, typer.Option(help="Write a page to this file, to be sent or printed.")
    ] = None,
) -> None:
    """Show what the mails earned, what became of the carts, and what needs a human; reads only."""
    if sum((as_json, as_csv, html is not None)) > 1:
        raise typer.BadParameter("give one of --json, --csv and --html")
    settings = settings_of("mysql")
    found = report.read_report(settings, days=Decimal(str(days)), limit=limit)
    if as_json:
        print(found.json() if found else "null")  # noqa: T201 - to be read by a program
    elif found is None:
        show(report.NEVER_RAN)
    elif as_csv or html is not None:
        if found.figures is None:
            raise typer.BadParameter(report_tables.OLD_LAYOUT)
        if html is None:
            print(report_figures.as_csv(found.figures), end="")  # noqa: T201 - to be read by a program
        else:
            report_html.write(html, found.figures, settings.store_name, found.webhooks)
            out.print(f"written to {html}", highlight=False, markup=False, soft_wrap=True)
    else:
        show(*report_tables.shown(found))
