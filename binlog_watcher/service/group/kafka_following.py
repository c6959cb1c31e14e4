"""A member of the group: its partitions from Kafka, and its part in what one instance does for all."""

import asyncio

from binlog_watcher.core.events import ProductChanged
from binlog_watcher.core.source import Batch, Progress
from binlog_watcher.core.tracker import PartitionStanding
from binlog_watcher.kafka.options import KafkaOptions, group_of
from binlog_watcher.kafka.partition import Trouble
from binlog_watcher.kafka.shop import read_shop
from binlog_watcher.kafka.source import KafkaSource
from binlog_watcher.kafka.topics import Topics
from binlog_watcher.recovery.reconcile import GRACE_US
from binlog_watcher.service.binlog_following import hydrator, reconciler
from binlog_watcher.service.following import Around
from binlog_watcher.service.group.clocks import GroupClocks
from binlog_watcher.service.group.keeper import Keeper
from binlog_watcher.service.group.tables_partition import TABLES, TablesPartition
from binlog_watcher.service.leadership import Candidate
from binlog_watcher.service.pipeline import Pipeline
from binlog_watcher.service.regular_tasks import RegularReconciliation
from binlog_watcher.service.resources import Resources
from binlog_watcher.settings.settings import Settings
from binlog_watcher.store.locks.named_lock import of_database
from binlog_watcher.store.own_tables.group import GroupTables
from binlog_watcher.telemetry.metrics_server import Obstacle

CATALOGUE_INTERVAL_S = 600.0
"""How often each instance reads all products: a product's record comes to one of them only."""

WATCH_INTERVAL_S = 1.0


class KafkaFollowing:
    """See ``Following``. A dead connector looks like one that lags: the tables alone never decide.

    Orders that name only their customer are left to what is read before each mail.
    """

    may_go_alone = False
    partition = None

    def __init__(self, settings: Settings, resources: Resources, pipeline: Pipeline) -> None:
        self._settings = settings
        self._resources = resources
        self._pipeline = pipeline
        self._troubles = 0
        self._group = group_of(settings)
        self._tables, statements = read_shop(
            resources.database, resources.schema, resources.shop.cart_time.to_us
        )
        self._told = GroupTables(resources.database, settings.kafka_group, resources.episodes.owner)
        self._told.create()
        self.clocks = GroupClocks(
            pipeline.tracker, self._told, resources.clock.now_us, lambda: self._troubles
        )
        self.source = KafkaSource(
            KafkaOptions(
                self._group,
                self._tables,
                statements,
                settings.threshold_us,
                now_us=resources.clock.now_us,
                needed_since=pipeline.tracker.needed_since,
                missed=self._missed,
            )
        )

    def obstacle(self) -> Obstacle | None:
        """Whether this instance's partitions are read up to now: three marks that did not come are too many."""
        standings = self._own()
        if not standings:
            return Obstacle("partitions", "the group has given this instance none so far")
        if again := [one.partition for one in standings if not one.hydrated]:
            return Obstacle("starting", f"the records of {again[0]} are being read again")
        if late := [one.partition for one in standings if not one.up_to_date]:
            return Obstacle(
                "kafka",
                f"no mark came through {late[0]} for some seconds; do the connector and Kafka work, and does it "
                "read cart_abandonment_mark?",
            )
        return None

    async def reconcile(self, around: Around) -> None:
        """Run until cancelled."""
        keeper = Keeper(
            Candidate(
                self._settings.connection,
                lock=of_database(
                    "cartwake.keeper", f"{self._settings.mysql_database}/{self._settings.kafka_group}"
                ),
            ),
            self._told,
            Topics(self._group),
            self._settings.kafka_topic,
            lambda: self._term(around),
            around.poke,
        )
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(keeper.run())
            tasks.create_task(self._watch())
            tasks.create_task(self._read_catalogue(around))

    def _term(self, around: Around) -> tuple[TablesPartition, RegularReconciliation]:
        resources, settings = self._resources, self._settings
        now_us = resources.clock.now_us
        partition = TablesPartition(
            around.deliver,
            self._pipeline.tracker,
            hydrate=hydrator(resources),
            clocks=self._told.clocks,
            threshold_us=settings.threshold_us,
            now_us=now_us,
        )
        begun_us = now_us() - settings.threshold_us - GRACE_US
        reconciliation = RegularReconciliation(
            reconciler(resources, self._pipeline, TABLES, since_us=begun_us),
            interval_s=settings.check_interval_seconds,
            stream_is_down=around.is_alone,
            done=around.poke,
        )
        return partition, reconciliation

    def _missed(self, trouble: Trouble) -> None:
        """Of what the records did not tell the tables are read by whoever keeps them. In the source's thread."""
        self._troubles += 1
        if trouble.reason == "decode":
            self._tables.forget_layouts()

    def _own(self) -> list[PartitionStanding]:
        standings = self._pipeline.tracker.standings(self._resources.clock.now_us())
        return [one for one in standings if one.partition != TABLES]

    async def _watch(self) -> None:
        """Keep the figures of each partition fresh."""
        metrics = self._pipeline.metrics.of_partitions()
        while True:
            now_us = self._resources.clock.now_us()
            for gauge in (metrics.armed, metrics.behind):
                gauge.clear()
            for one in self._own():
                metrics.armed.labels(one.partition).set(one.armed)
                behind_s = float("nan") if one.clock_us is None else (now_us - one.clock_us) / 1e6
                metrics.behind.labels(one.partition).set(behind_s)
            await asyncio.sleep(WATCH_INTERVAL_S)

    async def _read_catalogue(self, around: Around) -> None:
        while True:
            await asyncio.sleep(CATALOGUE_INTERVAL_S)
            now_us = self._resources.clock.now_us()
            any_product = (ProductChanged(None, now_us),)
            around.deliver(Batch("catalogue", any_product, Progress("", None, False, 0, now_us)))
