"""A shop in virtual time: its tables, its binlog, its whole history, and customers who act by a seed.

It stands in for MySQL under the pure core: ``hydrate.Hydrator`` reads it as its shop and its log.
"""

import contextlib
import itertools
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from binlog_watcher.core.cart import Cart, Customer, Line, LoggedEpisode, Recipient
from binlog_watcher.core.decision import Policy
from binlog_watcher.core.events import CartChanged, CartKey, Change, OrderChanged, OrderPlaced
from binlog_watcher.core.log_status import Status
from binlog_watcher.core.transitions import OPEN
from binlog_watcher.store.shop_tables.open_carts import OpenCart

ShopEvent = CartChanged | OrderPlaced | OrderChanged
SECOND = 1_000_000
LINE = Line("p", "Mouse", "Input", Decimal("19.99"), 1, None)


@dataclass(frozen=True, slots=True)
class Deed:
    """One row that changed, as the oracle sees it later: ``row`` is the row's creation in whole seconds (µs)."""

    at_us: int
    kind: str  # insert, update, delete, order, cancel
    row_id: int
    row: int


@dataclass(slots=True)
class LogRow:
    """One episode in the log; ``begun_us``: when its row was written."""

    begun_us: int
    status: Status
    attempts: int = 1
    next_attempt_us: int | None = None
    lease_until_us: int | None = None
    process: int = 0


