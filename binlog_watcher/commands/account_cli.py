"""`cartwake grants`: what an administrator of MySQL runs for Cartwake. Parses and calls."""

from typing import Annotated

import typer

from binlog_watcher.commands.grants import grants
from binlog_watcher.commands.terminal import settings_of

account_app = typer.Typer()


@account_app.command("grants")
def grants_command(
    *,
    user: Annotated[
        str | None,
        typer.Option(metavar="NAME[@HOST]", help="The account (default: MYSQL_USER, from any host)."),
    ] = None,
) -> None:
    """Print the GRANT statements of the preset and settings in use: cartwake grants | mysql --user=root -p.

    Asks no server. With DRY_RUN=true only what a dry run needs.
    """
    print(grants(settings_of("mysql"), user), end="")  # noqa: T201 - to be handed to mysql
