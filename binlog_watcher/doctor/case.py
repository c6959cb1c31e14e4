"""What is looked at: the settings, the server behind them, and the ways to what lies beyond."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from binlog_watcher.doctor.finding import Check
from binlog_watcher.doctor.server import Server
from binlog_watcher.errors import DatabaseUnavailableError
from binlog_watcher.settings.settings import Settings
from binlog_watcher.shop.schema import Schema
from mailer import Address, SmtpSettings


@dataclass(slots=True)
class Case:
    """What lies on floors above is handed over: each raises ConfigError.

    ``smtp``: how mails are handed over. ``make_mails``: makes all that a mail is made of. ``insist_on_stores``: that
    the listed stores go with a preset, which does or does not tell a cart's store. ``ask_dns``: the TXT records of a
    name, see ``dns_check``. ``send_to``: who gets a mail on trial, which ``sign`` signs. ``reached``: the server, None
    while it is not.
    """

    settings: Settings
    smtp: Callable[[], SmtpSettings]
    make_mails: Callable[[], None]
    insist_on_stores: Callable[[Schema, bool], None]
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
