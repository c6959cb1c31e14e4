"""`cartwake run --source kafka`: instances that share a topic, as processes of their own, on a real MySQL.

What they do when one dies, freezes or leaves says docs/kafka-inside.md; how one is started, docs/kafka.md.
"""

import os
import re
import signal
from collections.abc import Callable, Iterator
from time import sleep
from typing import Any

import pytest
from fakes.connector import Connector, running_connector, settings_of
from fakes.kafka import PARTITIONS, Cluster, mock_cluster
from fakes.waiting import wait_until

from binlog_watcher.demo.process import ServiceProcess

pytestmark = [
    pytest.mark.parametrize("server", ["mysql"], indirect=True),
    pytest.mark.timeout(240),
]

PATIENCE_S = 90.0
"""A group of the mock cluster's takes some seconds to form, and a dead member's session lasts six."""


COOLDOWN_S = 18


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with mock_cluster() as opened:
        yield opened


@pytest.fixture
def connector(running_shop: Any, cluster: Cluster) -> Iterator[Connector]:
    shop = running_shop
    with running_connector(shop.server, shop.database, cluster, f"{shop.database}.cartwake") as running:
        yield running


def _now_and_then(condition: Callable[[], bool]) -> bool:
    sleep(0.2)  # each look is a statement, or a page of figures that the instance makes
    return condition()


class Group:
    """Instances that share the topic."""

    def __init__(self, shop: Any, cluster: Cluster, connector: Connector) -> None:
        self.shop = shop
        self._settings = settings_of(cluster, connector.topic)

    def begin(self) -> ServiceProcess:
        instance: ServiceProcess = self.shop.process(
            "--source", "kafka", EMAIL_COOLDOWN_HOURS=str(COOLDOWN_S / 3600), **self._settings
        )
        instance.start()
        return instance

    def settled(self, *instances: ServiceProcess) -> None:
        """Wait until these share the partitions, and are ready."""
        self.wait(lambda: all(one.metrics().get("cartwake_ready") == 1 for one in instances))
        self.wait(lambda: self._owners() == len(instances))

    def wait(self, condition: Callable[[], bool]) -> None:
        wait_until(lambda: _now_and_then(condition), PATIENCE_S, tell=lambda: self.shop.said[-6000:])

    def _owners(self) -> int:
        rows = self.shop.run(
            "SELECT COUNT(*), COUNT(DISTINCT member) FROM cart_abandonment_clock "
            "WHERE noted_at > UTC_TIMESTAMP(6) - INTERVAL 8 SECOND"
        )
        return int(rows[0][1]) if rows[0][0] == PARTITIONS else 0

    def sent(self, users: range | list[int]) -> None:
        """All of these have been mailed, each once, and nobody else."""
        self.wait(lambda: sorted(int(row[0]) for row in self.shop.log() if row[1] == "sent") == list(users))
        recipients = sorted(address for mail in self.shop.catcher.mails for address in mail.recipients)
        assert recipients == sorted(f"user{user}@example.com" for user in users)

    def leave_carts(self, users: range | list[int]) -> None:
        for user in users:
            self.shop.user(user)
            self.shop.add(user)


def test_one_that_is_alone_and_a_connector_that_dies(
    running_shop: Any, cluster: Cluster, connector: Connector
) -> None:
    shop, group = running_shop, Group(running_shop, cluster, connector)
    instance = group.begin()
    group.wait(lambda: instance.metrics().get("cartwake_ready") == 1)
    group.leave_carts([1, 2, 3])
    shop.run("INSERT INTO orders (user_id, total_amount) VALUES (2, 10)")
    group.sent([1, 3])
    figures = instance.metrics()
    assert 0 <= figures["cartwake_partition_behind_seconds"] < 4 * PARTITIONS
    assert "cartwake_partition_timers_armed" in figures

    connector.stopped.set()
    group.wait(lambda: instance.metrics().get("cartwake_ready") == 0)
    group.leave_carts([4])
    connector.stopped.clear()
    group.sent([1, 3, 4])

    # A wait for the end of the cool-down is known to its owner alone: no record brings it up again.
    shop.add(4, "Laptop")
    group.wait(lambda: "recovery.waits" in shop.said)
    instance.kill()
    instance = group.begin()
    group.wait(lambda: len(shop.mails_to("user4@example.com")) == 2)
    group.wait(lambda: [row[:2] for row in shop.log() if row[0] == "4"] == [("4", "sent")] * 2)
    assert re.search(r"group\.tables_read\s+carts=1", shop.said)

    assert instance.stop() == 0
    assert "service.stopped" in shop.said
    assert "kafka.thread_left" not in shop.said
    assert "Traceback" not in shop.said


def test_two_share_the_partitions_until_one_is_killed_and_another_freezes(
    running_shop: Any, cluster: Cluster, connector: Connector
) -> None:
    group = Group(running_shop, cluster, connector)
    first, second = group.begin(), group.begin()
    group.settled(first, second)
    group.leave_carts(range(1, 25))
    first.kill()
    group.sent(range(1, 25))

    group.leave_carts(range(25, 31))
    assert second.pid is not None
    os.kill(second.pid, signal.SIGSTOP)
    heir = group.begin()
    group.settled(heir)
    os.kill(second.pid, signal.SIGCONT)
    group.sent(range(1, 31))
    group.settled(heir, second)
    group.sent(range(1, 31))
