"""Access tokens for IMAP servers that take no password (Microsoft 365): those that a command prints. Blocking."""

import subprocess
from collections.abc import Callable, Sequence

from mailer.mailbox.messages import MailboxError

TIMEOUT_S = 20.0
_LONGEST = 16_384


def printed_by(command: Sequence[str]) -> Callable[[], str]:
    """What asks the command for a token, which it prints on its first line; it gets no shell and no input.

    The answer raises MailboxError.
    """

    def token() -> str:
        try:
            done = subprocess.run(  # noqa: S603 - the operator's own command
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # it may hold secrets
                timeout=TIMEOUT_S, check=False,
            )  # fmt: skip
        except OSError as error:
            raise MailboxError(
                f"BOUNCE_TOKEN_COMMAND can't be run ({error.strerror}): give the whole path of a program"
            ) from None
        except subprocess.TimeoutExpired:
            raise MailboxError(
                f"BOUNCE_TOKEN_COMMAND took longer than {TIMEOUT_S:g} s: run it by hand"
            ) from None
        if done.returncode:
            raise MailboxError(f"BOUNCE_TOKEN_COMMAND failed (exit {done.returncode}): run it by hand")
        text = done.stdout[: _LONGEST + 2].decode("ascii", "replace").partition("\n")[0].strip()
        if not (0 < len(text) <= _LONGEST and text.isascii() and text.isprintable()):
            raise MailboxError("BOUNCE_TOKEN_COMMAND printed no token: one line of ASCII is wanted")
        return text

    return token
