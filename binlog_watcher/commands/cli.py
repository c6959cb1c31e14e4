"""The command line: which commands there are, and what an error of theirs comes to.

A command's options stand in ``NAME_cli.py``, what it does in the file of its name.
"""

import sys
from importlib import import_module
from importlib.metadata import version
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command, get_group

from binlog_watcher.errors import INTERRUPTED, CartwakeError, DatabaseUnavailableError
from binlog_watcher.importing import importing

COMMANDS = {
    "run": "service_cli:run_command",
    "reload": "service_cli:reload_command",
    "web": "service_cli:web_command",
    "init": "init_cli:init_command",
    "grants": "account_cli:grants_command",
    "uninstall": "account_cli:uninstall_command",
    "doctor": "doctor_cli:doctor_command",
    "optout": "optout_cli:optout_app",
    "schema": "schema_cli:schema_app",
    "theme": "theme_cli:theme_app",
    "erase": "personal_cli:erase_command",
    "export": "personal_cli:export_command",
    "reconcile": "reconcile_cli:reconcile_command",
    "report": "report_cli:report_command",
    "retry": "retry_cli:retry_command",
    "preview": "preview_cli:preview_command",
    "explain": "explain_cli:explain_command",
    "recommend": "recommend_cli:recommend_command",
    "bounce": "bounce_cli:bounce_command",
    "demo": "demo_cli:demo_command",
}
"""Where a command's options stand: module of this package, and function or Typer app."""


class _Commands(TyperGroup):
    """Imports a command when it is asked for: with all that all of them need each would start a second later."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - as typer calls it
        """Their names, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - as typer calls it
        """The command of this name, or None."""
        module, _, name = COMMANDS.get(cmd_name, "").partition(":")
        if not module:
            return None
        with importing():
            found = getattr(import_module(f"{__package__}.{module}"), name)
        if isinstance(found, typer.Typer):
            return get_group(found)
        alone = typer.Typer(add_completion=False)
        alone.command(cmd_name)(found)
        return get_command(alone)


app = typer.Typer(
    cls=_Commands,
    name="cartwake",
    help="Recovers abandoned carts from the shop's own MySQL binlog. Settings come from the environment and .env.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"cartwake {version('cartwake')}")
        raise typer.Exit


@app.callback()
def options(
    *,
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    """Options before the command."""


def main() -> None:
    """Entry point: every error that the operator can act on is one line a problem, and an exit code."""
    try:
        code = (
            app(standalone_mode=False) or 0
        )  # typer.Exit comes back as the code, Ctrl-C in a command as its own
        sys.exit(_interrupted() if code == INTERRUPTED else code)
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(_interrupted())
    except BaseExceptionGroup as group:
        known, rest = group.split(CartwakeError)
        if known is None or rest is not None:
            raise
        _fail(_first(known))
    except CartwakeError as error:
        _fail(error)
    except Exception as error:
        from mailer import InvalidAddressError, InvalidTokenError  # noqa: PLC0415 - what raised them has imported it

        if isinstance(error, InvalidAddressError | InvalidTokenError):
            _fail(error)
        if hasattr(error, "show") and hasattr(error, "exit_code"):  # what typer says of a wrong call
            error.show()
            sys.exit(error.exit_code)
        raise


def _interrupted() -> int:
    print("cartwake: interrupted", file=sys.stderr)  # noqa: T201 - the terminal is the log here
    return INTERRUPTED


def _first(group: BaseExceptionGroup[CartwakeError]) -> CartwakeError:
    """The error of a group that tells the most: not the lost connection that followed from it."""
    flat = [_first(error) if isinstance(error, BaseExceptionGroup) else error for error in group.exceptions]
    return next((error for error in flat if not isinstance(error, DatabaseUnavailableError)), flat[0])


def _fail(error: Exception) -> None:
    for line in str(error).splitlines():
        print(f"cartwake: {line}", file=sys.stderr)  # noqa: T201 - the terminal is the log here
    sys.exit(getattr(error, "exit_code", 2))
