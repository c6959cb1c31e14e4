"""A Maildir (https://cr.yp.to/proto/maildir.html), as Postfix and Dovecot write it."""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mailer.mailbox.messages import LONGEST, MailboxError

_FLAGS = ":2,"
_SETTLED = frozenset("SFT")
"""Seen, flagged, or in the trash."""


@dataclass(frozen=True, slots=True)
class MaildirMessage:
    """A file in ``new`` or ``cur``; it is settled by its flags, in ``cur``."""

    path: Path
    raw: bytes

    def settle(self, *, understood: bool) -> None:
        """Rename it: one step, done or not done."""
        name, _, flags = self.path.name.partition(_FLAGS)
        flags = "".join(sorted({*flags, "S" if understood else "F"}))  # the order that the format asks for
        target = self.path.parents[1] / "cur" / f"{name}{_FLAGS}{flags}"
        try:
            self.path.rename(target)
        except FileNotFoundError:
            return  # another reader has it
        except OSError as error:
            raise _error(self.path, error) from error


@dataclass(frozen=True, slots=True)
class Maildir:
    """The folder with ``new`` and ``cur``."""

    folder: Path

    @contextlib.contextmanager
    def opened(self) -> Iterator["Maildir"]:
        """Raises MailboxError when it is no Maildir."""
        for name in ("new", "cur"):
            if not (self.folder / name).is_dir():
                raise MailboxError(
                    f"the Maildir {self.folder} has no folder {name} that can be read: check BOUNCE_MAILBOX, and that"
                    " this user may read and rename what is in it"
                )
        yield self

    def fresh(self, most: int) -> Iterator[MaildirMessage]:
        """What the mail server has delivered since, and what another reader has moved to ``cur`` unread."""
        for path in self._unsettled(most):
            try:
                with path.open("rb") as file:
                    raw = file.read(LONGEST)
            except FileNotFoundError:
                continue
            except OSError as error:
                raise _error(path, error) from error
            yield MaildirMessage(path, raw)

    def _unsettled(self, most: int) -> list[Path]:
        found: list[str] = []
        try:
            for name in ("new", "cur"):
                with os.scandir(self.folder / name) as entries:
                    found += [
                        f"{name}/{entry.name}"
                        for entry in entries
                        if not entry.name.startswith(".")
                        and not _SETTLED & set(entry.name.partition(_FLAGS)[2])
                        and entry.is_file(follow_symlinks=False)
                    ]
        except OSError as error:
            raise _error(self.folder, error) from error
        found.sort(key=lambda name: name.partition("/")[2])  # begins with the time of the delivery
        return [self.folder / name for name in found[:most]]


def _error(path: Path, error: OSError) -> MailboxError:
    return MailboxError(f"{path} can't be read or renamed ({error.strerror}): give this user the right to")
