"""Writes a ``.env``: every value quoted so that ``settings/env.py`` reads it back as it was, and never half a file."""

import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path

from binlog_watcher.errors import ConfigError

_PLAIN = re.compile(r"[A-Za-z0-9_./:@,+%=-]*")
"""What needs no quotes, for us nor for a shell that reads the file."""

_IN_SINGLE = str.maketrans({"\\": "\\\\", "'": "\\'"})
_IN_DOUBLE = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r"})
_SPECIAL_IN_DOUBLE = frozenset('"\\$`')
"""For a shell, or for us."""


def assignment(name: str, text: str) -> str:
    """The line ``NAME=value``, in single quotes where it needs some; in double ones if single ones would not do."""
    if _PLAIN.fullmatch(text):
        return f"{name}={text}"
    if "\n" in text or "\r" in text or ("'" in text and not set(text) & _SPECIAL_IN_DOUBLE):
        return f'{name}="{text.translate(_IN_DOUBLE)}"'
    return f"{name}='{text.translate(_IN_SINGLE)}'"


def env_text(head: str, sections: Mapping[str, Mapping[str, str]]) -> str:
    """A whole file: ``head``, then each section's settings under its title; empty sections are left out."""
    blocks = [
        "\n".join([f"# {title}", *(assignment(name, text) for name, text in settings.items())])
        for title, settings in sections.items()
        if settings
    ]
    return "\n\n".join([head, *blocks]) + "\n"


def insist_on_folder(path: Path) -> None:
    """Raises ConfigError where no file could be written: better before many questions than behind them."""
    folder = path.resolve().parent
    if not (folder.is_dir() and os.access(folder, os.W_OK)):
        raise ConfigError(
            f"{folder}: this user can't write there; start in another folder, or name a --file elsewhere"
        )


def write_env(path: Path, text: str) -> Path | None:
    """Write the file at once or not at all, for its owner only (mode 600); an older one is kept, and where is returned.

    A link is followed. Raises ConfigError where that can't be.
    """
    path = path.resolve()
    new = path.with_name(f"{path.name}.{secrets.token_hex(4)}.new")
    try:
        content = text.encode()
        kept = _keep(path)
        try:
            _write(new, content)
            new.replace(path)
        finally:
            new.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigError(
            f"{path}: can't be written ({error.strerror}); start in a folder that this user may write to, or name "
            "another file with --file"
        ) from error
    return kept


def _keep(path: Path) -> Path | None:
    """Copy the file to the first name that is free of ``.env.bak``, ``.env.bak2`` and so on."""
    if not path.exists():
        return None
    content = path.read_bytes()
    nth = 1
    while True:
        kept = path.with_name(f"{path.name}.bak{nth if nth > 1 else ''}")
        try:
            _write(kept, content)
        except FileExistsError:
            nth += 1
        else:
            return kept


def _write(path: Path, content: bytes) -> None:
    """A file that was not there, whole or not at all. Its mode is set before there is anything in it."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink()
        raise
