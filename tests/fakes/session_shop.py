"""A shop that keeps its carts in sessions, beside Cartwake, and what its tests have in common."""

from dataclasses import dataclass

from fakes.preset_shop import MINUTE, PresetShop
from fakes.sessions import Item, Sessions

from binlog_watcher.core.cart_note import CartNote
from binlog_watcher.core.events import CartChanged, CartKey, Change, Event
from binlog_watcher.core.source import Progress
from binlog_watcher.recovery.hydrate import Hydrator
from binlog_watcher.service.resources import Resources

GUEST = "t_0123456789abcdef0123456789abcd"
DUMPS = bytes([0x12, 0x1E])
"""COM_BINLOG_DUMP and COM_BINLOG_DUMP_GTID."""

POT, SHIRT = Item(1), Item(2, 3, 60.0, variant=21, tax=11.4)


@dataclass
class Open:
    db: PresetShop
    shop: Sessions

    def note(self, key: CartKey, *, minutes_ago: float) -> None:
        """As the service has noted it: filled so long ago, and as it is now."""
        now_us = self.db.resources.clock.now_us()
        at_us = now_us - int(minutes_ago * MINUTE)
        (digest,) = [
            cart.digest
            for page in self.db.resources.scan.open_carts(0, now_us)
            for cart in page
            if cart.key == key
        ]
        self.db.resources.notes.write([CartNote(key, at_us, filled_us=at_us, digest=digest)])


def hydrator_of(parts: PresetShop | Resources) -> Hydrator:
    resources = parts.resources if isinstance(parts, PresetShop) else parts
    return Hydrator(
        database=resources.database, scan=resources.scan, episodes=resources.episodes, notes=resources.notes,
        policy=resources.policy, clock=resources.clock, with_log=resources.with_log,
    )  # fmt: skip


def progress_at(db: PresetShop) -> Progress:
    now_us = db.resources.clock.now_us()
    return Progress("", now_us, caught_up=True, lag_us=0, received_us=now_us)


def of(events: list[Event], key: CartKey) -> list[Change]:
    return [event.change for event in events if isinstance(event, CartChanged) and event.key == key]
