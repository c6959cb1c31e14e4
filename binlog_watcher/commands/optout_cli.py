"""`cartwake optout …`: parses and calls."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from binlog_watcher.commands import optout, optout_file
from binlog_watcher.commands.terminal import out, settings_of, show
from binlog_watcher.errors import ConfigError

T = TypeVar("T")

optout_app = typer.Typer(help="Addresses that are never mailed.", no_args_is_help=True)


@optout_app.command("add")
def optout_add(
    address: Annotated[str | None, typer.Argument(help="The e-mail address.")] = None,
    token: Annotated[
        str | None,
        typer.Option(help="Instead: the token of an unsubscribe mail, or the subject or link that holds it."),
    ] = None,
) -> None:
    """Never mail this address again."""
    if token is not None and address is None:
        new = optout.add_by_token(settings_of("mysql"), token)
    elif address is not None and token is None:
        new = optout.optouts(settings_of("mysql")).add(address)
    else:
        raise typer.BadParameter("give either an address or --token")
    show("opted out" if new else "was opted out already")


@optout_app.command("remove")
def optout_remove(address: Annotated[str, typer.Argument(help="The e-mail address.")]) -> None:
    """Mail this address again."""
    if not optout.optouts(settings_of("mysql")).remove(address):
        show("was not opted out")
        raise typer.Exit(1)
    show("may be mailed again")


@optout_app.command("list")
def optout_list() -> None:
    """List the opted-out addresses, masked: Cartwake keeps only their hashes."""
    show(optout.shown(optout.optouts(settings_of("mysql")).list()))


@optout_app.command("export")
def optout_export(
    file: Annotated[Path | None, typer.Argument(help="Where to write it (default: standard output).")] = None,
) -> None:
    """Write the list as CSV: hash, hint, since, reason. Cartwake keeps no addresses."""
    text = optout_file.exported(optout.optouts(settings_of("mysql")))
    if file is None:
        print(text, end="")  # noqa: T201 - to be redirected into a file
    else:
        _refusing(lambda: file.write_text(text, encoding="utf-8"), file)


@optout_app.command("import")
def optout_import(
    file: Annotated[
        Path,
        typer.Argument(help="CSV with a column address (or hash, of an export), maybe since and reason."),
    ],
) -> None:
    """Never mail the addresses of a file again. Lines that can't be read are named, and the others taken."""
    data = _refusing(file.read_bytes, file)
    done = optout_file.take_in(optout.optouts(settings_of("mysql")), data)
    for problem in done.problems:
        out.print(problem, highlight=False, markup=False, soft_wrap=True)
    show(f"{done.new} opted out, {done.known} were already, {len(done.problems)} lines left out")
    raise typer.Exit(1 if done.problems else 0)


def _refusing(work: Callable[[], T], file: Path) -> T:
    """Raises ConfigError where the file can't be read or written."""
    try:
        return work()
    except OSError as error:
        raise ConfigError(f"{file}: {error.strerror}") from error
