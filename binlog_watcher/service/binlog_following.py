"""One instance that follows the shop's own binlog: all timers are its own, and so is the reconciliation."""

from collections.abc import Coroutine
from typing import Any

from binlog_watcher.binlog import BinlogSource, SourceOptions, Tuning
from binlog_watcher.recovery.hydrate import Hydrator
from binlog_watcher.recovery.reconcile import GRACE_US, Reconciler
from binlog_watcher.service.following import Around
from binlog_watcher.service.pipeline import Pipeline
from binlog_watcher.service.regular_tasks import RegularReconciliation
from binlog_watcher.service.resources import Resources
from binlog_watcher.settings.settings import Settings

PARTITION = "binlog"


class BinlogFollowing:
    """See ``Following``. A document's changes are not told by the tables: such carts wait for the stream."""

    partition = PARTITION
    clocks = None
    obstacle = None

    def __init__(self, settings: Settings, resources: Resources, pipeline: Pipeline) -> None:
        self.source = _source(settings, resources)
        self.may_go_alone = resources.schema.document is None
        self._interval_s = settings.check_interval_seconds
        self._reconciler = reconciler(
            resources,
            pipeline,
            PARTITION,
            # What became due shortly before it began is its business, too.
            since_us=resources.clock.now_us() - settings.threshold_us - GRACE_US,
            with_log=resources.with_log and not settings.dry_run,
        )

    def reconcile(self, around: Around) -> Coroutine[Any, Any, None]:
        """The safety net under this process's timers."""
        return RegularReconciliation(
            self._reconciler,
            interval_s=self._interval_s,
            stream_is_down=around.is_alone,
            done=around.poke,
        ).run()


def reconciler(
    resources: Resources, pipeline: Pipeline, partition: str, *, since_us: int, with_log: bool = True
) -> Reconciler:
    """Looks for what fell due since ``since_us`` and no timer of ``partition`` fired for."""
    return Reconciler(
        shop=resources.shop,
        scan=resources.scan,
        episodes=resources.episodes,
        recovery=pipeline.recovery,
        runtime=pipeline.runtime,
        since_us=since_us,
        partition=partition,
        with_log=with_log,
    )


def hydrator(resources: Resources) -> Hydrator:
    """Reads the open carts."""
    return Hydrator(
        database=resources.database,
        scan=resources.scan,
        episodes=resources.episodes,
        notes=resources.notes,
        policy=resources.policy,
        clock=resources.clock,
        with_log=resources.with_log,
    )


def _source(settings: Settings, resources: Resources) -> BinlogSource:
    """The shop's binlog, and the tables behind it."""
    return BinlogSource(
        SourceOptions(
            settings.connection,
            resources.schema,
            hydrator(resources),
            now_us=resources.clock.now_us,
            marker=resources.episodes.mark if resources.with_log and not settings.dry_run else None,
            created_at_us=resources.shop.cart_time.to_us,
            partition=PARTITION,
            tuning=Tuning(server_id=settings.mysql_server_id),
        )
    )
