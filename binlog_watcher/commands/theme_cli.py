"""`cartwake theme …`: parses and calls."""

import contextlib
from pathlib import Path
from typing import Annotated

import typer

from binlog_watcher.commands.terminal import show
from binlog_watcher.errors import ConfigError
from mailer import ShopInfo
from mailer.theme_check import problems
from mailer.theme_preview import PreviewServer
from mailer.themes import ThemeError, built_in, load_theme
from mailer.themes.starting import begin_theme

theme_app = typer.Typer(help="How mails look.", no_args_is_help=True)

_SHOP = ShopInfo(
    name="Example Shop",
    url="https://shop.example.com",
    address="1 Market Street\n12345 Sampletown",
    support_email="support@shop.example.com",
    sender_email="hello@shop.example.com",
    sender_name="Example Shop",
    cart_url="https://shop.example.com/cart",
    logo_url="https://shop.example.com/logo.png",
)


@theme_app.command("new")
def theme_new(
    folder: Annotated[Path, typer.Argument(help="Where the theme is to be.")],
    based_on: Annotated[str, typer.Option(help=f"One of {', '.join(built_in())}.")] = "calm",
    block: Annotated[
        list[str] | None,
        typer.Option(help="Copy this block, such as cart.html, to be changed; may be repeated."),
    ] = None,
) -> None:
    """Begin a theme of your own: a folder with all that there is to change."""
    try:
        begin_theme(folder, based_on, block or [])
    except ThemeError as error:
        raise ConfigError(str(error)) from None
    show(f"{folder} is a theme; set MAIL_THEME={folder}, and try it with: cartwake theme check {folder}")


@theme_app.command("preview")
def theme_preview(
    theme: Annotated[str, typer.Argument(help="A theme's name or folder.")] = "calm",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any that is free.")] = 0,
) -> None:
    """Show all kinds of mails in a browser, on this machine alone, and anew at each save."""
    try:
        load_theme(theme)
        server = PreviewServer(_SHOP, theme, port)
    except ThemeError as error:
        raise ConfigError(str(error)) from None
    except OSError as error:
        raise ConfigError(f"--port {port}: {error.strerror}; take another one") from None
    show(f"{server.url} shows {theme}; Ctrl-C ends it")
    with server, contextlib.suppress(KeyboardInterrupt):
        server.serve_forever()
    show("ended")


@theme_app.command("check")
def theme_check(
    theme: Annotated[str, typer.Argument(help="A theme's name or folder.")] = "calm",
) -> None:
    """Render all kinds of mails with strange names, long carts and no pictures; say what would go wrong."""
    try:
        found = problems(_SHOP, load_theme(theme))
    except ThemeError as error:
        found = [str(error)]
    show(*(f"✗ {problem}" for problem in found) if found else (f"✓ {theme}: every mail came out well",))
    if found:
        raise typer.Exit(1)
