"""`cartwake preview`: parses and calls."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from binlog_watcher.commands import preview
from binlog_watcher.commands.terminal import out, settings_of, show


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
