"""`cartwake grants` and `cartwake uninstall`: what an administrator of MySQL runs for Cartwake."""

from binlog_watcher.errors import ConfigError
from binlog_watcher.settings.grants import Grants
from binlog_watcher.settings.settings import Settings


def grants(settings: Settings, account: str | None = None) -> Grants:
    """For ``account``: ``name`` or ``name@host``; default: that of the settings, from any host."""
    name = account or settings.mysql_user
    user, at, host = name.rpartition("@") if account else (name, "", "")
    if not at:
        user, host = name, "%"
    return Grants(
        user,
        host,
        settings.mysql_database,
        tuple(settings.preset().tables()),
        writes=not settings.dry_run,
        kafka=bool(settings.kafka_brokers),
    )


def password_of(settings: Settings) -> str:
    """What a new account is to have. Raises ConfigError for none."""
    if not (password := settings.mysql_password.get_secret_value()):
        raise ConfigError(
            "MYSQL_PASSWORD is not set: an account without a password would be open to everybody"
        )
    return password
