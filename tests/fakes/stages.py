"""What stands around a stage in unit tests: a runtime with a clock of its own, a sender and a log without servers."""

from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from binlog_watcher.clock import ServerClock
from binlog_watcher.core.cart import Cart, Customer, Line, LoggedEpisode
from binlog_watcher.core.decision import Policy, Send
from binlog_watcher.core.events import Assigned, CartChanged, CartKey, Change, Event, Hydrated, OrderPlaced
from binlog_watcher.core.log_status import Reason
from binlog_watcher.core.source import Batch, Progress
from binlog_watcher.core.tracker import DueCart, Tracker
from binlog_watcher.recovery.runtime import Runtime
from binlog_watcher.recovery.stages import ClaimedCart, ComposedMail
from binlog_watcher.store.own_tables.log_rows import Claims, Episode, Fenced, Outcome
from binlog_watcher.store.shop_tables.shop import Loaded
from binlog_watcher.telemetry.metrics import Metrics
from mailer import ConnectionSlots

SECOND = 1_000_000
NOW = 1_790_000_000 * SECOND
HOUR = 3600 * SECOND
SENDER = "hello@shop.example.com"
POLICY = Policy(threshold_us=1800 * SECOND, cooldown_us=24 * HOUR, max_age_us=72 * HOUR, activated_us=0)


class StoppedClock(ServerClock):
    """MySQL's clock as the test sets it. ``step_us``: by how much it was set since, with no time gone by."""

    def __init__(self, now_us: int = NOW) -> None:
        super().__init__()
        self.us = now_us
        self.step_us = 0

    def now_us(self) -> int:
        return self.us + self.step_us

    def elapsed_us(self) -> int:
        return self.us


class Shop:
    """A running instance around one stage: ``runtime``, and the events that a source would deliver."""

    def __init__(self, policy: Policy = POLICY) -> None:
        self.clock = StoppedClock()
        self.runtime = Runtime(Tracker(policy.threshold_us), self.clock, policy, Metrics())
        self.deliver(Assigned("shop"), Hydrated("shop"))

    @property
    def tracker(self) -> Tracker:
        return self.runtime.tracker

    def deliver(self, *events: Event) -> None:
        now_us = self.clock.us
        self.tracker.apply(Batch("shop", events, Progress("", now_us, True, 0, now_us)))

    def order(self, key: CartKey) -> None:
        self.deliver(OrderPlaced(key, self.clock.us))

    def activity(self, key: CartKey) -> None:
        self.deliver(CartChanged(key, Change.UPDATE, self.clock.us))

    def take(self, key: CartKey) -> DueCart:
        (due,) = self.tracker.take([key], self.clock.us, "shop")
        return due

    def claimed(self, key: int, *, attempt: int = 1, **changes: Any) -> ClaimedCart:
        """A cart in hand whose row, 100 + key, is ours."""
        found = cart(key, **changes)
        send = Send(activity_us=found.newest_row_us, due_us=found.newest_row_us + POLICY.threshold_us)
        return ClaimedCart(self.take(key), found, send, 100 + key, attempt)

    def composed(self, key: int, *, attempt: int = 1, **changes: Any) -> ComposedMail:
        return composed(self.claimed(key, attempt=attempt, **changes))


def cart(key: int, **changes: Any) -> Cart:
    """A cart left an hour ago, of one product for 20."""
    values: dict[str, Any] = {
        "key": key,
        "customer": Customer(key, "Jane Doe", f"user{key}@example.com", "customer", bytes([key] * 32)),
        "lines": (Line(1, "Kettle", "Kitchen", Decimal(20), 1, None),),
        "version": NOW - HOUR,
        "newest_order_us": None,
        "fingerprint": f"of {key}",
        "customer_id": key,
    }
    return Cart(**(values | changes))


def composed(claimed: ClaimedCart) -> ComposedMail:
    key = claimed.key
    return ComposedMail(
        claimed, SENDER, f"user{key}@example.com", b"Subject: your cart\r\n\r\n", f"<{key}@example.com>"
    )


