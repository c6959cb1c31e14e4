"""Logging: one readable line an event, on standard error and in a rotating file.

``2026-01-31T12:00:00.123Z INFO    recovery.finished cart=7 outcome=sent lateness_ms=41``

With LOG_FORMAT=json the same as an object a line: ``time``, ``level``, ``event``, ``logger`` of other libraries, the
values, and a traceback in ``traceback``.

Times are UTC. Line breaks and other control characters in values are escaped, so that no customer's name can
forge a line. Mail addresses are masked and registered secrets replaced in everything written, tracebacks
included. Tracebacks (never with local variables) go to the file, each of their lines marked with ``  | ``; the
terminal shows one line, unless the level is DEBUG or there is no file.
"""

import functools
import json
import logging
import os
import re
import sys
import threading
import traceback
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor

from binlog_watcher.errors import CartwakeError
from binlog_watcher.telemetry.handlers import FileHandler, TerminalHandler, open_log_file
from binlog_watcher.telemetry.redact import Redactor

REDACTOR = Redactor()
register_secret = REDACTOR.register

_NOISY = (
    "aiosmtplib", "asyncio", "css_inline", "google", "grpc", "httpcore", "httpcore2", "httpx", "httpx2", "mail.log",
    "pymysql", "pymysqlreplication", "sqlalchemy", "urllib3",
)  # fmt: skip
_COLOURS = {
    "debug": "\x1b[2m",
    "info": "\x1b[32m",
    "warning": "\x1b[33m",
    "error": "\x1b[31m",
    "critical": "\x1b[31m",
}
_PROCESSORS: list[Processor] = [
    # One list for all times: loggers cache it, and structlog's capture_logs() changes it in place.
    structlog.stdlib.filter_by_level,
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
]
_PLAIN = re.compile(r"[^\s\"'=\\]+")
_OUR_KEYS = frozenset({"event", "level", "exc_info", "stack_info", "_record", "_from_structlog", "_words"})


