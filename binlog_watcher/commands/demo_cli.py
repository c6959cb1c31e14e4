"""`cartwake demo`: parses and calls."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from binlog_watcher.errors import CartwakeError


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
