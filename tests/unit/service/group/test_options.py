"""What can't be followed by way of Kafka is refused before anything is opened."""

import pytest

from binlog_watcher.errors import ConfigError
from binlog_watcher.kafka.options import group_of
from binlog_watcher.service.group.options import insist_on_sense
from binlog_watcher.settings.settings import Settings

GIVEN = {"kafka_brokers": ("127.0.0.1:9092",), "kafka_topic": "cartwake", "kafka_member": "one"}


def test_a_member() -> None:
    settings = Settings.model_validate(GIVEN)
    insist_on_sense(settings)
    group = group_of(settings)
    assert (group.brokers, group.topics, group.group, group.member) == (
        ("127.0.0.1:9092",), ["cartwake"], "cartwake", "one",
    )  # fmt: skip
    assert group_of(settings.model_copy(update={"kafka_member": ""})).member is None


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"kafka_topic": ""}, "KAFKA_TOPIC is not set"),
        ({"dry_run": True}, "would take partitions from those that do"),
        ({"shop_schema": "woocommerce"}, "its carts are documents"),
    ],
)
def test_what_makes_no_sense(changed: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        insist_on_sense(Settings.model_validate(GIVEN | changed))
