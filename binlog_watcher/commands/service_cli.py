"""`cartwake run`, `reload` and `web`: what runs until it is told to end, and what tells it. Parses and calls."""

from functools import partial
from typing import Annotated

import typer

from binlog_watcher.commands import reload, run, web
from binlog_watcher.commands.terminal import log_by, settings_of, show
from binlog_watcher.settings.load import load_settings, names_of_others
from binlog_watcher.settings.settings import Settings


def run_command(
    *,
    standby: Annotated[
        bool,
        typer.Option(
            "--standby",
            help="One of several: wait until no other instance leads (docs/high-availability.md).",
        ),
    ] = False,
    source: Annotated[
        run.Source,
        typer.Option(
            help="Where the shop's changes come from: its binlog, or a Kafka topic that several instances share "
            "(docs/kafka.md).",
        ),
    ] = run.Source.BINLOG,
    include_older_than: Annotated[
        str | None,
        typer.Option(
            metavar="SPAN",
            help="Also mail carts that fell due up to this long before Cartwake was first switched on here: "
            "hours (48), or 90m, 48h, 3d; at most MAX_CART_AGE_HOURS. Kept for later starts.",
        ),
    ] = None,
    adopt: Annotated[
        bool,
        typer.Option(
            "--adopt",
            help="The log was written on another server, whose place this one has taken for good: mail from here.",
        ),
    ] = False,
) -> None:
    """Follow the binlog and mail abandoned carts until Ctrl-C or SIGTERM; `cartwake reload` has it read .env anew."""

    def accept(settings: Settings) -> None:
        log_by(settings, log_file=True)
        run.tell_of_other_names(names_of_others())
        run.tell_of_promises(settings)

    run.run(
        partial(load_settings, need="mail"),
        accept,
        standby=standby,
        source=source,
        include_older_than=include_older_than,
        adopt=adopt,
    )


def reload_command(
    *,
    pid: Annotated[
        int | None,
        typer.Option(min=1, help="The process of `cartwake run` (default: the one in this folder)."),
    ] = None,
) -> None:
    """Have the running service read .env, STORES, theme and messages anew. Nothing is changed if anything is wrong."""
    show(reload.reload(settings_of("mail"), pid))


def web_command() -> None:
    """Serve the pages behind the links of mails, without `run`; several may stand behind a proxy."""
    web.web(settings_of("preview", serves=True))
