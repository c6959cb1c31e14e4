"""Cartwake in virtual time: the real tracker, wheel, decide() and Hydrator between a simulated shop and a mailbox.

What recovery, outbox and reconcile do around them is told here in a few lines, without databases and threads.
"""

import heapq
import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from fakes.simulated_shop import SECOND, LogRow, SimulatedShop

from binlog_watcher.core.cart import Cart
from binlog_watcher.core.decision import Holdout, Policy, Send, Skip, Wait, decide
from binlog_watcher.core.events import Assigned, CartKey, CartRead, Event, Hydrated, Revoked
from binlog_watcher.core.log_status import Status
from binlog_watcher.core.source import Batch, Progress
from binlog_watcher.core.tracker import DueCart, Tracker
from binlog_watcher.core.transitions import SUPERSEDE
from binlog_watcher.recovery.hydrate import Hydrator
from binlog_watcher.store.own_tables.cart_notes import CartNotes
from binlog_watcher.store.own_tables.free_addresses import hold_back
from binlog_watcher.store.own_tables.log_rows import Episode

BEAT = SECOND // 4
SHOP = "binlog"
LEASE = 60 * SECOND
GRACE = 5 * SECOND
RECONCILE = 20 * SECOND
JUMP = 3 * SECOND
MEASURED = 5.0
"""Seconds until a clock that jumped is put right."""


@dataclass(frozen=True)
class Faults:
    """Chances a beat (a quarter of a second) of what may go wrong, and of an SMTP server that refuses."""

    stall: float = 0  # the stream is silent for up to 12 seconds
    replay: float = 0  # a reconnect delivers events again
    reset: float = 0  # the source reads the tables anew
    restart: float = 0  # the process is killed and comes back within 8 seconds
    lose: float = 0  # chance an event
    swap: float = 0  # chance an event
    smtp: float = 0  # chance an attempt
    jump: float = 0  # the clock is wrong by up to JUMP, until it is measured again


