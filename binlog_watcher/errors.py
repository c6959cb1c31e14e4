"""Errors typed by what the caller does next; the message is what the operator reads."""

INTERRUPTED = 130
"""The exit code after Ctrl-C, as shells have it."""


class CartwakeError(Exception):
    """An error that the operator can act on: its message is one clear line.

    ``exit_code`` is what the command line returns when nothing better can be done.
    """

    exit_code = 1


class ConfigError(CartwakeError):
    """The settings, the server's set-up or the account's privileges must be changed by a human.

    Holds one line a problem; all that could be found at once are reported together.
    """

    exit_code = 2

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class ZoneError(ConfigError):
    """The server's time zone is not what it was: carts and orders can't be compared any more."""


class DatabaseUnavailableError(CartwakeError):
    """MySQL can't be reached just now: worth trying again after a while."""

    exit_code = 69  # EX_UNAVAILABLE of sysexits.h


class UnwritableValueError(CartwakeError):
    """MySQL refuses a value (too large, too long): that one row can't be written, others can."""


class LogUnwritableError(CartwakeError):
    """The log file can't be written (disk full, no permission)."""

    exit_code = 73  # EX_CANTCREAT of sysexits.h
