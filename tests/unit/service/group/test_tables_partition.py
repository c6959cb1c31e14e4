"""Carts that no record brings up again: who is read when partitions move, and by whose clock their timers fire."""

from collections.abc import Iterator

from binlog_watcher.core.events import Assigned, CartChanged, CartRead, Change, Hydrated
from binlog_watcher.core.source import Batch, Progress
from binlog_watcher.core.tracker import Tracker
from binlog_watcher.recovery.reconcile import GRACE_US
from binlog_watcher.service.group.clocks import GroupClocks
from binlog_watcher.service.group.tables_partition import BEHIND_US, TABLES, TablesPartition
from binlog_watcher.store.own_tables.group import Clock, GroupTables, Noted

SECOND = 1_000_000
THRESHOLD = 100 * SECOND
START = 1_790_000_000 * SECOND
NAMES = ("carts[0]", "carts[1]")


class Kept:
    """An instance that keeps the tables. ``noted``: what all owners have written down; ``carts``: the open ones."""

    def __init__(self) -> None:
        self.now = START
        self.tracker = Tracker(THRESHOLD, tick_us=1)
        self.noted = {name: Noted(name, "one", START, 0, 0, START) for name in NAMES}
        self.carts: list[CartRead] = []
        self.reads = 0
        self.partition = TablesPartition(
            self.deliver,
            self.tracker,
            hydrate=self.hydrate,
            clocks=lambda: list(self.noted.values()),
            threshold_us=THRESHOLD,
            now_us=lambda: self.now,
        )
        self.partition.open()

    def deliver(self, batch: Batch) -> None:
        self.tracker.apply(batch)

    def hydrate(self) -> Iterator[list[CartRead]]:
        self.reads += 1
        yield self.carts

    def cart(self, key: int, *, quiet_s: float, held_s: float = 0) -> None:
        """Quiet for so long by now; held back for so long from now on."""
        activity_us = self.now - int(quiet_s * SECOND)
        held_us = self.now + int(held_s * SECOND) if held_s else 0
        self.carts.append(CartRead(key, activity_us, max(activity_us + THRESHOLD, held_us)))

    def look(self) -> None:
        self.partition.look(NAMES)

    def go_on(self, seconds: float, *clocks: float) -> None:
        self.now += int(seconds * SECOND)
        for name, behind_s in zip(NAMES, clocks or (1, 1), strict=True):
            self.noted[name] = self.noted[name]._replace(clock_us=self.now - int(behind_s * SECOND))

    def fire(self) -> set[object]:
        return {cart.key for cart in self.tracker.take_due(self.now, 100)}


def test_those_that_wait_for_quiet_are_left_to_their_owners() -> None:
    kept = Kept()
    quiet, due, past, held, known = 1, 2, 3, 4, 5
    kept.cart(quiet, quiet_s=99)
    kept.cart(due, quiet_s=100)  # the reconciliation has it before its eyes
    kept.cart(past, quiet_s=100 + GRACE_US / SECOND)
    kept.cart(held, quiet_s=50, held_s=300)
    kept.cart(known, quiet_s=500)
    own = Progress("", START, False, 0, START)
    kept.tracker.apply(Batch("carts[0]", (Assigned("carts[0]"), Hydrated("carts[0]")), own))
    kept.tracker.apply(Batch("carts[0]", (CartChanged(known, Change.INSERT, START),), own))
    kept.look()
    assert dict(kept.tracker.upcoming(9)) == {
        past: kept.carts[2].due_us, held: START + 300 * SECOND, known: START + THRESHOLD
    }  # fmt: skip


def test_their_timers_go_by_the_lowest_clock_of_all() -> None:
    kept = Kept()
    kept.cart(1, quiet_s=200)
    kept.cart(2, quiet_s=98, held_s=5)
    kept.go_on(1, 1, 2)
    kept.look()
    assert kept.fire() == {1}
    kept.go_on(5, 0, 2)
    kept.look()
    assert kept.fire() == set()  # in one of the partitions nobody has read so far
    assert kept.tracker.up_to_date(kept.now, TABLES)
    kept.go_on(1, 0, BEHIND_US / SECOND + 1)
    kept.look()
    assert not kept.tracker.up_to_date(kept.now, TABLES)
    assert kept.fire() == set()
    kept.go_on(0, 0, 0)
    kept.look()
    assert kept.fire() == {2}


def test_as_long_as_a_partition_was_nobodys_nothing_is_read() -> None:
    kept = Kept()
    noted = kept.noted.pop(NAMES[1])
    kept.look()
    assert kept.reads == 0
    assert not kept.tracker.up_to_date(kept.now, TABLES)
    kept.noted[NAMES[1]] = noted
    kept.look()
    assert kept.reads == 1
    assert kept.tracker.up_to_date(kept.now, TABLES)


def test_the_tables_are_read_when_a_partition_has_moved_or_records_told_too_little() -> None:
    kept = Kept()
    kept.look()
    kept.go_on(3600)
    kept.look()
    assert kept.reads == 1
    kept.noted[NAMES[0]] = kept.noted[NAMES[0]]._replace(member="two")
    kept.look()
    assert kept.reads == 2
    kept.noted[NAMES[1]] = kept.noted[NAMES[1]]._replace(troubles=1)
    kept.go_on(59)
    kept.look()
    assert kept.reads == 2  # once a minute at most
    kept.go_on(1)
    kept.look()
    assert kept.reads == 3


def test_when_another_keeps_them_a_look_that_is_under_way_tells_nothing_more() -> None:
    kept = Kept()
    kept.cart(1, quiet_s=500)
    kept.look()
    assert kept.tracker.armed == 1
    kept.partition.close()
    kept.go_on(3600)
    kept.noted[NAMES[0]] = kept.noted[NAMES[0]]._replace(member="two")
    kept.look()
    assert kept.tracker.armed == 0
    assert kept.tracker.standings(kept.now) == []


def test_an_owner_tells_the_clocks_of_its_partitions_as_far_as_they_are_known() -> None:
    kept = Kept()
    kept.look()
    own = Progress("", START, False, 0, START, BEHIND_US)
    for name in NAMES:
        kept.tracker.apply(Batch(name, (Assigned(name),), own))
    kept.tracker.apply(Batch(NAMES[0], (Hydrated(NAMES[0]),), own))  # the other is being read again
    kept.tracker.apply(Batch(NAMES[0], (CartChanged(7, Change.INSERT, START),), own))
    written: list[object] = []

    class Tables(GroupTables):
        def __init__(self) -> None: ...

        def write_clocks(self, clocks: object, troubles: int) -> None:
            written.append((clocks, troubles))

    clocks = GroupClocks(kept.tracker, Tables(), lambda: kept.now, lambda: 3)
    clocks.write(clocks.read())
    kept.now += BEHIND_US + 1
    clocks.write(clocks.read())
    assert written == [([Clock(NAMES[0], START, 1)], 3), ([], 3)]
