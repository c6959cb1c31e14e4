"""Members of a consumer group on a broker that is one, though a small one."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.fault_proxy import FaultProxy
from fakes.kafka import PARTITIONS, Cluster, Instance, Shop, running, tansu_cluster
from fakes.waiting import until

from binlog_watcher.core.events import CartChanged, OrderPlaced
from binlog_watcher.demo.process import free_port
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


def are_shared_by(one: Instance, other: Instance) -> bool:
    """Whether each has half of the partitions, and what is in them."""
    parts = [instance.source.stats.partitions for instance in (one, other)]
    return all(len(some) == PARTITIONS // 2 for some in parts) and all(
        known.hydrated for some in parts for known in some.values()
    )


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


async def test_a_member_with_a_name_that_is_back_in_time_moves_no_partition(shop: Shop) -> None:
    for user in USERS:
        shop.cart("c", user)
    async with running(Instance(shop, member="stays")) as stays:
        async with running(Instance(shop, member="restarts")) as first:
            await until(lambda: are_shared_by(first, stays), PATIENCE_S)
            had, rebalances = set(first.source.stats.partitions), stays.source.stats.rebalances
        async with running(Instance(shop, member="restarts")) as again:
            await until(lambda: are_shared_by(again, stays), PATIENCE_S)
            assert set(again.source.stats.partitions) == had
            assert stays.source.stats.rebalances == rebalances
            assert again.dues() | stays.dues() == dict.fromkeys(USERS, 100.0)


async def test_a_broker_that_is_gone_and_back(tmp_path: Path) -> None:
    port = free_port()
    proxy = FaultProxy(port)
    with proxy.running(), tansu_cluster(tmp_path, port=port, told=proxy.port) as cluster:
        shop = Shop(cluster)
        shop.cart("c", 1)
        async with running(Instance(shop)) as instance:
            await until(lambda: instance.has(*range(PARTITIONS)), PATIENCE_S)
            shop.mark()
            await until(instance.up_to_date, PATIENCE_S)
            proxy.cut(refuse=True)
            shop.go_on(100)
            assert not instance.up_to_date()
            assert instance.fire() == []  # it is due, and might have been bought meanwhile
            proxy.mend()
            shop.order(1)
            shop.cart("c", 2)
            shop.mark()
            await until(instance.up_to_date, PATIENCE_S)
            assert instance.dues() == {2: 200.0}
            assert instance.fire() == []
        assert instance.missed == []
        assert any(shop.committed(partition) is not None for partition in range(PARTITIONS))
