"""Reads batches of carts with all that ``decide`` wants to know."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from binlog_watcher.core.cart import Cart, LoggedEpisode
from binlog_watcher.core.cart_note import CartNote
from binlog_watcher.core.events import CartKey
from binlog_watcher.core.transitions import OPEN
from binlog_watcher.recovery.absences import Absences
from binlog_watcher.store.own_tables import recipients
from binlog_watcher.store.own_tables.cart_notes import CartNotes
from binlog_watcher.store.own_tables.log import EpisodeLog
from binlog_watcher.store.shop_tables.shop import Loaded, Shop


class CartLoader:
    """Reads carts with or without our own tables. ``now_us``: MySQL's clock; ``absences``: what carts lacked."""

    def __init__(
        self,
        shop: Shop,
        episodes: EpisodeLog,
        notes: CartNotes,
        hasher: recipients.AddressHasher,
        *,
        now_us: Callable[[], int],
        with_log: bool = True,
    ) -> None:
        self.absences = Absences()
        self._now_us = now_us
        self._shop = shop
        self._episodes = episodes
        self._notes = notes
        self._hasher = hasher
        self._with_log = with_log

    def load(self, keys: Sequence[CartKey], filled_us: Mapping[CartKey, int | None] | None = None) -> Loaded:
        """Blocking. In a dry run before the first real one there is no log to read.

        ``filled_us``: when something was last put into carts that are documents, where the notes may not tell yet.
        """
        noted = self._notes.read(keys)
        loaded = self._shop.load(
            keys,
            hash_address=self._hasher,
            logged=self._episodes.newest if self._with_log else lambda _session, _keys: {},
            recipients=recipients.read if self._with_log else lambda _session, _hashes: {},
            filled_us={key: self._filled_us(noted.get(key), (filled_us or {}).get(key)) for key in keys},
        )
        now_us = self._now_us()
        carts = {
            key: self.absences.note(_with_note(_continued(cart), noted.get(key)), now_us)
            for key, cart in loaded.carts.items()
        }
        return Loaded(carts, loaded.unreadable)

    def _filled_us(self, note: CartNote | None, known_us: int | None) -> int:
        """When something was last put in. What is in no note is as old as all that is purged."""
        note = note or CartNote("")
        told = [us for us in (known_us, note.filled_us) if us is not None]
        if told:
            return max(told)
        if note.activity_us is not None:
            return note.activity_us
        return 0 if self._notes.present else self._now_us()

    def young(self, keys: Sequence[CartKey], since_us: int) -> list[CartKey]:
        """The carts among these that may have a row created since then. Blocking."""
        return self._shop.young(keys, since_us)


def _with_note(cart: Cart, note: CartNote | None) -> Cart:
    """A cart with what no table of the shop tells."""
    if note is None:
        return cart
    active_us = max(cart.activity_us or 0, note.activity_us or 0) or None
    return replace(cart, activity_us=active_us, told_order_us=note.ordered_us)


def _continued(cart: Cart) -> Cart:
    """A cart whose newest row went while its mail was under way goes on with the episode that was begun.

    Its version would fall, and a lower version counts as handled: the mail would never be sent.
    """
    version = episode_version(cart.version, cart.logged)
    return cart if version == cart.version else replace(cart, version=version)


def episode_version(version: int | None, logged: LoggedEpisode | None) -> int | None:
    """The version of the cart's episode: that of its newest counted row, or of its open row in the log if higher."""
    if version is None or logged is None or logged.status not in OPEN:
        return version
    return max(version, logged.version)
