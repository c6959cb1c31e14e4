"""Ctrl-C while modules are being imported, when nothing is to be tidied up yet."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from binlog_watcher.errors import INTERRUPTED


@contextmanager
def leaving_at_once() -> Iterator[None]:
    """Ctrl-C ends the process without an exception: modules that are half imported catch some, or tell of it."""
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:  # a background job ignores it
        yield
        return
    signal.signal(signal.SIGINT, _leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _leave(*_: object) -> None:
    os.write(2, b"\ncartwake: interrupted\n")
    os._exit(INTERRUPTED)