def configure_logging(
    level: str = "INFO",
    file: Path | None = None,
    *,
    max_mb: int = 10,
    backups: int = 5,
    json_lines: bool = False,
    stream: TextIO | None = None,
) -> None:
    """Send the events of structlog and of the standard library to ``stream`` (standard error) and ``file``.

    ``file`` is begun anew at ``max_mb`` megabytes, ``backups`` older ones are kept; its folder is created. A disk
    that fills up later costs log lines and one warning, not the service. Callable again: the last call counts.

    ``json_lines``: an object a line.

    Raises LogUnwritableError when the first line can't be written to ``file``.
    """
    stream = sys.stderr if stream is None else stream
    coloured = stream.isatty() and "NO_COLOR" not in os.environ
    terminal = TerminalHandler(stream)
    tracebacks = level == "DEBUG" or file is None
    terminal.setFormatter(
        _formatter(_JsonLine(tracebacks) if json_lines else _Line(coloured=coloured, tracebacks=tracebacks))
    )
    handlers: list[logging.Handler] = [terminal]
    if file is not None:
        formatter = _formatter(
            _JsonLine(tracebacks=True) if json_lines else _Line(coloured=False, tracebacks=True)
        )
        handlers.append(
            open_log_file(file, formatter, terminal, max_bytes=max_mb * 1_000_000, backups=backups)
        )
    root = logging.getLogger()
    for old in [old for old in root.handlers if isinstance(old, TerminalHandler | FileHandler)]:
        root.removeHandler(old)
        old.close()
    for handler in handlers:
        root.addHandler(handler)
    root.setLevel(level)
    for name in _NOISY:
        # Their DEBUG lines hold protocol dumps: statements with addresses, requests with keys.
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)
    structlog.configure(
        processors=_PROCESSORS,
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def log_uncaught() -> None:
    """Let exceptions that nobody caught, in any thread, end up in the log as one event."""

    def in_main(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
        elif isinstance(error, CartwakeError):
            for line in str(error).splitlines():
                structlog.get_logger("cartwake").error(line)
        else:
            structlog.get_logger("cartwake").critical("crashed", exc_info=(kind, error, trace))

    def in_thread(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None and not issubclass(args.exc_type, SystemExit):
            in_main(args.exc_type, args.exc_value, args.exc_traceback)

    sys.excepthook = in_main
    threading.excepthook = in_thread


def summarise(error: BaseException) -> str:
    """An exception in one line, ``ValueError: text``; of a group its members, since the group says nothing."""
    if isinstance(error, BaseExceptionGroup):
        return "; ".join(map(summarise, error.exceptions))
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _formatter(line: "_Line | _JsonLine") -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(processors=[line])


class _Line:
    """The last processor: renders an event as a line, redacted."""

    def __init__(self, *, coloured: bool, tracebacks: bool) -> None:
        self._coloured = coloured
        self._tracebacks = tracebacks

    def __call__(self, _logger: object, _method: str, event: EventDict) -> str:
        record: logging.LogRecord = event["_record"]
        error = _exception(event.get("exc_info"))
        line = f"{_time(record)} {self._level(record)} {_words(record, event, error)}"
        if error is not None and self._tracebacks:
            # Redacted before it is cut into lines, for a secret may span them.
            lines = REDACTOR.redact("".join(traceback.format_exception(error))).splitlines()
            line = "\n  | ".join([line, *map(_escape, lines)])
        return line

    def _level(self, record: logging.LogRecord) -> str:
        padded = f"{record.levelname:<7}"
        colour = _COLOURS.get(record.levelname.lower(), "")
        return f"{colour}{padded}\x1b[0m" if self._coloured else padded


class _JsonLine:
    """The last processor: renders an event as a JSON object in one line, redacted."""

    def __init__(self, tracebacks: bool) -> None:
        self._tracebacks = tracebacks

    def __call__(self, _logger: object, _method: str, event: EventDict) -> str:
        record: logging.LogRecord = event["_record"]
        error = _exception(event.get("exc_info"))
        line: dict[str, object] = {
            "time": _time(record), "level": record.levelname.lower(), "event": _text(event["event"]),
        }  # fmt: skip
        if not event["_from_structlog"]:
            line["logger"] = record.name
        line |= {
            key: value if value is None or isinstance(value, bool | int | float) else _text(value)
            for key, value in event.items()
            if key not in _OUR_KEYS and key not in line
        }
        if error is not None:
            line["exception"] = _text(summarise(error))
            if self._tracebacks:
                line["traceback"] = REDACTOR.redact("".join(traceback.format_exception(error)))
        return json.dumps(line)


def _words(record: logging.LogRecord, event: EventDict, error: BaseException | None) -> str:
    """The event and its values, the same for the terminal and the file: made once."""
    made = event.get("_words")
    if isinstance(made, str):
        return made
    values = {key: value for key, value in event.items() if key not in _OUR_KEYS}
    if error is not None:
        values["exception"] = summarise(error)
    words = [
        _escape(_text(event["event"])),
        *(f"{key}={_quote(_text(value))}" for key, value in values.items()),
    ]
    if not event["_from_structlog"]:
        words.insert(0, f"[{record.name}]")
    line = " ".join(words)
    if isinstance(record.msg, dict):  # structlog's own, of which each formatter gets a copy
        record.msg["_words"] = line
    return line


def _time(record: logging.LogRecord) -> str:
    seconds = int(record.created)
    return f"{_second(seconds)}.{int((record.created - seconds) * 1000):03}Z"


@functools.lru_cache(maxsize=4)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _exception(exc_info: Any) -> BaseException | None:
    match exc_info:
        case BaseException():
            return exc_info
        case (_, BaseException() as error, _):
            return error
        case True:
            return sys.exc_info()[1]
    return None


def _text(value: object) -> str:
    """A value as text, redacted: before it is escaped, since a secret may hold what gets escaped."""
    try:
        text = str(value)
    except Exception as error:  # noqa: BLE001 - whatever a foreign __str__ raises must not cost the event
        text = f"<{type(value).__name__} that can't be shown: {type(error).__name__}>"
    return REDACTOR.redact(text)


def _escape(text: str) -> str:
    """Line breaks, terminal codes, direction marks and lone surrogates as backslash escapes."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def _quote(text: str) -> str:
    if _PLAIN.fullmatch(text):
        return _escape(text)
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{_escape(escaped)}"'
