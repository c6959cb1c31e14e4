"""`cartwake grants` and `cartwake uninstall`: what an administrator of MySQL runs for Cartwake."""

from binlog_watcher.settings.grants import Grants
from binlog_watcher.settings.settings import Settings


def grants(settings: Settings, account: str | None = None) -> Grants:
    """For ``account``: ``name`` or ``name@host``; default: that of the settings, from any host."""
    name = account or settings.mysql_user
    user, at, host = name.rpartition("@") if account else (name, "", "")
    if not at:
        user, host = name, "%"
    return Grants(
        user, host, settings.mysql_database, tuple(settings.preset().tables()), writes=not settings.dry_run
    )
