"""What is looked at: the settings, the server behind them, and the ways to what lies beyond."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from binlog_watcher.doctor.finding import Check
from binlog_watcher.doctor.server import Server
from binlog_watcher.errors import DatabaseUnavailableError
from binlog_watcher.settings.settings import Settings
from mailer import Address, SmtpSettings


@dataclass(slots=True)
class Case:
    """``reached``: the server, None while it is not. ``smtp``: how mails are handed over, made of the settings.

    ``ask_dns``: the TXT records of a name, see ``dns_check``. ``send_to``: who gets a mail on trial, which
    ``sign`` signs.
    """

    settings: Settings
    smtp: Callable[[], SmtpSettings]
    ask_dns: Callable[[str], Sequence[str]]
    sign: Callable[[bytes], bytes]
    send_to: Address | None = None
    reached: Server | None = None

    @property
    def server(self) -> Server:
        """Raises DatabaseUnavailableError while it can't be reached."""
        if self.reached is None:
            raise DatabaseUnavailableError("MySQL can't be reached")
        return self.reached


def of_server(check: Check[Server]) -> Check[Case]:
    """The same check for a case."""
    return with_server(Check(check.id, lambda case: check.look(case.server), check.settings, check.needs))


def with_server(check: Check[Case]) -> Check[Case]:
    """The same check, to be made only where the server is reached."""
    return replace(check, needs=("mysql.connection", *check.needs))
