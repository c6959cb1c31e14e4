"""`cartwake retry`: parses and calls."""

from typing import Annotated

import typer

from binlog_watcher.commands import retry
from binlog_watcher.commands.terminal import out, settings_of
from binlog_watcher.core.log_status import Status


def retry_command(
    *,
    failed: Annotated[bool, typer.Option("--failed", help="Rows that were given up.")] = False,
    unknown: Annotated[
        bool,
        typer.Option("--unknown", help="Rows whose mail may have arrived; the same mail goes out again."),
    ] = False,
    ids: Annotated[
        list[int] | None, typer.Option("--id", min=1, help="This row of `cartwake report`; can be repeated.")
    ] = None,
) -> None:
    """Put rows back that are failed or unknown; the service sends them, unless something speaks against it."""
    if not (failed or unknown or ids):
        raise typer.BadParameter("give --failed, --unknown or --id")
    statuses = [*([Status.FAILED] if failed else []), *([Status.UNKNOWN] if unknown else [])]
    done = retry.retry_rows(settings_of("mysql"), statuses=statuses, ids=ids or [])
    for line in done.lines():
        out.print(line, highlight=False, soft_wrap=True)
    raise typer.Exit(done.exit_code)
