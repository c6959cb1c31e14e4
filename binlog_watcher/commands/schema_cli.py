"""`cartwake schema …`: parses and calls."""

from typing import Annotated

import typer

from binlog_watcher.commands import schema
from binlog_watcher.commands.terminal import settings_of, show
from binlog_watcher.shop.presets import load_schema, preset_text

schema_app = typer.Typer(
    help="Presets: how a shop's tables are called (docs/schemas.md).", no_args_is_help=True
)


@schema_app.command("check")
def schema_check(
    file: Annotated[
        str | None, typer.Argument(help="A preset's name or file (default: the setting SHOP_SCHEMA).")
    ] = None,
) -> None:
    """Hold a preset against the database; show what it says, and what would be decided on some carts."""
    settings = settings_of("mysql")
    preset = load_schema(file, dict(settings.shop_variables)) if file else settings.preset()
    show(*schema.check_schema(settings, preset).shown())


@schema_app.command("show")
def schema_show(
    name: Annotated[str | None, typer.Argument(help="A preset's name; without one they are listed.")] = None,
) -> None:
    """Print a preset to start from: cartwake schema show sample >myshop.toml."""
    if name is None:
        show(schema.presets_shown())
    else:
        print(preset_text(name), end="")  # noqa: T201 - to be redirected into a file
