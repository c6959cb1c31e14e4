"""`cartwake init`: parses and calls."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from binlog_watcher.commands.init.dialogue import Terminal, Unattended
from binlog_watcher.commands.init.looking import Admin
from binlog_watcher.commands.init.promises import Promises
from binlog_watcher.commands.init.steps import Wishes, init
from binlog_watcher.errors import ConfigError
from binlog_watcher.settings.env import SECRET_NAMES
from binlog_watcher.settings.load import DEFAULT_ENV_FILE, ENV_FILE, given_in
from binlog_watcher.telemetry.logs import configure_logging

ADMIN_PASSWORD = "CARTWAKE_ADMIN_PASSWORD"  # noqa: S105 - the variable's name


def init_command(
    settings: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME=VALUE]...", help="Any setting, such as STORE_NAME='My shop'; no secrets."
        ),
    ] = None,
    *,
    host: Annotated[str | None, typer.Option(help="Host of the shop's MySQL.")] = None,
    port: Annotated[int | None, typer.Option(help="Its port.")] = None,
    user: Annotated[str | None, typer.Option(help="Cartwake's account, made if need be.")] = None,
    database: Annotated[str | None, typer.Option(help="The shop's database.")] = None,
    shop: Annotated[str | None, typer.Option(help="A preset's name or file; else it is recognised.")] = None,
    promises: Annotated[
        Promises | None, typer.Option(help="The mails' discounts: yes to them, others, none.")
    ] = None,
    admin: Annotated[
        str | None, typer.Option(help="Login of an administrator, who looks at the tables.")
    ] = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="Let --admin make the account and its rights.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing: take defaults.")] = False,
    file: Annotated[Path | None, typer.Option(help="What is written (default: .env here).")] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace that file, and keep the old one.")
    ] = False,
) -> None:
    """Set Cartwake up for a shop: recognise it, write .env, make the account, check all, show one mail.

    Passwords are asked for, or come from the environment: MYSQL_PASSWORD, SMTP_PASSWORD, CARTWAKE_ADMIN_PASSWORD.
    Exit code 0: ready; 1: .env is written, and something is left to do; 2: wrong use; 69: MySQL can't be reached.
    """
    if not yes and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ConfigError(
            "there is no terminal to ask in: give --yes, and what it has no default for (docs/first-hour.md)"
        )
    if apply and not admin and yes:
        raise ConfigError("--apply needs an administrator's login: --admin, and CARTWAKE_ADMIN_PASSWORD")
    configure_logging("ERROR", None)
    options = {
        "MYSQL_HOST": host,
        "MYSQL_PORT": port,
        "MYSQL_USER": user,
        "MYSQL_DATABASE": database,
        "SHOP_SCHEMA": shop,
    }
    given = _settings(settings or []) | {
        name: str(value) for name, value in options.items() if value is not None
    }
    wishes = Wishes(
        given=_with_environment(given),
        file=file or Path(os.environ.get(ENV_FILE) or DEFAULT_ENV_FILE),
        admin=_admin(admin, yes=yes),
        apply=apply,
        promises=promises,
        replace=replace,
    )
    if not init(wishes, Unattended() if yes else Terminal()):
        raise typer.Exit(1)


def _settings(texts: list[str]) -> dict[str, str]:
    """NAME=VALUE. Raises ConfigError for what is none, and for secrets: others see the command line."""
    given = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise ConfigError(f"{text!r}: give NAME=VALUE, such as STORE_NAME='My shop'")
        if name in SECRET_NAMES:
            raise ConfigError(
                f"{name}: everybody on this machine can read the command line; set it in the environment"
            )
        given[name] = value
    given_in(None, given)  # says which names are no settings
    return given


def _with_environment(given: dict[str, str]) -> dict[str, str]:
    """Raises ConfigError for a setting that the environment has otherwise: it would win over the file, too."""
    there = given_in(None)
    problems = [
        f"{name} is {there[name]!r} in the environment, which wins over the file: unset it there"
        for name in given
        if there.get(name, given[name]) != given[name]
    ]
    if problems:
        raise ConfigError(*problems)
    return there | given


def _admin(name: str | None, *, yes: bool) -> Admin | None:
    """None: to be asked for."""
    password = os.environ.get(ADMIN_PASSWORD, "")
    if name is None:
        return Admin() if yes else None
    if not password and not yes:
        password = Terminal().ask(f"Password of {name}, which is not shown", hidden=True)
    return Admin(name, password)
