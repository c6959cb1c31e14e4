"""What one instance of the group does for all: it writes the marks, and looks through the tables.

Which one is decided by a named lock in MySQL, as for standby instances: when it dies or hangs another has the lock
within seconds. Two that believe it for a moment do no harm: marks are written twice, and a cart is claimed once.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import structlog

from binlog_watcher.kafka import marks
from binlog_watcher.kafka.topics import Topics
from binlog_watcher.service.group.tables_partition import TablesPartition
from binlog_watcher.service.leadership import Candidate
from binlog_watcher.service.regular_tasks import RegularReconciliation, every
from binlog_watcher.store.own_tables.group import GroupTables

LOOK_S = 1.0
COUNT_S = 60.0
"""How often the cluster is asked how many partitions the topic has."""

log = structlog.get_logger(__name__)


class Keeper:
    """``begin``: makes what a term needs: the partition of the tables, and the reconciliation that goes with it."""

    def __init__(
        self,
        candidate: Candidate,
        tables: GroupTables,
        topics: Topics,
        topic: str,
        begin: Callable[[], tuple[TablesPartition, RegularReconciliation]],
        poke: Callable[[], None],
    ) -> None:
        self._candidate = candidate
        self._tables = tables
        self._topics = topics
        self._topic = topic
        self._begin = begin
        self._poke = poke
        self._partitions = 0
        self._marks: Sequence[int] = ()

    async def run(self) -> None:
        """Take part in the election, until cancelled; a term is a task that is cancelled when another has the lock."""
        loop = asyncio.get_running_loop()
        # A thread of its own: the service's statements may take all the others, and a ping must not wait for them.
        thread = ThreadPoolExecutor(1, thread_name_prefix="keeper")
        term: asyncio.Task[None] | None = None
        try:
            async with asyncio.TaskGroup() as group:
                while True:
                    elected = await loop.run_in_executor(thread, self._candidate.step)
                    if elected and term is None:
                        term = group.create_task(self._keep())
                    elif not elected and term is not None:
                        log.warning("group.deposed", hint="another instance writes the marks")
                        term.cancel()
                        await asyncio.wait([term])
                        term = None
                    await asyncio.sleep(self._candidate.pause_s)
        finally:
            await loop.run_in_executor(thread, self._candidate.close)
            thread.shutdown(wait=False)

    async def _keep(self) -> None:
        log.info("group.elected")
        partition, reconciliation = self._begin()
        partition.open()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(every(COUNT_S, self._count, at_once=True))
                group.create_task(every(marks.EVERY_US / 1e6, self._write_marks, at_once=True))
                group.create_task(every(LOOK_S, lambda: self._look(partition), at_once=True))
                group.create_task(reconciliation.run())
        finally:
            partition.close()

    def _count(self) -> None:
        count = self._topics.partitions(self._topic)
        if not count:
            log.error(
                "group.no_topic", topic=self._topic, hint="nothing is mailed until the connector has made it"
            )
        elif count != self._partitions:
            self._partitions, self._marks = count, marks.marks_for(count)
            log.info("group.marks", topic=self._topic, partitions=count)

    def _write_marks(self) -> None:
        if self._marks:
            self._tables.write_marks(self._marks)

    def _look(self, partition: TablesPartition) -> None:
        if self._partitions:
            partition.look([f"{self._topic}[{number}]" for number in range(self._partitions)])
            self._poke()
