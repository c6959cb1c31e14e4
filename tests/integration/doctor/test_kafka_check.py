"""What the doctor says of the way through Kafka: a mock cluster, a real MySQL, and each fault really made."""

from collections.abc import Iterator
from typing import Any

import pytest
from fakes.examined import examined, found
from fakes.kafka import PARTITIONS, Cluster, mock_cluster

from binlog_watcher.demo.process import free_port
from binlog_watcher.doctor import kafka_check
from binlog_watcher.doctor.finding import Finding, Mark
from binlog_watcher.errors import ConfigError
from binlog_watcher.kafka import topics
from binlog_watcher.kafka.topics import BrokersUnavailableError, Keeping
from binlog_watcher.store.own_tables.group import Clock, GroupTables

HOUR_MS = 3_600_000


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with mock_cluster() as opened:
        yield opened


def looked_at(check: str, brokers: str, **settings: Any) -> list[Finding]:
    given = {"KAFKA_BROKERS": brokers, "KAFKA_TOPIC": "carts"} | settings
    return found(examined(check, **given), check)


def test_whoever_follows_the_binlog_hears_nothing_of_it() -> None:
    silent = {"kafka.client", "kafka.topic", "kafka.retention", "kafka.group"}
    assert not {one.id for one, _ in examined("kafka").results} & silent


def test_a_topic_that_is_there_and_brokers_that_are_not(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    brokers = ",".join(cluster.brokers)
    cluster.producer.list_topics("carts", timeout=10)  # makes it
    (client,), (topic,), (group,) = (
        looked_at(check, brokers) for check in ("kafka.client", "kafka.topic", "kafka.group")
    )
    assert [one.mark for one in (client, topic, group)] == [Mark.OK] * 3
    assert f"{PARTITIONS} partitions" in topic.seen
    monkeypatch.setattr(topics, "ASKING_S", 0.5)
    away = f"127.0.0.1:{free_port()}"
    (topic,) = looked_at("kafka.topic", away)
    assert topic.mark is Mark.FAILED
    assert f"Kafka at {away} gives no answer" in topic.seen


def test_settings_that_lack_something() -> None:
    report = examined("kafka", KAFKA_BROKERS="127.0.0.1:9092", KAFKA_SECURITY_PROTOCOL="sasl_ssl")
    said = [one.seen for one in found(report, "kafka.client")]
    assert [one.partition(" is")[0] for one in said] == [
        "KAFKA_TOPIC", "KAFKA_SASL_USERNAME", "KAFKA_SASL_PASSWORD",
    ]  # fmt: skip
    (topic,) = found(report, "kafka.topic")
    assert topic.mark is Mark.NOT_LOOKED_AT


@pytest.mark.parametrize(
    ("keeping", "mark", "said"),
    [
        (Keeping(None, compacted=False), Mark.OK, "long enough"),
        (Keeping(73 * HOUR_MS, compacted=False), Mark.OK, "long enough"),
        (Keeping(72 * HOUR_MS, compacted=False), Mark.FAILED, "for 72 h"),
        (Keeping(None, compacted=True), Mark.FAILED, "is compacted"),
        (BrokersUnavailableError("not told"), Mark.NOT_LOOKED_AT, "not told"),
        (None, Mark.FAILED, "there is no topic carts"),
    ],
)
def test_a_topic_keeps_what_timers_need(
    keeping: Keeping | Exception | None, mark: Mark, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Topics:
        def partitions(self, _topic: str) -> int:
            return 0 if keeping is None else 4

        def keeping(self, _topic: str) -> Keeping:
            if isinstance(keeping, Exception):
                raise keeping
            assert keeping is not None
            return keeping

    monkeypatch.setattr(kafka_check, "_topics", lambda _case: Topics())
    (finding,) = looked_at("kafka.topic" if keeping is None else "kafka.retention", "127.0.0.1:9092")
    assert finding.mark is mark
    assert said in finding.seen


def test_without_the_client(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_case: object) -> None:
        raise ModuleNotFoundError(name="confluent_kafka")

    monkeypatch.setattr(kafka_check, "_topics", missing)
    (finding,) = looked_at("kafka.client", "127.0.0.1:9092")
    assert finding.mark is Mark.FAILED
    assert finding.seen == "confluent_kafka is not installed"
    assert "'cartwake[kafka]'" in finding.mend


def test_what_only_a_human_can_mend_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_case: object) -> None:
        raise ConfigError("the Kafka client refuses its settings")

    monkeypatch.setattr(kafka_check, "_topics", refused)
    (finding,) = looked_at("kafka.client", "127.0.0.1:9092")
    assert finding.mark is Mark.FAILED


@pytest.mark.parametrize("server", ["mysql"], indirect=True)
def test_marks_that_come_and_marks_that_do_not(shop: Any) -> None:
    def look() -> Finding:
        (finding,) = looked_at(
            "kafka.marks", "127.0.0.1:9092", MYSQL_PORT=shop.server.port, MYSQL_USER=shop.server.user,
            MYSQL_PASSWORD=shop.server.password, MYSQL_DATABASE=shop.name,
        )  # fmt: skip
        return finding

    assert "creates its tables" in look().seen
    tables = GroupTables(shop.database, "cartwake", "one")
    tables.create()
    assert "no instance runs" in look().seen
    tables.write_marks([0, 1])
    assert look().mark is Mark.WARNING
    now_us = shop.clock.now_us()
    tables.write_clocks([Clock("carts[0]", now_us, 0), Clock("carts[1]", now_us - 60_000_000, 0)], 0)
    assert "of 2 partitions 1 are not known" in look().seen
    tables.write_clocks([Clock("carts[1]", now_us, 0)], 0)
    assert look().seen == "marks come through all 2 partitions, which 1 instances have"
