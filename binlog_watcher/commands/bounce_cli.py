"""`cartwake bounce`: parses and calls."""

import sys

import typer

from binlog_watcher.commands import bounce
from binlog_watcher.commands.terminal import settings_of


def bounce_command() -> None:
    """Take in a mail that came back, from standard input: a bounce, a complaint, an unsubscribe mail."""
    message = bounce.read_message(sys.stdin.buffer)
    try:
        kind = bounce.take_in(settings_of("mysql"), message)
    except Exception as error:  # noqa: BLE001 - with any other code the mail server would give the mail up
        print(f"cartwake: {error}", file=sys.stderr)  # noqa: T201 - the mail server logs it
        raise typer.Exit(bounce.TEMPFAIL) from None
    print(kind)  # noqa: T201 - same
