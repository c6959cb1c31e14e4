"""What the cluster refuses to say is not taken for an answer; the mock cluster can't be made to refuse it."""

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka import OFFSET_INVALID, KafkaError, KafkaException, TopicPartition
from structlog.testing import capture_logs

from binlog_watcher.errors import ConfigError
from binlog_watcher.kafka.client import ends_the_client, insist_on_sense
from binlog_watcher.kafka.options import GroupOptions
from binlog_watcher.kafka.stats import KafkaStats
from binlog_watcher.kafka.worker import Worker

if TYPE_CHECKING:
    from binlog_watcher.core.source import Batch

COORDINATOR_AWAY = KafkaError(KafkaError.COORDINATOR_NOT_AVAILABLE)


class Refusing:
    """A consumer whose group's coordinator does not say what was committed of the second partition."""

    def committed(self, partitions: list[TopicPartition], timeout: float) -> list[Any]:
        assert timeout > 0
        return [
            SimpleNamespace(
                topic=one.topic, partition=one.partition, offset=OFFSET_INVALID, metadata=None,
                error=COORDINATOR_AWAY if one.partition else None,
            )
            for one in partitions
        ]  # fmt: skip


def test_a_position_that_is_not_told_is_asked_again_by_joining_anew() -> None:
    told: list[Batch] = []
    options: Any = SimpleNamespace()  # nothing is asked of them before the answer is refused
    consumer: Any = Refusing()
    worker = Worker(options, told.append, KafkaStats())
    with pytest.raises(KafkaException) as refused:
        worker._assigned(consumer, [TopicPartition("cartwake", 0), TopicPartition("cartwake", 1)])
    assert refused.value.args[0].code() == KafkaError.COORDINATOR_NOT_AVAILABLE
    assert told == []


def test_a_name_that_two_have_is_told_however_the_client_wraps_it() -> None:
    options = GroupOptions(["kafka.example.com:9092"], ["cartwake"], "cartwake", member="worker-1")
    words = "Fatal error: Broker: Static consumer fenced by other consumer with same group.instance.id"
    for error in (KafkaError(KafkaError.FENCED_INSTANCE_ID), KafkaError(KafkaError._FATAL, words)):
        with pytest.raises(ConfigError, match="another process is member 'worker-1'"):
            insist_on_sense(error, options)
    insist_on_sense(KafkaError(KafkaError._FATAL, "out of memory"), options)
    assert ends_the_client(KafkaError(KafkaError._FATAL))
    assert not ends_the_client(COORDINATOR_AWAY)


def test_a_broker_that_is_away_is_told_once_for_a_while() -> None:
    options: Any = SimpleNamespace(group=GroupOptions(["kafka.example.com:9092"], ["cartwake"], "cartwake"))
    worker = Worker(options, lambda _: None, KafkaStats())
    with capture_logs() as told:
        for code in (KafkaError._TRANSPORT, KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN):
            worker._errors.append(KafkaError(code))
            worker._look_at_errors()
    assert [one["event"] for one in told] == ["kafka.trouble"] * 2
