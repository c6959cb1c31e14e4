"""`cartwake grants`: the statements that give an account what Cartwake needs, for an administrator of MySQL."""

from binlog_watcher.settings.grants import Grants
from binlog_watcher.settings.settings import Settings


def grants(settings: Settings, account: str | None = None) -> str:
    """A file for `mysql`. ``account``: ``name`` or ``name@host``; default: that of the settings, from any host."""
    user, host = _split(account) if account else (settings.mysql_user, "%")
    reads = tuple(settings.preset().tables())
    return Grants(user, host, settings.mysql_database, reads, writes=not settings.dry_run).script()


def _split(account: str) -> tuple[str, str]:
    user, at, host = account.rpartition("@")
    return (user, host) if at else (account, "%")
