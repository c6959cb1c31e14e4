"""`cartwake recommend`: parses and calls."""

from typing import Annotated

import typer

from binlog_watcher.commands import recommend
from binlog_watcher.commands.terminal import settings_of, show


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
