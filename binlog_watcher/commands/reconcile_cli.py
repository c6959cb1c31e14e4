"""`cartwake reconcile`: parses and calls."""

import asyncio
from typing import Annotated

import typer

from binlog_watcher.commands import reconcile
from binlog_watcher.commands.terminal import settings_of, show


def reconcile_command(
    *, dry_run: Annotated[bool, typer.Option("--dry-run", help="Only report what would be done.")] = False
) -> None:
    """One pass of the safety net over the whole window; prints its report."""
    settings = settings_of("mysql" if dry_run else "mail")
    show(*asyncio.run(reconcile.reconcile_once(settings, dry_run=dry_run)).shown())
