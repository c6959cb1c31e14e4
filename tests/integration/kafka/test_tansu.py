"""Members of a consumer group on a broker that is one, though a small one."""

from collections.abc import Iterator

import pytest
from fakes.kafka import PARTITIONS, Cluster, Instance, Shop, running, tansu_cluster
from fakes.waiting import until

from binlog_watcher.core.events import CartChanged, OrderPlaced
from binlog_watcher.kafka.positions import Commit

PATIENCE_S = 60
USERS = range(1, 21)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with tansu_cluster(tmp_path_factory.mktemp("tansu")) as opened:
        yield opened


@pytest.fixture
def shop(cluster: Cluster) -> Shop:
    return Shop(cluster)


async def test_members_join_and_leave_and_the_positions_are_read_again(shop: Shop) -> None:
    for user in USERS:
        shop.cart("c", user)
    shop.go_on(10)
    shop.order(3)
    expected = {user: 100.0 for user in USERS if user != 3}
    async with running(Instance(shop)) as first:
        await until(lambda: first.has(*range(PARTITIONS)) and first.dues() == expected, PATIENCE_S)
        told = [event for batch in first.batches for event in batch.events]
        order = next(at for at, event in enumerate(told) if isinstance(event, OrderPlaced))
        assert any(isinstance(event, CartChanged) and event.key == 3 for event in told[:order])
        async with running(Instance(shop)) as second:
            await until(
                lambda: (
                    len(first.source.stats.partitions)
                    == PARTITIONS // 2
                    == len(second.source.stats.partitions)
                    and first.dues() | second.dues() == expected
                    and len(first.dues()) + len(second.dues()) == len(expected)
                ),
                PATIENCE_S,
            )
        await until(lambda: first.has(*range(PARTITIONS)) and first.dues() == expected, PATIENCE_S)
        shop.mark()
        shop.go_on(90)
        shop.mark()
        await until(first.up_to_date, PATIENCE_S)
        for cart in first.fire():
            first.tracker.finish(cart.key)
    for partition in range(PARTITIONS):
        committed = shop.committed(partition)
        assert committed is not None
        assert committed == Commit(committed.read_until, committed.read_until)  # nothing is needed any more
        assert committed.position > 0
    async with running(Instance(shop)) as third:
        await until(lambda: third.has(*range(PARTITIONS)), PATIENCE_S)
        assert third.dues() == {}
