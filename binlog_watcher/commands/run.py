"""`cartwake run`: a service alone or one of several, until a signal ends it."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import partial
from importlib import import_module

import structlog

from binlog_watcher.admin.serving import serving_admin
from binlog_watcher.errors import ConfigError
from binlog_watcher.service.alone import run_service
from binlog_watcher.service.beside import Beside
from binlog_watcher.service.reloading import Reloading, Term
from binlog_watcher.service.standby import run_standby
from binlog_watcher.settings.durations import parse_span_us
from binlog_watcher.settings.promises import in_words, promised, unconfirmed
from binlog_watcher.settings.settings import Settings
from binlog_watcher.store.own_tables import origin
from binlog_watcher.telemetry.logs import log_uncaught

NO_CLIENT = (
    f"--source kafka needs confluent-kafka: {sys.executable} -m pip install 'cartwake[kafka]' from an index, or "
    "'.[kafka]' in its source"
)

log = structlog.get_logger(__name__)


class Source(StrEnum):
    """Where the shop's changes come from."""

    BINLOG = "binlog"
    KAFKA = "kafka"


def run(
    load: Callable[[], Settings],
    accept: Callable[[Settings], None],
    *,
    standby: bool = False,
    source: Source = Source.BINLOG,
    include_older_than: str | None = None,
    adopt: bool = False,
) -> None:
    """Follow the shop and mail until SIGINT or SIGTERM; a second one ends the process at once. Blocking.

    ``load`` reads the settings, at the start and at each SIGHUP; ``accept`` is told of those that are gone by.
    ``include_older_than``: see ``include_older_us``; ``adopt``: a log that another server has written is this one's
    from now on. Raises ConfigError for what only a human can mend, and
    DatabaseUnavailableError when the service can't start.
    """
    if standby and source is Source.KAFKA:
        raise ConfigError(
            "--standby is for the binlog: instances with --source kafka all work, and take over from each other"
        )
    settings = load()
    older_us = include_older_us(settings, include_older_than)
    accept(settings)
    log_uncaught()
    if adopt and not settings.dry_run:
        origin.adopt(settings.connection)
    asyncio.run(_until_signal(settings, load, accept, term=_term(source, standby=standby), older_us=older_us))


def tell_of_other_names(names: Sequence[str]) -> None:
    """One line for all names that look like settings and are none: somebody may believe that they count."""
    if names:
        log.warning(
            "settings.other_names", names=", ".join(names),
            hint="they mean nothing to Cartwake; docs/settings.md has those that do",
        )  # fmt: skip


def tell_of_promises(settings: Settings) -> None:
    """One line at each start for what mails promise: a warning while nobody has said yes to all of it."""
    missing = unconfirmed(settings)
    if missing:
        log.warning("settings.promises", mails_promise=promised(settings), hint=in_words(missing))
    else:
        log.info("settings.promises", mails_promise=promised(settings))


def include_older_us(settings: Settings, span: str | None) -> int:
    """What `run --include-older-than` asks for, in microseconds. Raises ConfigError."""
    if span is None:
        return 0
    try:
        span_us = parse_span_us(span)
    except ValueError as error:
        raise ConfigError(f"--include-older-than: {error}") from error
    if span_us > settings.max_cart_age_us:
        raise ConfigError(
            f"--include-older-than {span} is longer than MAX_CART_AGE_HOURS = {settings.max_cart_age_hours}: "
            "carts older than that are never mailed"
        )
    return span_us


def stop_at_signal() -> asyncio.Event:
    """Set at SIGINT or SIGTERM; a second one ends the process at once."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def on_signal(number: int) -> None:
        if stop.is_set():
            os._exit(128 + number)  # the second time: no more waiting for anything
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, on_signal, number)
    return stop


def reload_at_signal(reloading: Reloading, stop: asyncio.Event) -> None:
    """SIGHUP asks for it, unless it means what it says: that the terminal hung up. `nohup` ignores both."""
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        return
    on_terminal = sys.stdin is not None and sys.stdin.isatty()

    def on_hang_up() -> None:
        if on_terminal and not _has_terminal():
            stop.set()
        else:
            reloading.ask()

    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, on_hang_up)


def _has_terminal() -> bool:
    try:
        os.tcgetpgrp(0)
    except OSError:  # EIO: it is gone
        return False
    return True


def _term(source: Source, *, standby: bool) -> Term:
    if source is Source.KAFKA:
        return partial(_run_member, beside=serving_admin)
    return partial(run_standby if standby else run_service, beside=serving_admin)


async def _run_member(
    settings: Settings, stop: asyncio.Event, *, include_older_us: int = 0, beside: Beside
) -> None:
    """One of several instances that share a Kafka topic."""
    try:
        group = import_module(
            "binlog_watcher.service.group.member"
        )  # whoever follows a binlog has no use for it
    except ModuleNotFoundError as error:
        if error.name not in {"confluent_kafka", "msgspec"}:
            raise
        raise ConfigError(NO_CLIENT) from error
    await group.run_member(settings, stop, include_older_us=include_older_us, beside=beside)


async def _until_signal(
    settings: Settings,
    load: Callable[[], Settings],
    accept: Callable[[Settings], None],
    *,
    term: Term,
    older_us: int,
) -> None:
    stop, reloading = stop_at_signal(), Reloading(load, accept)
    reload_at_signal(reloading, stop)
    await reloading.run(term, settings, stop, include_older_us=older_us)
