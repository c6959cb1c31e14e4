"""`cartwake run`: a service alone or one of several, until a signal ends it."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Sequence
from functools import partial

import structlog

from binlog_watcher.admin.serving import serving_admin
from binlog_watcher.errors import ConfigError
from binlog_watcher.service.alone import run_service
from binlog_watcher.service.reloading import Reloading
from binlog_watcher.service.standby import run_standby
from binlog_watcher.settings.durations import parse_span_us
from binlog_watcher.settings.promises import in_words, promised, unconfirmed
from binlog_watcher.settings.settings import Settings
from binlog_watcher.store.own_tables import origin
from binlog_watcher.telemetry.logs import log_uncaught

log = structlog.get_logger(__name__)


def run(
    load: Callable[[], Settings],
    accept: Callable[[Settings], None],
    *,
    standby: bool = False,
    include_older_than: str | None = None,
    adopt: bool = False,
) -> None:
    """Follow the binlog and mail until SIGINT or SIGTERM; a second one ends the process at once. Blocking.

    ``load`` reads the settings, at the start and at each SIGHUP; ``accept`` is told of those that are gone by.
    ``include_older_than``: see ``include_older_us``; ``adopt``: a log that another server has written is this one's
    from now on. Raises ConfigError for what only a human can mend, and
    DatabaseUnavailableError when the service can't start.
    """
    settings = load()
    older_us = include_older_us(settings, include_older_than)
    accept(settings)
    log_uncaught()
    if adopt and not settings.dry_run:
        origin.adopt(settings.connection)
    asyncio.run(_until_signal(settings, load, accept, standby=standby, older_us=older_us))


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


async def _until_signal(
    settings: Settings,
    load: Callable[[], Settings],
    accept: Callable[[Settings], None],
    *,
    standby: bool,
    older_us: int,
) -> None:
    stop, reloading = stop_at_signal(), Reloading(load, accept)
    reload_at_signal(reloading, stop)
    term = partial(run_standby if standby else run_service, beside=serving_admin)
    await reloading.run(term, settings, stop, include_older_us=older_us)
