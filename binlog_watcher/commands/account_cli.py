"""`cartwake grants` and `cartwake uninstall`: what an administrator of MySQL runs. Parses and calls."""

from typing import Annotated

import typer

from binlog_watcher.commands.grants import grants, password_of
from binlog_watcher.commands.terminal import settings_of

User = Annotated[
    str | None, typer.Option(metavar="NAME[@HOST]", help="The account (default: MYSQL_USER, from any host).")
]


def grants_command(
    *,
    user: User = None,
    create: Annotated[
        bool, typer.Option("--create", help="Make the account first, with the password of the settings.")
    ] = False,
) -> None:
    """Print the GRANT statements of the preset and settings in use: cartwake grants | mysql --user=root -p.

    Asks no server. With DRY_RUN=true only what a dry run needs.
    """
    settings = settings_of("mysql")
    needed = grants(settings, user)
    script = needed.script(needed.creation(password_of(settings))) if create else needed.script()
    print(script, end="")  # noqa: T201 - to be handed to mysql


def uninstall_command(*, user: User = None) -> None:
    """Print the statements that take Cartwake's tables, views and account away; it runs none of them."""
    print(grants(settings_of("mysql"), user).removal(), end="")  # noqa: T201 - same
