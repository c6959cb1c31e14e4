"""What the cluster says of the topic and of the group; for whoever writes the marks, and for the doctor."""

from typing import Any, NamedTuple

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import ConfigResource  # what its package gives out, without a type
from confluent_kafka.admin._resource import ResourceType

from binlog_watcher.errors import CartwakeError, ConfigError
from binlog_watcher.kafka.client import insist_on_sense
from binlog_watcher.kafka.options import GroupOptions, group_of
from binlog_watcher.settings.settings import Settings

ASKING_S = 10.0


class BrokersUnavailableError(CartwakeError):
    """Kafka can't be reached just now: worth trying again after a while."""

    exit_code = 69  # as of a database that can't be


class Keeping(NamedTuple):
    """For how long a topic keeps its records, in milliseconds (None: for ever), and whether it is compacted."""

    retention_ms: int | None
    compacted: bool


class Topics:
    """Every method blocks up to ``ASKING_S``. Raises BrokersUnavailableError; ConfigError where a human must act."""

    def __init__(self, options: GroupOptions) -> None:
        self._options = options
        try:
            self._admin = AdminClient(
                {**options.security, "bootstrap.servers": ",".join(options.brokers), "log_level": 0}
            )
        except (KafkaException, ValueError) as error:
            raise ConfigError(f"the Kafka client refuses its settings: {error}") from error

    @classmethod
    def of(cls, settings: Settings) -> "Topics":
        """Of the settings' cluster. Raises ConfigError for what the client refuses."""
        return cls(group_of(settings))

    def partitions(self, topic: str) -> int:
        """How many the topic has; 0: there is no such topic."""
        try:
            found = self._admin.list_topics(topic, timeout=ASKING_S).topics[topic]
        except KafkaException as error:
            raise self._explained(error) from error
        return 0 if found.error is not None else len(found.partitions)

    def keeping(self, topic: str) -> Keeping:
        """How the topic keeps its records."""
        resource = ConfigResource(ResourceType.TOPIC, topic)
        try:
            (asked,) = self._admin.describe_configs([resource], request_timeout=ASKING_S).values()
            found: dict[str, Any] = asked.result()
        except KafkaException as error:
            raise self._explained(error) from error
        retention_ms = int(found["retention.ms"].value)
        return Keeping(
            None if retention_ms < 0 else retention_ms, "compact" in str(found["cleanup.policy"].value)
        )

    def insist_on_group(self, topic: str) -> None:
        """Ask what the group has committed, as an instance does: it takes the rights that an instance needs."""
        consumer = Consumer(
            {
                **self._options.security,
                "bootstrap.servers": ",".join(self._options.brokers),
                "group.id": self._options.group,
                "log_level": 0,
            }
        )
        try:
            (found,) = consumer.committed([TopicPartition(topic, 0)], timeout=ASKING_S)
        except KafkaException as error:
            raise self._explained(error) from error
        finally:
            consumer.close()
        if found.error is not None:
            raise self._explained(KafkaException(found.error))

    def _explained(self, error: KafkaException) -> BrokersUnavailableError:
        insist_on_sense(error.args[0], self._options)
        where = ", ".join(self._options.brokers)
        return BrokersUnavailableError(f"Kafka at {where} gives no answer: {error.args[0].str()}")