@dataclass(slots=True)
class SimulatedShop:
    """Tables of the shop and of Cartwake. Times in epoch microseconds; ``now_us`` makes it a clock too."""

    seed: int
    now: int
    rows: dict[CartKey, dict[int, int]] = field(default_factory=lambda: defaultdict(dict))
    orders: dict[CartKey, dict[int, int]] = field(default_factory=lambda: defaultdict(dict))
    stamps: dict[CartKey, int] = field(default_factory=lambda: defaultdict(int))
    address: dict[CartKey, bytes | None] = field(default_factory=dict)
    binlog: list[ShopEvent] = field(default_factory=list)
    history: dict[CartKey, list[Deed]] = field(default_factory=lambda: defaultdict(list))
    log: dict[CartKey, dict[int, LogRow]] = field(default_factory=lambda: defaultdict(dict))
    last_mail: dict[bytes, int] = field(default_factory=dict)
    mails: list[tuple[int, CartKey, int]] = field(default_factory=list)  # (when, key, version)
    story: dict[CartKey, list[str]] = field(default_factory=lambda: defaultdict(list))
    process: int = 1
    telling: bool = True  # whether the story is kept, which costs a third of the time
    _ids: int = 0

    def now_us(self) -> int:
        return self.now

    def tell(self, key: CartKey, what: str) -> None:
        """A line for the story that a failing seed prints."""
        if self.telling:
            self.story[key].append(f"{self.now % 10**10 / SECOND:12.3f}  {what}")

    # --- what customers do --------------------------------------------------------------------------------------

    def act(self, key: CartKey, deed: str) -> None:
        """One transaction."""
        cart = self.rows[key]
        second = self.now // SECOND * SECOND
        match deed:
            case "insert":
                self._ids += 1
                cart[self._ids] = second
                self._changed(key, Change.INSERT, self._ids, second)
            case "update" if cart:
                row_id = min(cart)
                self._changed(key, Change.UPDATE, row_id, cart[row_id])
            case "delete oldest" | "delete newest" if cart:
                self._delete(key, min(cart) if deed == "delete oldest" else max(cart))
            case "clear":
                self._clear(key)
            case "order" | "order and clear" if cart:
                self._ids += 1
                self.orders[key][self._ids] = second
                self._note(key, "order", self._ids, second)
                self.binlog.append(OrderPlaced(key, self.now))
                if deed == "order and clear":
                    self._clear(key)
            case "cancel order" if self.orders[key]:
                order_id, created = self.orders[key].popitem()
                self._note(key, "cancel", order_id, created)
                self.binlog.append(OrderChanged(key, self.now))

    def _delete(self, key: CartKey, row_id: int) -> None:
        created = self.rows[key].pop(row_id)
        self._changed(key, Change.DELETE, row_id, created)

    def _clear(self, key: CartKey) -> None:
        for row_id in list(self.rows[key]):
            self._delete(key, row_id)

    def _changed(self, key: CartKey, change: Change, row_id: int, created: int) -> None:
        self._note(key, change.value, row_id, created)
        self.binlog.append(CartChanged(key, change, self.now))

    def _note(self, key: CartKey, kind: str, row_id: int, created: int) -> None:
        self.history[key].append(Deed(self.now, kind, row_id, created))
        self.stamps[key] += 1
        self.tell(key, f"{kind} #{row_id}")

    # --- what Cartwake reads ------------------------------------------------------------------------------------

    def counted(self, key: CartKey) -> list[int]:
        """Creation times of the counted rows."""
        newest_order = max(self.orders[key].values(), default=-1)
        return [created for created in self.rows[key].values() if created > newest_order]

    def load(self, key: CartKey) -> Cart:
        """The cart as ``store`` would read it."""
        counted = self.counted(key)
        address = self.address[key]
        versions = self.log[key]
        version = max(counted, default=None)
        # A cart whose newest row went while its mail was under way goes on with the episode that was begun.
        if version is not None and versions and versions[max(versions)].status in OPEN:
            version = max(version, *versions)
        return Cart(
            key=key,
            customer=Customer(0, None, None, None, address),
            lines=(LINE,) * len(counted),
            version=version,
            newest_order_us=max(self.orders[key].values(), default=None),
            logged=self._logged(key, max(versions)) if versions else None,
            recipient=Recipient(self.last_mail.get(address)) if address else Recipient(),
            fingerprint=str(self.stamps[key]),
        )

    def _logged(self, key: CartKey, version: int) -> LoggedEpisode:
        row = self.log[key][version]
        return LoggedEpisode(
            id=0,
            version=version,
            status=row.status,
            attempts=row.attempts,
            next_attempt_us=row.next_attempt_us,
            lease_until_us=row.lease_until_us,
            owner_alive=row.process == self.process,
        )

    # --- the names that the Hydrator uses -----------------------------------------------------------------------

    def session(self) -> contextlib.nullcontext[None]:
        return contextlib.nullcontext()

    def open_carts(
        self, since_us: int, now_us: int | None = None, *, among: Sequence[CartKey] | None = None
    ) -> Iterator[list[OpenCart]]:
        del now_us, among  # no cart's creation is known by its day only
        keys = sorted(self.address, key=str)
        size = max(
            25, len(keys) // 8
        )  # a large shop's hydration takes no longer, and breaks off no more often
        for start in range(0, len(keys), size):
            page = [(key, max(self.counted(key), default=-1)) for key in keys[start : start + size]]
            yield [OpenCart(key, created, created, created) for key, created in page if created >= since_us]

    def newest(self, _session: None, keys: Sequence[CartKey]) -> dict[CartKey, LoggedEpisode]:
        return {key: self._logged(key, max(self.log[key])) for key in keys if self.log[key]}

    def last_sent(self, _session: None, keys: Sequence[CartKey], since_us: int) -> dict[CartKey, int]:
        sent: dict[CartKey, int] = {}
        wanted = set(keys)
        for when, key, _ in reversed(
            self.mails
        ):  # in the order of their times: the first that is found is the last
            if when < since_us:
                break
            if key in wanted:
                sent.setdefault(key, when)
        return sent


DEEDS = {
    "insert": 40,
    "update": 14,
    "delete oldest": 6,
    "delete newest": 6,
    "clear": 4,
    "order": 8,
    "order and clear": 10,
    "cancel order": 4,
}
_KINDS, _SHARES = list(DEEDS), list(itertools.accumulate(DEEDS.values()))


def plan(
    shop: SimulatedShop, customers: int, begin: int, end: int, policy: Policy
) -> list[tuple[int, int, str]]:
    """(when, key, deed) of all customers, in order. Some share an address, some have none."""
    dice = random.Random(shop.seed)
    deeds: list[tuple[int, int, str]] = []
    for key in range(1, customers + 1):
        shop.address[key] = f"{key - 1 if key % 9 == 0 else key}".encode() if key % 13 else None
        pace = dice.choice([4, 20, 60]) * SECOND
        # Moments that matter are just before and just after the threshold.
        when = begin + int(dice.expovariate(1 / pace))
        while when < end:
            deeds.append((when, key, dice.choices(_KINDS, cum_weights=_SHARES)[0]))
            near = policy.threshold_us + dice.randint(-SECOND, 4 * SECOND)
            when += near if dice.random() < 0.3 else int(dice.expovariate(1 / pace))
    return sorted(deeds)
