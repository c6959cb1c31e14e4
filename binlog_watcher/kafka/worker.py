"""The source's thread: a member of the group, from joining to leaving. See docs/kafka.md.

Partitions come and go in the client's callbacks, which it calls in this thread while it is asked for records. One that
goes is given back in this order: its timers stop, its position is committed, and only then are they forgotten.
"""

import random
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import structlog
from confluent_kafka import OFFSET_INVALID, Consumer, KafkaError, KafkaException, TopicPartition

from binlog_watcher.binlog.delivery import in_pieces
from binlog_watcher.core.backoff import pause
from binlog_watcher.core.events import Assigned, Event, Hydrated, Revoked
from binlog_watcher.core.source import Deliver
from binlog_watcher.errors import DatabaseUnavailableError
from binlog_watcher.kafka.client import ends_the_client, insist_on_sense, is_fenced, open_consumer
from binlog_watcher.kafka.holding import Holding
from binlog_watcher.kafka.options import KafkaOptions
from binlog_watcher.kafka.partition import PartitionReader, Place, Trouble
from binlog_watcher.kafka.positions import Commit
from binlog_watcher.kafka.stats import KafkaStats, PartitionStats

MESSAGES = 1000
"""Records that are taken at a time."""

POLL_S = 0.05
"""How long a batch may take to fill: so much later is what comes alone."""

COMMIT_INTERVAL_S = 1.0

_ASKING_S = 10.0
_ONE_NAME_S = 60.0  # fenced twice in this time: another process has our name
_SILENT_S = 10.0  # for how long an error is not told again that comes again and again
_FIRST_DELAY_S = 0.2
_LONGEST_DELAY_S = 10.0

log = structlog.get_logger(__name__)


