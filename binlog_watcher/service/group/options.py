"""From the settings to a member of the group."""

from binlog_watcher.errors import ConfigError
from binlog_watcher.kafka.options import GroupOptions
from binlog_watcher.settings.settings import Settings


def group_of(settings: Settings) -> GroupOptions:
    """Which topic is read, and as whom. Raises ConfigError for what is missing."""
    settings.insist_on_kafka()
    return GroupOptions(
        brokers=settings.kafka_brokers,
        topics=[settings.kafka_topic],
        group=settings.kafka_group,
        member=settings.kafka_member or None,
        security=settings.kafka_security,
    )


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
