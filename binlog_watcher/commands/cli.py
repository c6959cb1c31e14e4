"""The command line: parses and calls, nothing else."""

import asyncio
import dataclasses
import os
import signal
import sys
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Literal

import structlog
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from binlog_watcher.commands import actions as commands
from binlog_watcher.commands.report import NEVER_RAN, read_report
from binlog_watcher.commands.report_tables import shown
from binlog_watcher.commands.retry import retry_rows
from binlog_watcher.commands.schema_report import check_schema
from binlog_watcher.core.log_status import Status
from binlog_watcher.errors import CartwakeError, DatabaseUnavailableError
from binlog_watcher.settings.settings import Settings, load_settings
from binlog_watcher.shop.presets import load_schema, preset_names, preset_text
from binlog_watcher.telemetry.logs import configure_logging, log_uncaught, register_secret
from mailer import InvalidAddressError

log = structlog.get_logger(__name__)

app = typer.Typer(
    name="cartwake",
    help="Recovers abandoned carts from the shop's own MySQL binlog. Settings come from the environment and .env.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
optout = typer.Typer(help="Addresses that are never mailed.", no_args_is_help=True)
schema = typer.Typer(help="Presets: how a shop's tables are called (docs/schemas.md).", no_args_is_help=True)
app.add_typer(optout, name="optout")
app.add_typer(schema, name="schema")

out = Console()


def _print_version(wanted: bool) -> None:
    if wanted:
        out.print(f"cartwake {version('cartwake')}", highlight=False)
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


Need = Literal["mysql", "preview", "mail"]


def _settings(need: Need, *, log_file: bool = False) -> Settings:
    """Parse the settings and set logging up; commands other than `run` log warnings to the terminal only."""
    settings = load_settings(need=need)
    for secret in settings.secrets():
        register_secret(secret)
    configure_logging(
        settings.log_level if log_file or settings.log_level == "DEBUG" else "WARNING",
        settings.log_file if log_file else None,
        max_mb=settings.log_file_max_mb,
        backups=settings.log_file_backups,
    )
    return settings


@app.command()
def run(
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
    # scikit-learn loads for a second: not for --help, and not only when a standby is elected
    from binlog_watcher.service.service import run_service  # noqa: PLC0415
    from binlog_watcher.service.standby import run_standby  # noqa: PLC0415

    settings = _settings("mail", log_file=True)
    include_older_us = commands.include_older_us(settings, include_older_than)
    log_uncaught()

    async def main() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()

        def on_signal(number: int) -> None:
            if stop.is_set():
                os._exit(128 + number)  # the second time: no more waiting for anything
            stop.set()

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, on_signal, number)
        runs = run_standby if standby else run_service
        await runs(settings, stop, include_older_us=include_older_us)

    asyncio.run(main())


@app.command()
def reconcile(
    *, dry_run: Annotated[bool, typer.Option("--dry-run", help="Only report what would be done.")] = False
) -> None:
    """One pass of the safety net over the whole window; prints its report."""
    settings = _settings("mysql" if dry_run else "mail")
    report = asyncio.run(commands.reconcile_once(settings, dry_run=dry_run))
    table = Table("user", "decision", "cart total", title="Carts that should have been mailed")
    for entry in report.found:
        table.add_row(str(entry.key), entry.decision, entry.total)
    if report.found:
        out.print(table)
    out.print(report.summary(), highlight=False)


@app.command()
def report(
    *,
    hours: Annotated[float, typer.Option(min=0.01, max=87_600, help="How far back the window reaches.")] = 24,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Rows listed at most, of each kind.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Show what became of the carts, which mails wait, and which need a human; reads only."""
    found = read_report(_settings("mysql"), hours=Decimal(str(hours)), limit=limit)
    if as_json:
        print(found.json() if found else "null")  # noqa: T201 - to be read by a program
    elif found is None:
        out.print(NEVER_RAN, highlight=False)
    else:
        for part in shown(found):
            out.print(part, highlight=False)


@app.command()
def retry(
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
    done = retry_rows(_settings("mysql"), statuses=statuses, ids=ids or [])
    for line in done.lines():
        out.print(line, highlight=False, soft_wrap=True)
    raise typer.Exit(done.exit_code)


@app.command()
def preview(
    user: Annotated[str | None, typer.Option(help="The customer whose (newest) cart is looked at.")] = None,
    cart: Annotated[str | None, typer.Option(help="The cart's key instead, where carts have ids.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write the HTML part to this file.")] = None,
    text: Annotated[Path | None, typer.Option(help="Write the plain-text part to this file.")] = None,
) -> None:
    """Show what would be decided for a customer's cart, and the mail; sends and writes nothing else."""
    if (user is None) == (cart is None):
        raise typer.BadParameter("give either --user or --cart")
    settings = _settings("preview")
    shown = asyncio.run(commands.preview(settings, user=user, cart_key=cart))
    out.print(f"[bold]decision:[/bold] {shown.decision}", highlight=False)
    if shown.mail is None:
        raise typer.Exit(1)
    out.print(f"[bold]subject:[/bold]  {shown.mail.subject}", highlight=False, markup=True)
    for path, content in ((html, shown.mail.html), (text, shown.mail.text)):
        if path is not None:
            path.write_text(content, encoding="utf-8")
            out.print(f"wrote {path}", highlight=False)
    if html is None and text is None:
        out.print(shown.mail.text, highlight=False, markup=False)


@app.command()
def recommend(
    product: Annotated[list[str], typer.Option(help="A product id; repeat it for a cart of several.")],
) -> None:
    """Recommend products for a cart, with their scores."""
    settings = _settings("mysql")
    table = Table("score", "id", "product", "category", "price")
    for pick in commands.recommend(settings, product):
        item = pick.product
        table.add_row(f"{pick.score:.3f}", str(item.id), item.name, item.category, str(item.price))
    if table.row_count:
        out.print(table)
    else:
        out.print("nothing resembles these products closely enough (SIMILARITY_THRESHOLD)")


@optout.command("add")
def optout_add(address: Annotated[str, typer.Argument(help="The e-mail address.")]) -> None:
    """Never mail this address again."""
    new = commands.optouts(_settings("mysql")).add(address)
    out.print("opted out" if new else "was opted out already")


@optout.command("remove")
def optout_remove(address: Annotated[str, typer.Argument(help="The e-mail address.")]) -> None:
    """Mail this address again."""
    if not commands.optouts(_settings("mysql")).remove(address):
        out.print("was not opted out")
        raise typer.Exit(1)
    out.print("may be mailed again")


@optout.command("list")
def optout_list() -> None:
    """List the opted-out addresses, masked: Cartwake keeps only their hashes."""
    table = Table("address", "since (UTC)", "reason")
    for entry in commands.optouts(_settings("mysql")).list():
        table.add_row(entry.hint, f"{entry.since:%Y-%m-%d %H:%M}", entry.reason)
    out.print(table)


@schema.command("check")
def schema_check(
    file: Annotated[
        str | None, typer.Argument(help="A preset's name or file (default: the setting SHOP_SCHEMA).")
    ] = None,
) -> None:
    """Hold a preset against the database; show what it says, and what would be decided on some carts."""
    settings = _settings("mysql")
    preset = load_schema(file, dict(settings.shop_variables)) if file else settings.preset()
    report = check_schema(settings, preset)
    out.print(
        f"[bold]{preset.origin}[/bold]: {report.shape}, fits {settings.mysql_database}", highlight=False
    )
    tables = Table("table", "is", "columns used")
    for row in report.tables:
        tables.add_row(*row)
    out.print(tables)
    for section, columns in report.selects:
        out.print(f"[bold]{section}.select[/bold] gives {escape(columns)}", highlight=False)
    for warning in report.warnings:
        out.print(f"[yellow]could be better:[/yellow] {escape(warning)}", highlight=False)
    examples = Table("cart", "customer", "rows that count", "total", "newest row", "newest order", "decision")
    for example in report.examples:
        examples.add_row(*(escape(text) for text in dataclasses.astuple(example)))
    if not report.examples:
        out.print("There are no carts to show.")
        return
    title = "The newest carts, and what would be decided now"
    examples.title = title if report.activated else f"{title} if Cartwake had always been there"
    out.print(examples)


@schema.command("show")
def schema_show(
    name: Annotated[str | None, typer.Argument(help="A preset's name; without one they are listed.")] = None,
) -> None:
    """Print a preset to start from: cartwake schema show sample >myshop.toml."""
    if name is not None:
        print(preset_text(name), end="")  # noqa: T201 - to be redirected into a file
        return
    table = Table("preset", "for")
    for preset in preset_names():
        table.add_row(preset, load_schema(preset).description)
    out.print(table)


@app.command()
def demo(
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
    except (CartwakeError, InvalidAddressError) as error:
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


if __name__ == "__main__":
    main()
