"""Where log lines go: handlers that never take the service down, whatever happens to disk or terminal."""

import contextlib
import fcntl
import logging
import os
import sys
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TextIO

from binlog_watcher.errors import LogUnwritableError


class TerminalHandler(logging.StreamHandler[TextIO]):
    """Writes to standard error; a terminal that went away is nobody's problem."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name that logging calls
        """Drop the line. A line that can't even be formatted is reported without its content."""
        if not isinstance(sys.exception(), OSError | ValueError):
            self._report_malformed(record)

    def _report_malformed(self, record: logging.LogRecord) -> None:
        # logging's own report shows the arguments, which nobody has redacted.
        with contextlib.suppress(OSError, ValueError):
            self.stream.write(f"a log record of {record.name} could not be formatted ({record.pathname})\n")

    def say(self, level: int, text: str) -> None:
        """Write a line about logging itself."""
        self.handle(
            logging.makeLogRecord(
                {"name": "log", "levelno": level, "msg": text, "levelname": logging.getLevelName(level)}
            )
        )


class FileHandler(RotatingFileHandler):
    """A rotating file that survives a full disk: one warning when it fails, one when it works again.

    It also follows its name: logrotate may rotate it, and several processes may write to it.
    """

    def __init__(self, path: Path, terminal: TerminalHandler, *, max_bytes: int, backups: int) -> None:
        self._size = 0
        super().__init__(path, maxBytes=max_bytes, backupCount=backups, encoding="utf-8")
        self._path = Path(self.baseFilename)
        self._terminal = terminal
        self._lost = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record, or count it as lost."""
        lost = self._lost
        super().emit(record)
        if lost and lost == self._lost:
            self._terminal.say(
                logging.WARNING, f"log file works again, {lost} lines were lost: {self.baseFilename}"
            )
            self._lost = 0

    def shouldRollover(self, _record: logging.LogRecord) -> bool:  # noqa: N802 - the name that logging calls
        """Whether the file is full; the original formats every record a second time to know."""
        self._follow_name()
        return self._size >= self.maxBytes

    def doRollover(self) -> None:  # noqa: N802 - the name that logging calls
        """Begin the file anew, unless another process that writes to it just did."""
        # The lock is to outlast the stream, which is closed on the way.
        held = os.dup(self._follow_name().fileno())
        try:
            fcntl.flock(held, fcntl.LOCK_EX)
            self._follow_name()
            if os.path.samestat(os.fstat(held), self._opened) and self._size >= self.maxBytes:
                super().doRollover()
        finally:
            os.close(held)

    def _open(self) -> TextIOWrapper:
        stream = super()._open()
        self._opened = os.fstat(stream.fileno())
        return stream

    def _follow_name(self) -> TextIOWrapper:
        """The stream to the file that has the name now: logrotate or another process may have renamed the old one.

        One look for each line, and one call of the system a look: it tells the file's size, too.
        """
        try:
            named = self._path.stat()
        except FileNotFoundError:
            named = None
        except OSError:
            named = self._opened  # who may not look could not open it anew either
        if self.stream is not None and (named is None or not os.path.samestat(named, self._opened)):
            self.stream.close()
            self.stream = None
        stream = self.stream
        if stream is None:
            self.stream = stream = self._open()
            named = self._opened
        self._size = named.st_size if named is not None else 0  # 0 for a device, which is never rotated
        return stream

    def handleError(self, _record: logging.LogRecord) -> None:  # noqa: N802 - the name that logging calls
        """Give the failed file up; the next record opens it anew, so that it heals when the disk does."""
        if not isinstance(sys.exception(), OSError | ValueError):
            return  # a malformed record, which the terminal's handler reports
        if not self._lost:
            reason = describe(sys.exception())
            self._terminal.say(
                logging.WARNING,
                f"log file can't be written ({reason}), lines go to standard error only: {self.baseFilename}",
            )
        self._lost += 1
        stream, self.stream = self.stream, None
        if stream is not None:
            with contextlib.suppress(OSError, ValueError):
                stream.close()  # what it still holds is lost with the disk

    def write_or_raise(self, text: str) -> None:
        """Write a line past all error handling."""
        stream = self._follow_name()
        stream.write(text)
        stream.flush()


def describe(error: BaseException | None) -> str:
    """The reason of an error of the operating system, without the path that it repeats."""
    return getattr(error, "strerror", None) or str(error)


def open_log_file(
    path: Path, formatter: logging.Formatter, terminal: TerminalHandler, *, max_bytes: int, backups: int
) -> FileHandler:
    """A handler for ``path`` whose first line is on the disk. Raises LogUnwritableError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = FileHandler(path, terminal, max_bytes=max_bytes, backups=backups)
    except (OSError, ValueError) as error:
        raise _unwritable(path, error) from None
    handler.setFormatter(formatter)
    first = logging.makeLogRecord(
        {"name": "log", "levelno": logging.INFO, "levelname": "INFO", "msg": "log opened"}
    )
    try:
        handler.write_or_raise(handler.format(first) + "\n")
    except (OSError, ValueError) as error:
        with contextlib.suppress(OSError, ValueError):
            handler.close()
        raise _unwritable(path, error) from None
    return handler


def _unwritable(path: Path, error: Exception) -> LogUnwritableError:
    return LogUnwritableError(
        f"LOG_FILE = {str(path)!r}: can't be written ({describe(error)}); make room or give this user the right to "
        "write there, name another file, or leave LOG_FILE empty to log to standard error only"
    )
