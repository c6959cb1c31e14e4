"""The command line: parses and calls; what a command does stands in the file of its name."""

import asyncio
import sys
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from binlog_watcher.commands import (
    optout,
    preview,
    recommend,
    reconcile,
    report,
    report_tables,
    retry,
    run,
    schema,
    web,
)
from binlog_watcher.core.log_status import Status
from binlog_watcher.errors import CartwakeError, DatabaseUnavailableError
from binlog_watcher.settings.env import Need
from binlog_watcher.settings.load import load_settings, names_of_others
from binlog_watcher.settings.settings import Settings
from binlog_watcher.shop.presets import load_schema, preset_text
from binlog_watcher.telemetry.logs import configure_logging, register_secret
from mailer import InvalidAddressError, InvalidTokenError

app = typer.Typer(
    name="cartwake",
    help="Recovers abandoned carts from the shop's own MySQL binlog. Settings come from the environment and .env.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
optout_app = typer.Typer(help="Addresses that are never mailed.", no_args_is_help=True)
schema_app = typer.Typer(
    help="Presets: how a shop's tables are called (docs/schemas.md).", no_args_is_help=True
)
app.add_typer(optout_app, name="optout")
app.add_typer(schema_app, name="schema")

out = Console()


def _print(*parts: Table | str) -> None:
    for part in parts:
        out.print(part, highlight=False)


def _print_version(wanted: bool) -> None:
    if wanted:
        _print(f"cartwake {version('cartwake')}")
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


def _settings(need: Need, *, log_file: bool = False, serves: bool = False) -> Settings:
    """Parse the settings and set logging up: all of it for what ``serves``, else warnings; to a file for `run` only."""
    settings = load_settings(need=need)
    for secret in settings.secrets():
        register_secret(secret)
    configure_logging(
        settings.log_level if log_file or serves or settings.log_level == "DEBUG" else "WARNING",
        settings.log_file if log_file else None,
        max_mb=settings.log_file_max_mb,
        backups=settings.log_file_backups,
    )
    return settings


@app.command("run")
def run_command(
    *,
    standby: Annotated[
        bool,
        typer.Option(
            "--standby", help="One of several: wait until no other instance leads (docs/operating.md)."
        ),
    ] = False,
    include_older_than: Annotated[
        str | None,
        typer.Option(
            metavar="SPAN",
            help="Also mail carts that fell due up to this long before Cartwake was first switched on here: "
            "hours (48), or 90m, 48h, 3d; at most MAX_CART_AGE_HOURS. Kept for later starts.",
        ),
    ] = None,
) -> None:
    """Follow the binlog and mail abandoned carts until Ctrl-C or SIGTERM."""
    settings = _settings("mail", log_file=True)
    run.tell_of_other_names(names_of_others())
    run.tell_of_promises(settings)
    run.run(settings, standby=standby, include_older_than=include_older_than)


@app.command("web")
def web_command() -> None:
    """Serve the pages behind the links of mails, without `run`; several may stand behind a proxy."""
    web.web(_settings("preview", serves=True))


@app.command("reconcile")
def reconcile_command(
    *, dry_run: Annotated[bool, typer.Option("--dry-run", help="Only report what would be done.")] = False
) -> None:
    """One pass of the safety net over the whole window; prints its report."""
    settings = _settings("mysql" if dry_run else "mail")
    _print(*asyncio.run(reconcile.reconcile_once(settings, dry_run=dry_run)).shown())


@app.command("report")
def report_command(
    *,
    hours: Annotated[float, typer.Option(min=0.01, max=87_600, help="How far back the window reaches.")] = 24,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Rows listed at most, of each kind.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Show what became of the carts, which mails wait, and which need a human; reads only."""
    found = report.read_report(_settings("mysql"), hours=Decimal(str(hours)), limit=limit)
    if as_json:
        print(found.json() if found else "null")  # noqa: T201 - to be read by a program
    else:
        _print(*(report_tables.shown(found) if found else [report.NEVER_RAN]))


@app.command("retry")
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
    done = retry.retry_rows(_settings("mysql"), statuses=statuses, ids=ids or [])
    for line in done.lines():
        out.print(line, highlight=False, soft_wrap=True)
    raise typer.Exit(done.exit_code)


@app.command("preview")
def preview_command(
    user: Annotated[str | None, typer.Option(help="The customer whose (newest) cart is looked at.")] = None,
    cart: Annotated[str | None, typer.Option(help="The cart's key instead, where carts have ids.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write the HTML part to this file.")] = None,
    text: Annotated[Path | None, typer.Option(help="Write the plain-text part to this file.")] = None,
) -> None:
    """Show what would be decided for a customer's cart, and the mail; sends and writes nothing else."""
    if (user is None) == (cart is None):
        raise typer.BadParameter("give either --user or --cart")
    found = asyncio.run(preview.preview(_settings("preview"), user=user, cart_key=cart))
    _print(f"[bold]decision:[/bold] {found.decision}")
    if found.store is not None:
        _print(f"[bold]store:[/bold]    {escape(found.store)}")
    if found.mail is None:
        raise typer.Exit(1)
    _print(f"[bold]subject:[/bold]  {found.mail.subject}")
    for path, content in ((html, found.mail.html), (text, found.mail.text)):
        if path is not None:
            path.write_text(content, encoding="utf-8")
            _print(f"wrote {path}")
    if html is None and text is None:
        out.print(found.mail.text, highlight=False, markup=False)


@app.command("recommend")
def recommend_command(
    product: Annotated[list[str], typer.Option(help="A product id; repeat it for a cart of several.")],
) -> None:
    """Recommend products for a cart, with their scores."""
    _print(recommend.shown(recommend.recommend(_settings("mysql"), product)))


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
        new = optout.add_by_token(_settings("mysql"), token)
    elif address is not None and token is None:
        new = optout.optouts(_settings("mysql")).add(address)
    else:
        raise typer.BadParameter("give either an address or --token")
    _print("opted out" if new else "was opted out already")


@optout_app.command("remove")
def optout_remove(address: Annotated[str, typer.Argument(help="The e-mail address.")]) -> None:
    """Mail this address again."""
    if not optout.optouts(_settings("mysql")).remove(address):
        _print("was not opted out")
        raise typer.Exit(1)
    _print("may be mailed again")


@optout_app.command("list")
def optout_list() -> None:
    """List the opted-out addresses, masked: Cartwake keeps only their hashes."""
    _print(optout.shown(optout.optouts(_settings("mysql")).list()))


@schema_app.command("check")
def schema_check(
    file: Annotated[
        str | None, typer.Argument(help="A preset's name or file (default: the setting SHOP_SCHEMA).")
    ] = None,
) -> None:
    """Hold a preset against the database; show what it says, and what would be decided on some carts."""
    settings = _settings("mysql")
    preset = load_schema(file, dict(settings.shop_variables)) if file else settings.preset()
    _print(*schema.check_schema(settings, preset).shown())


@schema_app.command("show")
def schema_show(
    name: Annotated[str | None, typer.Argument(help="A preset's name; without one they are listed.")] = None,
) -> None:
    """Print a preset to start from: cartwake schema show sample >myshop.toml."""
    if name is None:
        _print(schema.presets_shown())
    else:
        print(preset_text(name), end="")  # noqa: T201 - to be redirected into a file


@app.command("demo")
def demo_command(
    *,
    serve: Annotated[bool, typer.Option("--serve", help="Keep running, to play with.")] = False,
    output: Annotated[Path | None, typer.Option(help="Where the mails go (default: demo-output).")] = None,
) -> None:
    """Watch a private MySQL's binlog turn the carts of simulated shoppers into mails."""
    from binlog_watcher.demo.run import run_demo  # noqa: PLC0415 - needs the extra "demo"

    raise typer.Exit(run_demo(serve=serve, output_folder=output))


def main() -> None:
    """Entry point: every error that the operator can act on is one line a problem, and an exit code."""
    try:
        sys.exit(app(standalone_mode=False) or 0)  # typer.Exit comes back as the code
    except KeyboardInterrupt:
        sys.exit(130)
    except BaseExceptionGroup as group:
        known, rest = group.split(CartwakeError)
        if known is None or rest is not None:
            raise
        _fail(_first(known))
    except (CartwakeError, InvalidAddressError, InvalidTokenError) as error:
        _fail(error)
    except typer.Abort:
        sys.exit(130)
    except Exception as error:
        if hasattr(error, "show") and hasattr(error, "exit_code"):  # what typer says of a wrong call
            error.show()
            sys.exit(error.exit_code)
        raise


def _first(group: BaseExceptionGroup[CartwakeError]) -> CartwakeError:
    """The error of a group that tells the most: not the lost connection that followed from it."""
    flat = [_first(error) if isinstance(error, BaseExceptionGroup) else error for error in group.exceptions]
    return next((error for error in flat if not isinstance(error, DatabaseUnavailableError)), flat[0])


def _fail(error: Exception) -> None:
    for line in str(error).splitlines():
        print(f"cartwake: {line}", file=sys.stderr)  # noqa: T201 - the terminal is the log here
    sys.exit(getattr(error, "exit_code", 2))