@dataclass
class SimulatedService:
    """Follows ``shop`` with ``faults``; ``forgotten`` tells up to when activity of a key may be unknown to it."""

    shop: SimulatedShop
    policy: Policy
    faults: Faults
    forgotten: dict[CartKey, float] = field(default_factory=dict)
    finds: int = 0

    def __post_init__(self) -> None:
        self.dice = random.Random(-self.shop.seed)
        self.agenda: list[tuple[int, int, Callable[[], None]]] = []
        self.order = itertools.count()
        self.position = 0
        self.silent_until = 0
        self.down = False
        self.blind: list[float] = []  # for each mail: what was forgotten of its cart
        self.offset = 0  # of our clock
        self.pages: Iterator[list[CartRead]] = iter(())  # of the hydration that is under way
        self.sharing: dict[bytes, list[CartKey]] = {}
        for key, address in self.shop.address.items():
            if address is not None:
                self.sharing.setdefault(address, []).append(key)
        self.start()

    def later(self, delay: float, what: Callable[[], None]) -> None:
        """Do it after ``delay`` seconds, unless the process has died by then."""
        process = self.shop.process

        def unless_dead() -> None:
            if self.shop.process == process and not self.down:
                what()

        heapq.heappush(self.agenda, (self.shop.now + int(delay * SECOND), next(self.order), unless_dead))

    # --- the source ---------------------------------------------------------------------------------------------

    def start(self) -> None:
        self.tracker = Tracker(self.policy.threshold_us)
        self.down = False
        self.offset = 0
        self.forgotten = dict.fromkeys(self.shop.address, self.shop.now)
        self.reconciled_to = self.shop.now - self.policy.threshold_us - GRACE
        self.open()
        self.later(RECONCILE / SECOND, self.reconcile)

    def die(self) -> None:
        self.down = True
        downtime = self.dice.uniform(0.2, 8) * SECOND
        heapq.heappush(self.agenda, (self.shop.now + int(downtime), next(self.order), self._rise))

    def _rise(self) -> None:
        self.shop.process += 1
        self.start()

    def send(self, *events: Event, caught_up: bool = True) -> None:
        now = self.shop.now
        committed = self.shop.binlog[-1].at_us if caught_up and self.shop.binlog else None
        progress = Progress("", committed, caught_up=caught_up, lag_us=0, received_us=now)
        self.tracker.apply(Batch(SHOP, events, progress))

    def open(self) -> None:
        """Anchor, hydrate page by page while the shop goes on, then stream from the anchor."""
        for event in self.shop.binlog[self.position :]:
            self.forgotten[event.key] = self.shop.now
        self.position = len(self.shop.binlog)
        world: Any = self.shop
        hydrator = Hydrator(
            database=world,
            scan=world,
            episodes=world,
            notes=CartNotes(world, "", present=False),
            policy=self.policy,
            clock=world,
            with_log=True,
        )
        self.send(Assigned(SHOP), caught_up=False)
        unread = set(self.shop.address)
        pages = self.pages = hydrator()
        self.silent_until = 1 << 62

        def next_page() -> None:
            if pages is not self.pages:
                return  # a reset while it read: the tables are read from the beginning
            if self.dice.random() < 0.05 and self.faults.reset:
                self.reset("hydration broke off")
                return
            page = next(pages, None)
            if page is None:
                for key in unread:
                    self.forgotten[key] = self.shop.now
                self.send(Hydrated(SHOP), caught_up=False)
                self.silent_until = self.shop.now
                return
            unread.difference_update(read.key for read in page)
            for read in page:
                self.shop.tell(read.key, f"  hydrated, due {read.due_us % 10**10 / SECOND:.3f}")
            self.send(*page, caught_up=False)
            self.later(self.dice.uniform(0, 0.4), next_page)

        self.later(0, next_page)

    def reset(self, reason: str) -> None:
        self.send(Revoked(SHOP, reason))
        self.open()

    def pump(self) -> None:
        """What has been committed reaches the tracker, with the faults of the day."""
        shop, dice = self.shop, self.dice
        if shop.now < self.silent_until:
            return
        events = list(shop.binlog[self.position :])
        if self.faults.replay and dice.random() < self.faults.replay:
            events = shop.binlog[max(0, self.position - dice.randint(1, 40)) :]
        self.position = len(shop.binlog)
        for place in range(len(events) - 1):
            if dice.random() < self.faults.swap:
                first, second = events[place : place + 2]
                events[place : place + 2] = second, first
                if first.key == second.key:
                    self.forgotten[first.key] = float("inf")
                    shop.tell(first.key, "  its events are swapped")
        lost = [event for event in events if dice.random() < self.faults.lose]
        for event in lost:
            self.forgotten[event.key] = float("inf")
            shop.tell(event.key, "  its event is lost")
        self.send(*[event for event in events if event not in lost])

    def beat(self) -> None:
        """A quarter of a second: the source is heard of, timers fire, faults happen."""
        if self.down:
            return
        self.pump()
        due = self.tracker.take_due(self.shop.now + self.offset, 100)
        if due:
            self.process(due)
        elif woken := self.tracker.take_woken(self.shop.now + self.offset, 100):
            self.sift(woken)
        settled = self.silent_until <= self.shop.now
        if settled and self.dice.random() < self.faults.stall:
            self.silent_until = self.shop.now + int(self.dice.uniform(1, 12) * SECOND)
        elif settled and self.dice.random() < self.faults.reset:
            self.reset("simulated")
        elif self.dice.random() < self.faults.restart:
            self.die()
        elif self.dice.random() < self.faults.jump:
            self.offset = self.dice.randint(-JUMP, JUMP)
            self.later(MEASURED, self._measure)

    def _measure(self) -> None:
        self.offset = 0

    def sift(self, woken: Sequence[DueCart]) -> None:
        """Few are looked at, many are sifted first; or MySQL does not answer."""
        chance, now = self.dice.random(), self.shop.now + self.offset
        if chance < 0.3:
            self.process(woken)
        elif chance < 0.4:
            self.tracker.sift_again(woken, now + SECOND // 2)
        else:
            since = now - self.policy.max_age_us
            old = {one.key for one in woken if all(at < since for at in self.shop.rows[one.key].values())}
            self.tracker.sifted(woken, {one.key for one in woken} - old, now)

    # --- the recovery -------------------------------------------------------------------------------------------

    def process(self, due: Sequence[DueCart], *, found: bool = False) -> None:
        shop, sends = self.shop, list[tuple[DueCart, Cart]]()
        for one in due:
            cart = shop.load(one.key)
            if self.tracker.touched(one.key):
                self.tracker.finish(one.key)
                continue
            answer = decide(cart, one.activity_us, shop.now + self.offset, self.policy)
            if shop.telling:
                shop.tell(one.key, f"  {'found' if found else 'fired'}: {answer}")
            self.finds += found and isinstance(answer, Send)
            match answer:
                case Send():
                    sends.append((one, cart))
                case Wait(until_us, _):
                    self.tracker.wait(one, until_us)
                case Skip() | Holdout():
                    self._skip(cart, logged=isinstance(answer, Holdout) or answer.logged)
                    self.tracker.finish(one.key)

        self._claim(sends)

    def _skip(self, cart: Cart, *, logged: bool) -> None:
        rows = self.shop.log[cart.key]
        if logged and cart.version is not None:
            rows.setdefault(cart.version, LogRow(self.shop.now, Status.SKIPPED)).status = Status.SKIPPED
        for row in rows.values():
            if row.status is Status.RETRY or (row.status is Status.CLAIMED and self._left_behind(row)):
                row.status = Status.SKIPPED

    def _claim(self, sends: Sequence[tuple[DueCart, Cart]]) -> None:
        """Those that no other mail holds back, by the rule that the statements go by."""
        now, addresses = (
            self.shop.now,
            {self.shop.address[one.key] or b"": cart.recipient for one, cart in sends},
        )
        free, waits = hold_back(
            [Episode(cart, cart.version or 0, 0, "USD", Decimal(0)) for _, cart in sends],
            addresses,
            {address: self._under_way(address) for address in addresses},
            cooldown_us=self.policy.cooldown_us,
            now_us=now + self.offset,
        )
        ours = {episode.key for episode in free}
        for one, cart in sends:
            if one.key in ours:
                self._take(one, cart)
            else:
                self.tracker.wait(one, waits[one.key][0])

    def _under_way(self, address: bytes) -> set[str]:
        """Carts of an address with a claim of the living."""
        return {
            str(key)
            for key in self.sharing.get(address, ())
            for row in self.shop.log[key].values()
            if row.status is Status.CLAIMED
            and row.process == self.shop.process
            and self.shop.now < (row.lease_until_us or 0)
        }

    def _take(self, one: DueCart, cart: Cart) -> None:
        shop, version = self.shop, cart.version or 0
        for older, row in shop.log[one.key].items():
            if older < version and row.status in SUPERSEDE.of_anybody:
                row.status = SUPERSEDE.sets
        row = shop.log[one.key].setdefault(version, LogRow(shop.now, Status.CLAIMED, attempts=0))
        row.status, row.attempts, row.process = Status.CLAIMED, row.attempts + 1, shop.process
        row.lease_until_us = shop.now + LEASE
        self.later(self.dice.uniform(0.05, 2.5), lambda: self.fence(one, cart, row))

    def fence(self, one: DueCart, claimed: Cart, row: LogRow) -> None:
        shop = self.shop
        cart = shop.load(one.key)
        if not self.tracker.touched(one.key) and cart.fingerprint == claimed.fingerprint:
            self._smtp(one, row, claimed.version or 0)
            return
        armed = self.tracker.due_of(one.key)
        activity = one.activity_us if armed is None else armed - self.policy.threshold_us
        answer = decide(replace(cart, logged=None), activity, shop.now + self.offset, self.policy)
        shop.tell(one.key, f"  stopped at the fence: {answer}")
        match answer:
            case Wait(until_us, _):
                self._retry(one, row, until_us)
            case Send() if cart.version == claimed.version:
                self._retry(one, row, shop.now + SECOND // 2)
            case Send():
                row.status = Status.SKIPPED
                self.tracker.wait(one, shop.now + SECOND // 2)
            case _:
                row.status = Status.SKIPPED
                self.tracker.finish(one.key)

    def _retry(self, one: DueCart, row: LogRow, until: int) -> None:
        row.status, row.next_attempt_us = Status.RETRY, until
        self.tracker.wait(one, until)

    def _smtp(self, one: DueCart, row: LogRow, version: int) -> None:
        shop = self.shop
        if self.dice.random() < self.faults.smtp:
            shop.tell(one.key, "  the SMTP server says later")
            self._retry(one, row, shop.now + 10 * SECOND)
            return
        shop.tell(one.key, f"  MAIL for {version % 10**10 / SECOND:.0f}")
        shop.mails.append((shop.now, one.key, version))
        self.blind.append(self.forgotten.get(one.key, 0))
        shop.last_mail[shop.address[one.key] or b""] = shop.now
        row.status = Status.SENT
        self.later(self.dice.uniform(0, 0.5), lambda: self.tracker.finish(one.key))

    # --- reconcile ----------------------------------------------------------------------------------------------

    def reconcile(self) -> None:
        shop, now = self.shop, self.shop.now
        if not self.tracker.up_to_date(now + self.offset):
            self.later(1, self.reconcile)
            return
        until = now - self.policy.threshold_us - GRACE
        keys = [
            key
            for key, rows in shop.rows.items()
            if any(self.reconciled_to < at <= until for at in rows.values())
        ]
        self.process(self.tracker.take(keys, now, SHOP), found=True)
        self.reconciled_to = max(self.reconciled_to, until)
        left = [key for key, rows in shop.log.items() if any(self._left_behind(row) for row in rows.values())]
        for key in left:
            self.tracker.hasten(key, now)
        self.process(self.tracker.take(left, now, SHOP))
        self.later(RECONCILE / SECOND, self.reconcile)

    def _left_behind(self, row: LogRow) -> bool:
        now = self.shop.now
        if row.status is Status.CLAIMED:
            return row.process != self.shop.process or (row.lease_until_us or 0) <= now
        return row.status is Status.RETRY and (row.next_attempt_us or 0) <= now

    # --- time ---------------------------------------------------------------------------------------------------

    def run(self, deeds: Sequence[tuple[int, int, str]], end: int) -> None:
        """Play all deeds, beat by beat, until ``end``."""
        shop, agenda, never = self.shop, self.agenda, (1 << 62, 0, "")
        left = iter(deeds)
        deed = next(left, never)
        while shop.now < end:
            until = shop.now + BEAT
            while (first := agenda[0][0] if agenda else never[0]) <= until or deed[0] <= until:
                if deed[0] <= first:
                    shop.now, key, what = deed
                    shop.act(key, what)
                    deed = next(left, never)
                else:
                    shop.now, _, step = heapq.heappop(agenda)
                    step()
            shop.now = until
            self.beat()
