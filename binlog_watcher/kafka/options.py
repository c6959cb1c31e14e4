"""What a source of Kafka's records is made of."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from binlog_watcher.binlog.decoding.statement import StatementReader
from binlog_watcher.kafka.partition import Trouble
from binlog_watcher.kafka.tables import Tables
from binlog_watcher.settings.settings import Settings


@dataclass(frozen=True, slots=True)
class GroupOptions:
    """Which topics are read, and as whom.

    ``brokers``: ``host:port``, some of the cluster's. ``member``: a name that this process, and no other of the group,
    has at each start (static membership): whoever is back within ``session_s`` has its partitions without a rebalance,
    and for that long nobody else gets them. ``security``: settings of the client, by librdkafka's names.
    """

    brokers: Sequence[str]
    topics: Sequence[str]
    group: str
    member: str | None = None
    session_s: float = 15.0
    security: Mapping[str, str] = field(default_factory=dict, repr=False)


def group_of(settings: Settings) -> GroupOptions:
    """Which topic is read, and as whom. Raises ConfigError for what is missing."""
    settings.insist_on_kafka()
    return GroupOptions(
        brokers=settings.kafka_brokers,
        topics=[settings.kafka_topic],
        group=settings.kafka_group,
        member=settings.kafka_member or None,
        session_s=settings.kafka_session_seconds,
        security=settings.kafka_security,
    )


@dataclass(frozen=True, slots=True)
class KafkaOptions:
    """``tables`` and ``statements``: what rows and statements mean.

    ``needed_since``: when the earliest of a partition's carts is due that is armed or in hand (None: there is none).
    ``now_us``: MySQL's clock. ``missed``: told of what the records don't tell; the tables must be read for it.
    """

    group: GroupOptions
    tables: Tables
    statements: StatementReader
    threshold_us: int
    now_us: Callable[[], int]
    needed_since: Callable[[str], int | None]
    missed: Callable[[Trouble], None] = lambda _trouble: None
