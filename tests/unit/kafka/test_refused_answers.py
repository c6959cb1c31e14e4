"""What the cluster refuses to say is not taken for an answer; the mock cluster can't be made to refuse it."""

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka import OFFSET_INVALID, KafkaError, KafkaException, TopicPartition

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
