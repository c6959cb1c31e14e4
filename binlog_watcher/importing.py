"""What a thousand modules need while they are imported: no garbage collection, and no trace of a Ctrl-C."""

import gc
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from binlog_watcher.errors import INTERRUPTED


@contextmanager
def importing() -> Iterator[None]:
    """Around the imports of a command.

    Modules live as long as the process: to look for garbage among them while they come takes a sixth of a start, and
    later each full collection would walk through them once more. Ctrl-C ends the process without an exception:
    modules that are half imported catch some, or tell of it.
    """
    gc.disable()
    try:
        with _leaving_at_once():
            yield
    finally:
        gc.freeze()
        gc.enable()


@contextmanager
def _leaving_at_once() -> Iterator[None]:
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
