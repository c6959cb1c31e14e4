"""`cartwake`, and `python -m binlog_watcher`: ready for Ctrl-C before all the rest is imported."""

import os
import signal

from binlog_watcher.errors import INTERRUPTED


def main() -> None:
    """Entry point. Importing takes about a second, and until it is done nothing is to be tidied up."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # a background job ignores it
        signal.signal(signal.SIGINT, _leave)
    from binlog_watcher.commands import cli  # noqa: PLC0415 - after the signal's handler

    if signal.getsignal(signal.SIGINT) is _leave:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    cli.main()


def _leave(*_: object) -> None:
    # No exception: modules that are half imported catch some, or say that one was ignored.
    os.write(2, b"\ncartwake: interrupted\n")
    os._exit(INTERRUPTED)


if __name__ == "__main__":
    main()
