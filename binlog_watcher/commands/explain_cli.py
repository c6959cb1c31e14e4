"""`cartwake explain`: parses and calls."""

from typing import Annotated

import typer

from binlog_watcher.answers import explain
from binlog_watcher.answers.cart_seeking import Question
from binlog_watcher.commands import explain_shown
from binlog_watcher.commands.terminal import out, settings_of


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
