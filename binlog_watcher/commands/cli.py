"""The command line: parses and calls; what a command does stands in the file of its name."""

import asyncio
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from binlog_watcher.answers import explain
from binlog_watcher.answers.cart_seeking import Question
from binlog_watcher.commands import (
    bounce,
    explain_shown,
    preview,
    recommend,
    reconcile,
    retry,
)
from binlog_watcher.commands.account_cli import account_app
from binlog_watcher.commands.doctor_cli import doctor_app
from binlog_watcher.commands.init_cli import init_app
from binlog_watcher.commands.optout_cli import optout_app
from binlog_watcher.commands.personal_cli import erase_command, export_command
from binlog_watcher.commands.report_cli import report_command
from binlog_watcher.commands.schema_cli import schema_app
from binlog_watcher.commands.service_cli import reload_command, run_command, web_command
from binlog_watcher.commands.terminal import out, settings_of, show
from binlog_watcher.commands.theme_cli import theme_app
from binlog_watcher.core.log_status import Status
from binlog_watcher.errors import INTERRUPTED, CartwakeError, DatabaseUnavailableError
from mailer import InvalidAddressError, InvalidTokenError

app = typer.Typer(
    name="cartwake",
    help="Recovers abandoned carts from the shop's own MySQL binlog. Settings come from the environment and .env.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("run")(run_command)
app.command("reload")(reload_command)
app.command("web")(web_command)
app.add_typer(init_app)
app.add_typer(account_app)
app.add_typer(doctor_app)
app.add_typer(optout_app, name="optout")
app.add_typer(schema_app, name="schema")
app.add_typer(theme_app, name="theme")
app.command("erase")(erase_command)
app.command("export")(export_command)


def _print_version(wanted: bool) -> None:
    if wanted:
        show(f"cartwake {version('cartwake')}")
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


@app.command("reconcile")
def reconcile_command(
    *, dry_run: Annotated[bool, typer.Option("--dry-run", help="Only report what would be done.")] = False
) -> None:
    """One pass of the safety net over the whole window; prints its report."""
    settings = settings_of("mysql" if dry_run else "mail")
    show(*asyncio.run(reconcile.reconcile_once(settings, dry_run=dry_run)).shown())


app.command("report")(report_command)


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
    done = retry.retry_rows(settings_of("mysql"), statuses=statuses, ids=ids or [])
    for line in done.lines():
        out.print(line, highlight=False, soft_wrap=True)
    raise typer.Exit(done.exit_code)


@app.command("preview")
def preview_command(
    *,
    user: Annotated[str | None, typer.Option(help="The customer whose (newest) cart is looked at.")] = None,
    cart: Annotated[str | None, typer.Option(help="The cart's key instead, where carts have ids.")] = None,
    newest: Annotated[bool, typer.Option("--newest", help="The newest cart that has a mail.")] = False,
    html: Annotated[Path | None, typer.Option(help="Write the HTML part to this file.")] = None,
    text: Annotated[Path | None, typer.Option(help="Write the plain-text part to this file.")] = None,
    send_to: Annotated[str | None, typer.Option(help="Send the mail to this address, on trial.")] = None,
) -> None:
    """Show what would be decided for a customer's cart, and the mail; the customer gets none.

    Exit code 0: there is a mail; 1: none to be shown, or it could not be sent; 2: wrong use, settings, or no such cart;
    69: MySQL can't be reached.
    """
    if (user is not None) + (cart is not None) + newest != 1:
        raise typer.BadParameter("give one of --user, --cart and --newest")
    found = asyncio.run(
        preview.preview(
            settings_of("mail" if send_to else "preview"), user=user, cart_key=cart, send_to=send_to
        )
    )
    show(f"[bold]decision:[/bold] {found.decision}")
    if found.store is not None:
        show(f"[bold]store:[/bold]    {escape(found.store)}")
    if found.mail is None:
        raise typer.Exit(1)
    show(f"[bold]subject:[/bold]  {found.mail.subject}")
    for path, content in ((html, found.mail.html), (text, found.mail.text)):
        if path is not None:
            path.write_text(content, encoding="utf-8")
            show(f"wrote {path}")
    if found.answer is not None:
        show(
            f"[bold]sent:[/bold]     to {escape(send_to or '')}; the mail server says: {escape(found.answer)}"
        )
    if html is None and text is None and send_to is None:
        out.print(found.mail.text, highlight=False, markup=False)


@app.command("explain")
def explain_command(
    *,
    customer: Annotated[str | None, typer.Option(help="The customer's id: all carts of theirs.")] = None,
    address: Annotated[str | None, typer.Option(help="The e-mail address: whoever has it.")] = None,
    cart: Annotated[str | None, typer.Option(help="The cart's key, as in `cartwake report`.")] = None,
    store: Annotated[str | None, typer.Option(help="Only carts of this storefront.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
    show_address: Annotated[bool, typer.Option("--show-address", help="Addresses unmasked.")] = False,
) -> None:
    """Tell a cart's story: why there was a mail or none, and what would happen now; reads only.

    Exit code 0: told; 1: no such cart; 2: wrong use or settings; 69: MySQL can't be reached.
    """
    if sum(one is not None for one in (customer, address, cart)) != 1:
        raise typer.BadParameter("give one of --customer, --address and --cart")
    question = Question(customer, address, cart, store)
    found = explain.explain(settings_of("mysql"), question, show_address=show_address)
    if as_json:
        print(found.json())  # noqa: T201 - to be read by a program
    else:
        for line in explain_shown.shown(found):
            out.print(line, highlight=False, markup=False, soft_wrap=True)
    raise typer.Exit(found.exit_code)


@app.command("recommend")
def recommend_command(
    product: Annotated[list[str], typer.Option(help="A product id; repeat it for a cart of several.")],
    explain: Annotated[
        bool, typer.Option(help="Try which weights suit the shop, too; takes minutes.")
    ] = False,
) -> None:
    """Recommend products for a cart, with their scores and why."""
    if explain:
        for part in recommend.explained(recommend.explain(settings_of("mysql"), product)):
            show(part)
    else:
        show(recommend.shown(recommend.recommend(settings_of("mysql"), product)))


@app.command("bounce")
def bounce_command() -> None:
    """Take in a mail that came back, from standard input: a bounce, a complaint, an unsubscribe mail."""
    message = bounce.read_message(sys.stdin.buffer)
    try:
        kind = bounce.take_in(settings_of("mysql"), message)
    except Exception as error:  # noqa: BLE001 - with any other code the mail server would give the mail up
        print(f"cartwake: {error}", file=sys.stderr)  # noqa: T201 - the mail server logs it
        raise typer.Exit(bounce.TEMPFAIL) from None
    print(kind)  # noqa: T201 - same


@app.command("demo")
def demo_command(
    *,
    serve: Annotated[bool, typer.Option("--serve", help="Keep running, to play with.")] = False,
    output: Annotated[Path | None, typer.Option(help="Where the mails go (default: demo-output).")] = None,
) -> None:
    """Watch a private MySQL's binlog turn the carts of simulated shoppers into mails."""
    try:
        from binlog_watcher.demo.run import run_demo  # noqa: PLC0415 - needs the extra "demo"
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "aiosmtpd":
            raise
        raise CartwakeError(
            f"the demo's mail catcher needs aiosmtpd: {sys.executable} -m pip install aiosmtpd (or install Cartwake "
            "with its extra: '.[demo]' in its source, 'cartwake[demo]' from an index)"
        ) from None
    sys.exit(run_demo(serve=serve, output_folder=output))  # it says itself that it was interrupted


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
    except (CartwakeError, InvalidAddressError, InvalidTokenError) as error:
        _fail(error)
    except Exception as error:
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