@dataclass
class FakeSender:
    """Stands for the SMTP pool. ``answers``: what each ``send`` does, in turn: raise it, or await it."""

    slots: ConnectionSlots
    answers: deque[Any] = field(default_factory=deque)
    is_ready: bool = True
    prepared: list[int] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)
    verifies: deque[Exception] = field(default_factory=deque)
    verified: int = 0
    trouble: Exception | None = None

    def ready(self, _messages: int) -> bool:
        return self.is_ready

    async def prepare(self, messages: int) -> Exception | None:
        self.prepared.append(messages)
        return self.trouble

    async def send(
        self,
        mail_from: str,
        rcpt: str,
        _message: bytes,
        *,
        checked: bool,
        slot_taken: bool,
        still_wanted: Callable[[], Awaitable[bool]],
    ) -> str:
        assert checked
        assert slot_taken
        answer = self.answers.popleft() if self.answers else None
        if isinstance(answer, Exception):
            raise answer
        if answer is not None:
            await answer(still_wanted)
        self.sent.append(rcpt)
        self.senders.append(mail_from)
        return "250 queued"

    async def verify(self) -> None:
        self.verified += 1
        if self.verifies:
            raise self.verifies.popleft()


@dataclass
class FakeLog:
    """Stands for the log. ``failures``: what the next calls raise; ``refuses``: rows that the fence stops.

    ``waits`` and ``taken``: carts that another mail holds back, and that another instance claimed.
    ``suppresses``: to how many addresses too many mails have bounced by now.
    """

    refuses: set[int] = field(default_factory=set)
    failures: deque[Exception] = field(default_factory=deque)
    fences: list[list[int]] = field(default_factory=list)
    written: list[list[Outcome]] = field(default_factory=list)
    given_back: list[tuple[tuple[int, ...], int]] = field(default_factory=list)
    suppresses: int = 0
    waits: dict[CartKey, tuple[int, Reason]] = field(default_factory=dict)
    taken: set[CartKey] = field(default_factory=set)
    claimed: list[list[CartKey]] = field(default_factory=list)
    skipped: list[tuple[list[CartKey], Reason]] = field(default_factory=list)
    closed: list[tuple[list[int], Reason]] = field(default_factory=list)

    def fence(self, mails: Sequence[Fenced], *, lease_us: int) -> set[int]:
        assert lease_us > 0
        self.fences.append([mail.log_id for mail in mails])
        self._maybe_fail()
        return {mail.log_id for mail in mails} - self.refuses

    def fence_again(self, mail: Fenced, *, lease_us: int) -> bool:
        return bool(self.fence([mail], lease_us=lease_us))

    def finish(self, outcomes: Sequence[Outcome]) -> int:
        self._maybe_fail()
        self.written.append(list(outcomes))
        return self.suppresses

    def give_back(self, ids: Sequence[int], at_us: int) -> int:
        self._maybe_fail()
        self.given_back.append((tuple(ids), at_us))
        return len(ids)

    def claim(self, episodes: Sequence[Episode], *, lease_us: int, cooldown_us: int, now_us: int) -> Claims:
        assert (lease_us, cooldown_us, now_us) == (HOUR, POLICY.cooldown_us, NOW)
        self._maybe_fail()
        self.claimed.append([episode.key for episode in episodes])
        ids = {
            one.key: 100 + int(one.key)
            for one in episodes
            if one.key not in self.waits and one.key not in self.taken
        }
        return Claims(ids, {key: until for key, until in self.waits.items() if key not in ids})

    def skip(self, episodes: Sequence[Episode], reason: Reason) -> dict[CartKey, int]:
        self.skipped.append(([episode.key for episode in episodes], reason))
        return {}

    def close(self, rows: Sequence[LoggedEpisode], reason: Reason) -> None:
        self.closed.append(([row.id for row in rows], reason))

    def _maybe_fail(self) -> None:
        if self.failures:
            raise self.failures.popleft()


@dataclass
class FakeLoader:
    """Reads carts from ``carts``; ``failure``: what it raises instead. ``asked``: for which carts, and since when."""

    carts: dict[CartKey, Cart] = field(default_factory=dict)
    failure: Exception | None = None
    reads: int = 0
    asked: list[tuple[int, int]] = field(default_factory=list)

    def young(self, keys: Sequence[CartKey], since_us: int) -> list[CartKey]:
        self.asked.append((len(keys), since_us))
        if self.failure is not None:
            raise self.failure
        return [key for key in keys if key in self.carts and self.carts[key].newest_row_us >= since_us]

    def load(self, keys: Sequence[CartKey], filled_us: Mapping[CartKey, int | None] | None = None) -> Loaded:
        del filled_us
        self.reads += 1
        if self.failure is not None:
            raise self.failure
        return Loaded({key: self.carts[key] for key in keys if key in self.carts}, {})
