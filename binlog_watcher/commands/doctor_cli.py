"""`cartwake doctor`: parses and calls."""

from typing import Annotated

import typer

from binlog_watcher.commands.doctor import doctor
from binlog_watcher.commands.terminal import out, show
from binlog_watcher.settings.load import examine_settings
from binlog_watcher.telemetry.logs import configure_logging, register_secret


def doctor_command(
    *,
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ID", help="Only this check, or all that begin so (binlog, say); can be repeated."
        ),
    ] = None,
    send_to: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Send a mail on trial to this address.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Look at everything that Cartwake needs: settings, server, account, tables, mail server, DNS; change nothing.

    ✓ is well, ! works and could be better or could not be looked at, ✗ must be mended: exit code 1.
    """
    examined = examine_settings()
    for secret in () if examined.settings is None else examined.settings.secrets():
        register_secret(secret)
    configure_logging("ERROR", None)
    report = doctor(examined, only=only or (), send_to=send_to)
    if as_json:
        print(report.json())  # noqa: T201 - to be read by a program
    else:
        show(*report.shown(encoding=out.encoding))
    raise typer.Exit(report.exit_code)