class Worker:
    """Runs in a thread of its own until stopped; what it reads goes to ``deliver``, in that thread."""

    def __init__(self, options: KafkaOptions, deliver: Deliver, stats: KafkaStats) -> None:
        self._options = options
        self._deliver = deliver
        self._stats = stats
        self._stopping = threading.Event()
        self._holdings: dict[tuple[str, int], Holding] = {}
        self._errors: list[KafkaError] = []
        self._silent_until: dict[int, float] = {}  # error's code → when it is told again
        self._may_commit = True
        self._failures = 0
        self._committed_at = 0.0
        self._fenced_until = 0.0

    def run(self) -> None:
        """The thread's body: returns when stopped; raises what it can't deal with, and what ``deliver`` raises."""
        while not self._stopping.is_set():
            try:
                self._one_membership()
            except KafkaException as error:
                self._insist_on_sense(error.args[0])
                self._recover(error.args[0].str())
            except DatabaseUnavailableError as error:  # of a table that was altered nobody tells the columns
                self._recover(str(error))

    def stop(self) -> None:
        """End ``run`` soon. Any thread, any number of times."""
        self._stopping.set()

    def _one_membership(self) -> None:
        self._may_commit = True
        consumer = open_consumer(self._options.group, self._errors.append, self._was_committed)
        try:
            consumer.subscribe(
                list(self._options.group.topics),
                on_assign=self._assigned,
                on_revoke=self._revoked,
                on_lost=self._lost,
            )
            while not self._stopping.is_set():
                self._take(consumer.consume(MESSAGES, POLL_S))
                self._look_at_errors()
                self._commit_now_and_then(consumer)
        except BaseException:
            self._may_commit = False  # what was taken last may not have been told
            raise
        finally:
            consumer.close()  # gives the partitions back, and leaves the group
            self._forget("closed")

    def _insist_on_sense(self, error: KafkaError) -> None:
        if not is_fenced(error) or time.monotonic() < self._fenced_until:
            insist_on_sense(error, self._options.group)
        # A broker that crashed may take us for another; two processes fence each other again.
        self._fenced_until = time.monotonic() + _ONE_NAME_S if is_fenced(error) else self._fenced_until

    def _recover(self, error: str) -> None:
        self._stats.reconnects += 1
        self._failures += 1
        delay_s = pause(_FIRST_DELAY_S, _LONGEST_DELAY_S, self._failures) * random.SystemRandom().uniform(
            0.5, 1
        )
        log.warning("kafka.rejoining", error=error, delay_s=round(delay_s, 2))
        self._stopping.wait(delay_s)

    def _look_at_errors(self) -> None:
        """The client goes on by itself after most of them."""
        errors = self._errors[:]
        self._errors.clear()  # the client calls back in this thread
        for error in errors:
            if is_fenced(error):
                raise KafkaException(error)
            insist_on_sense(error, self._options.group)
            now = time.monotonic()
            if now >= self._silent_until.get(
                error.code(), now
            ):  # a broker that is away is tried several times a second
                self._silent_until[error.code()] = now + _SILENT_S
                log.warning("kafka.trouble", error=error.str(), fatal=ends_the_client(error))
            if ends_the_client(error):
                raise KafkaException(error)

    # --- records ----------------------------------------------------------------------------------------------

    def _take(self, messages: Sequence[Any]) -> None:
        by_partition: dict[tuple[str, int], list[Any]] = defaultdict(list)
        for message in messages:
            place = (message.topic(), message.partition())
            if (error := message.error()) is not None:
                self._refused(error, place)
            else:
                by_partition[place].append(message)
        self._stats.records += len(messages)
        now_us = self._options.now_us()
        for place, some in by_partition.items():
            if (holding := self._holdings.get(place)) is not None:  # else it was given back meanwhile
                self._tell(holding, holding.take(some, now_us))
        if len(messages) < MESSAGES:
            self._flush()
        if messages:
            self._failures = 0
        for holding in self._holdings.values():
            if holding.becomes_hydrated():
                self._tell(holding, [Hydrated(holding.name)])
                log.info("kafka.hydrated", partition=holding.name, offset=holding.next)

    def _flush(self) -> None:
        """What was taken is complete, as far as anybody knows."""
        for holding in self._holdings.values():
            if events := holding.flush():
                self._tell(holding, events)

    def _tell(self, holding: Holding, events: Sequence[Event]) -> None:
        for trouble in holding.troubles():
            self._missed(trouble)
        progress = holding.progress(self._options.now_us())
        for piece in in_pieces(holding.name, tuple(events), progress):
            self._deliver(piece)

    def _missed(self, trouble: Trouble) -> None:
        self._stats.troubles[trouble.reason] = self._stats.troubles.get(trouble.reason, 0) + 1
        log.warning(
            "kafka.missed", reason=trouble.reason, detail=trouble.detail, place=str(trouble.place),
            hint="the shop's tables are read for it",
        )  # fmt: skip
        self._options.missed(trouble)

    def _refused(self, error: KafkaError, place: tuple[str, int]) -> None:
        insist_on_sense(error, self._options.group)
        if error.code() == KafkaError._AUTO_OFFSET_RESET:  # noqa: SLF001 - its public name
            # Of a partition that is read too slowly the oldest records are gone: begin again, from what is left.
            log.error("kafka.behind", partition=f"{place[0]}[{place[1]}]", error=error.str())
            raise KafkaException(error)
        log.warning("kafka.trouble", topic=place[0], error=error.str(), fatal=error.fatal())

    # --- partitions that come and go --------------------------------------------------------------------------

    def _assigned(self, consumer: Consumer, partitions: Sequence[TopicPartition]) -> None:
        self._stats.rebalances += 1
        beginnings = []
        committed = consumer.committed(list(partitions), timeout=_ASKING_S)
        if refused := [known.error for known in committed if known.error is not None]:
            raise KafkaException(refused[0])  # not the same as: nothing is committed
        for known in committed:
            place = (known.topic, known.partition)
            low, high = consumer.get_watermark_offsets(TopicPartition(*place), timeout=_ASKING_S)
            begin = self._begin(place, known, low, high)
            self._options.tables.forget_documents()
            holding = Holding(
                *place,
                PartitionReader(self._options.tables, self._options.statements),
                begin=begin,
                end=high,
                threshold_us=self._options.threshold_us,
                now_us=self._options.now_us(),
            )
            self._holdings[place] = holding
            self._tell(holding, [Assigned(holding.name)])
            beginnings.append(TopicPartition(*place, begin.position))
            log.info(
                "kafka.assigned", partition=holding.name, offset=begin.position, records=high - begin.position
            )
        if beginnings:
            consumer.incremental_assign(beginnings)

    def _begin(self, place: tuple[str, int], known: TopicPartition, low: int, high: int) -> Commit:
        """From where it is read: what is committed, or what is retained. What lies between the two is lost."""
        if known.offset == OFFSET_INVALID or known.offset < 0:
            return Commit(low, high)
        committed = Commit.parse(known.offset, known.metadata)
        if low <= committed.position <= high:
            return committed._replace(read_until=min(committed.read_until, high))
        gone = (
            f"{low - committed.position} records are gone"
            if committed.position < low
            else "the topic is another"
        )
        self._missed(
            Trouble("retention", f"{gone} that timers need; is it kept for long enough?", Place(*place, low))
        )
        return Commit(low, high)

    def _revoked(self, consumer: Consumer, partitions: Sequence[TopicPartition]) -> None:
        if self._may_commit:
            self._flush()
        going = self._out_of(partitions)
        for holding in going:
            self._tell(holding, [Revoked(holding.name, "rebalance")])
        if self._may_commit and (offsets := [self._to_commit(holding) for holding in going]):
            try:
                consumer.commit(offsets=offsets, asynchronous=False)
            except KafkaException as error:  # its new owner reads a little more
                self._stats.commits_failed += 1
                log.warning("kafka.not_committed", error=error.args[0].str(), partitions=len(offsets))
        self._leave(going)

    def _lost(self, _consumer: Consumer, partitions: Sequence[TopicPartition]) -> None:
        """They are somebody else's already: nothing may be committed."""
        going = self._out_of(partitions)
        for holding in going:
            log.warning("kafka.lost", partition=holding.name)
        self._leave(going)

    def _out_of(self, partitions: Sequence[TopicPartition]) -> list[Holding]:
        places = [(one.topic, one.partition) for one in partitions]
        return [self._holdings[place] for place in places if place in self._holdings]

    def _leave(self, holdings: Sequence[Holding]) -> None:
        for holding in holdings:
            del self._holdings[holding.topic, holding.number]
            self._stats.partitions.pop(holding.name, None)
            self._tell(holding, [Revoked(holding.name, "rebalance", for_good=True)])

    def _forget(self, reason: str) -> None:
        """Of partitions that the client did not say are gone."""
        if self._holdings:
            log.warning("kafka.dropped", partitions=len(self._holdings), reason=reason)
            self._leave(list(self._holdings.values()))

    # --- positions --------------------------------------------------------------------------------------------

    def _to_commit(self, holding: Holding) -> TopicPartition:
        commit = holding.needed(self._options.needed_since(holding.name))
        holding.committed = commit
        return TopicPartition(holding.topic, holding.number, commit.position, commit.metadata)

    def _commit_now_and_then(self, consumer: Consumer) -> None:
        now = time.monotonic()
        if now - self._committed_at < COMMIT_INTERVAL_S:
            return
        self._committed_at = now
        self._flush()
        before = {place: holding.committed for place, holding in self._holdings.items()}
        found = [
            offset
            for place, holding in self._holdings.items()
            for offset in [self._to_commit(holding)]
            if holding.committed != before[place]
        ]
        if found:
            consumer.commit(offsets=found, asynchronous=True)
        for holding in self._holdings.values():
            position = None if holding.committed is None else holding.committed.position
            self._stats.partitions[holding.name] = PartitionStats(
                holding.next, holding.mark_us, position, holding.hydrated
            )
        now_us = self._options.now_us()
        self._stats.lag_us = max((one.progress(now_us).lag_us for one in self._holdings.values()), default=0)

    def _was_committed(self, error: KafkaError | None, _partitions: object) -> None:
        if error is not None:
            self._stats.commits_failed += 1
            log.info("kafka.not_committed", error=error.str())
