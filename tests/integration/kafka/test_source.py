"""Members of a consumer group on a real protocol: who has which timers, what is committed, and when none may fire."""

import asyncio
import threading
from collections.abc import Iterator

import pytest
from confluent_kafka import Producer
from fakes.kafka import PARTITIONS, Cluster, Instance, Shop, mock_cluster, running
from fakes.waiting import until

from binlog_watcher.core.events import Assigned, Hydrated, Revoked
from binlog_watcher.core.source import Batch
from binlog_watcher.errors import ConfigError
from binlog_watcher.kafka import marks
from binlog_watcher.kafka.positions import Commit

PATIENCE_S = 60  # joining takes the mock cluster some seconds
USERS = range(1, 21)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with mock_cluster() as opened:
        yield opened


@pytest.fixture
def shop(cluster: Cluster) -> Shop:
    return Shop(cluster)


def brackets(instance: Instance, shop: Shop, partition: int) -> list[object]:
    return [
        event
        for batch in instance.batches
        for event in batch.events
        if isinstance(event, Assigned | Hydrated | Revoked) and event.partition == shop.name(partition)
    ]


async def test_timers_fire_by_marks_alone_and_move_to_the_next_owner(shop: Shop) -> None:
    for user in USERS:
        shop.cart("c", user)
    shop.go_on(10)
    moved, emptied, bought = 1, 2, 3
    shop.cart("u", moved)
    shop.cart("d", emptied)
    shop.order(bought)
    expected = {user: 100.0 for user in USERS if user != bought} | {moved: 110.0, emptied: 110.0}

    async with running(Instance(shop)) as first:
        await until(lambda: first.has(*range(PARTITIONS)) and first.dues() == expected, PATIENCE_S)
        shop.go_on(90)  # the carts of the beginning are due, by our clock
        assert first.fire() == []
        assert not first.up_to_date()
        shop.mark()
        await until(first.up_to_date, PATIENCE_S)
        fired = {int(cart.key) for cart in first.fire()}
        assert fired == set(USERS) - {moved, emptied, bought}
        shop.go_on(4)
        assert first.up_to_date()
        shop.go_on(1)  # no mark came for longer than three may be missed
        assert not first.up_to_date()
        shop.mark(0, 1, 2)
        shop.go_on(10)
        shop.mark(0, 1, 2)  # one partition hangs
        await until(lambda: first.source.stats.records == len(USERS) + 3 + 4 + 3 + 3, PATIENCE_S)
        assert {shop.partition(int(cart.key)) for cart in first.fire()} <= {0, 1, 2}
        assert not first.up_to_date()
        for cart in fired:
            if cart % 2:
                first.tracker.finish(cart)
    # Those in hand and not finished are needed still, and the others' records with them.
    left = {user for user in fired if user % 2 == 0}
    for partition in range(PARTITIONS):
        committed = shop.committed(partition)
        assert committed is not None
        if any(shop.partition(user) == partition for user in left):
            assert committed.position < committed.read_until
        assert brackets(first, shop, partition)[-1] == Revoked(
            shop.name(partition), "rebalance", for_good=True
        )
    assert first.dues() == {}

    shop.go_on(10)
    async with running(Instance(shop)) as second:
        await until(lambda: second.has(*range(PARTITIONS)), PATIENCE_S)
        dues = second.dues()
        assert {user: dues.get(user) for user in left} == dict.fromkeys(left, 100.0)
        assert bought not in dues
        assert second.fire() == []  # what was told again says nothing of now
        assert not second.up_to_date()
        shop.mark()
        await until(second.up_to_date, PATIENCE_S)
        assert left <= {int(cart.key) for cart in second.fire()}


async def test_a_second_member_takes_over_some_partitions_and_the_first_forgets_them(shop: Shop) -> None:
    for user in USERS:
        shop.cart("c", user)
    async with running(Instance(shop)) as first:
        await until(lambda: len(first.dues()) == len(USERS), PATIENCE_S)
        mine = dict(first.dues())
        async with running(Instance(shop)) as second:
            await until(
                lambda: (
                    len(first.source.stats.partitions)
                    == len(second.source.stats.partitions)
                    == PARTITIONS // 2
                    and len(first.dues()) + len(second.dues()) == len(USERS)
                ),
                PATIENCE_S,
            )
            assert first.dues() | second.dues() == mine
            stayed = set(first.source.stats.partitions)
            for partition in range(PARTITIONS):
                seen = [type(event) for event in brackets(first, shop, partition)]
                if shop.name(partition) in stayed:  # those that stay are not read again
                    assert seen == [Assigned, Hydrated]
                else:
                    assert seen == [Assigned, Hydrated, Revoked, Revoked]


