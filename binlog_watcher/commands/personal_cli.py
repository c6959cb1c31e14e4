"""`cartwake erase` and `cartwake export`: parse and call."""

from typing import Annotated

import typer

from binlog_watcher.answers.erase import ErasedReport, erase_old, erase_person
from binlog_watcher.answers.person import Whom
from binlog_watcher.commands.export import export
from binlog_watcher.commands.terminal import out, settings_of

Address = Annotated[str | None, typer.Option(help="The e-mail address of the person.")]
Customer = Annotated[str | None, typer.Option(help="The customer's id in the shop, instead.")]
Store = Annotated[str | None, typer.Option(help="Only what is of this storefront.")]


def erase_command(
    *,
    address: Address = None,
    customer: Customer = None,
    store: Store = None,
    older_than: Annotated[
        int | None, typer.Option(min=1, metavar="DAYS", help="Rows of the log that are older, instead.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be erased.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Erase a person from Cartwake's tables; totals stay. The shop's own tables are not touched.

    Exit code 0: done; 1: run it again, a mail is being handed over; 2: wrong use or settings; 69: no MySQL.
    """
    if sum(one is not None for one in (address, customer, older_than)) != 1:
        raise typer.BadParameter("give one of --address, --customer and --older-than")
    if older_than is not None and store is not None:
        raise typer.BadParameter("--store goes with --address or --customer")
    settings = settings_of("mysql")

    def erase(*, dry_run: bool) -> ErasedReport:
        if older_than is not None:
            return erase_old(settings, older_than, dry_run=dry_run)
        return erase_person(settings, Whom(address, customer, store), dry_run=dry_run)

    if not (yes or dry_run or settings.dry_run):
        _show(erase(dry_run=True))
        typer.confirm("Erase this? It can't be undone", abort=True)
    report = erase(dry_run=dry_run)
    _show(report)
    raise typer.Exit(report.exit_code)


def _show(report: ErasedReport) -> None:
    for line in report.lines():
        out.print(line, highlight=False, markup=False, soft_wrap=True)


def export_command(address: Address = None, customer: Customer = None, store: Store = None) -> None:
    """Print all that Cartwake's tables hold about one person, as JSON; reads only."""
    if (address is None) == (customer is None):
        raise typer.BadParameter("give either --address or --customer")
    print(export(settings_of("mysql"), Whom(address, customer, store)).json())  # noqa: T201 - to be read by a program
