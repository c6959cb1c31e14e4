"""What an instance is not started with."""

from binlog_watcher.errors import ConfigError
from binlog_watcher.settings.settings import Settings


def insist_on_sense(settings: Settings) -> None:
    """Raises ConfigError for what can't be read from Kafka, or not by several."""
    settings.insist_on_kafka()
    if settings.dry_run:
        raise ConfigError(
            "DRY_RUN is set: an instance that mails nobody would take partitions from those that do; try the "
            "settings with the binlog, without --source kafka"
        )
    schema = settings.preset()
    if schema.document is not None:
        raise ConfigError(
            f"SHOP_SCHEMA = {settings.shop_schema}: its carts are documents, which --source kafka can't follow yet; "
            "follow the binlog"
        )