async def test_a_member_that_was_away_too_long_forgets_and_commits_nothing(shop: Shop) -> None:
    for user in USERS:
        shop.cart("c", user)
    slow = {"max.poll.interval.ms": "6000", "log_level": "0"}
    frozen, thawed = threading.Event(), threading.Event()

    async with running(Instance(shop, security=slow)) as zombie:
        await until(lambda: zombie.has(*range(PARTITIONS)), PATIENCE_S)
        shop.mark()
        await until(zombie.up_to_date, PATIENCE_S)

        def freeze(batch: Batch) -> None:
            if not thawed.is_set():
                frozen.set()
                assert thawed.wait(PATIENCE_S)
            zombie.apply(batch)

        zombie.deliver = freeze
        shop.cart("u", 1)
        await until(frozen.is_set, PATIENCE_S)
        async with running(Instance(shop)) as heir:
            await until(lambda: heir.has(*range(PARTITIONS)), PATIENCE_S)
            shop.go_on(100)
            assert zombie.fire() == []
            assert not zombie.up_to_date()
            before = [shop.committed(partition) for partition in range(PARTITIONS)]
            thawed.set()
            await until(
                lambda: zombie.dues() == {} or len(heir.source.stats.partitions) < PARTITIONS, PATIENCE_S
            )
            after = [shop.committed(partition) for partition in range(PARTITIONS)]
            assert all(
                b is None or a is None or a.position >= b.position for b, a in zip(before, after, strict=True)
            )
            assert any(
                isinstance(event, Revoked) and event.for_good
                for batch in zombie.batches
                for event in batch.events
            )


async def test_what_cannot_be_read_is_told_and_the_others_go_on(shop: Shop) -> None:
    async with running(Instance(shop)) as instance:
        shop.cart("c", 1)
        shop.garbage(1)
        shop.cart("c", 2)
        await until(lambda: instance.dues().keys() == {1, 2}, PATIENCE_S)
        (missed,) = instance.missed
        assert (missed.reason, missed.place.topic, missed.place.offset) == ("decode", shop.topic, 1)
        assert instance.source.stats.troubles == {"decode": 1}


async def test_what_a_batch_raises_ends_the_source_and_is_read_again(shop: Shop) -> None:
    shop.cart("c", 1)
    instance = Instance(shop)

    def refuse(batch: Batch) -> None:
        if any(not isinstance(event, Assigned | Hydrated | Revoked) for event in batch.events):
            raise RuntimeError("no room")
        instance.apply(batch)

    instance.deliver = refuse
    with pytest.raises(RuntimeError, match="no room"):
        async with asyncio.timeout(PATIENCE_S), running(instance):
            await until(lambda: instance.source._error is not None, PATIENCE_S)
    assert shop.committed(shop.partition(1)) in {None, Commit(0, 0)}


async def test_settings_that_the_client_refuses(shop: Shop) -> None:
    instance = Instance(shop, security={"security.protocol": "carrier-pigeon"})
    with pytest.raises(ConfigError, match=r"the Kafka client refuses its settings: .*carrier-pigeon"):
        async with running(instance):
            await until(lambda: instance.source._error is not None, PATIENCE_S)


def test_a_row_goes_where_its_key_says(shop: Shop) -> None:
    """As librdkafka has Kafka's own rule, which Debezium's producer goes by."""
    settings = {"bootstrap.servers": ",".join(shop.cluster.brokers), "partitioner": "murmur2"}
    producer = Producer(settings | {"log_level": 0})
    found: dict[bytes | None, int | None] = {}
    keys = [marks.key_of(mark) for mark in range(60)] + [
        b'{"user_id":%d}' % user for user in (1, 22, 333, 4444)
    ]
    for key in keys:
        producer.produce(
            shop.topic, key=key, on_delivery=lambda _, got: found.update({got.key(): got.partition()})
        )
    assert producer.flush(20) == 0
    assert found == {key: marks.partition_of(key, PARTITIONS) for key in keys}
    assert set(found.values()) == set(range(PARTITIONS))
