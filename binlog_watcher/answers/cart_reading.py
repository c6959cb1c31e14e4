"""Reads all that there is to know of a cart: by what the service itself calls, and without writing or locking."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from binlog_watcher.answers.cart_story import Known, Moments
from binlog_watcher.core.cart import Cart
from binlog_watcher.core.cart_note import CartNote
from binlog_watcher.core.dead_letters import RESTORABLE, advice
from binlog_watcher.core.decision import Send
from binlog_watcher.core.events import CartKey, CartRead
from binlog_watcher.core.outlook import outlook
from binlog_watcher.recovery.hydrate import Hydrator
from binlog_watcher.recovery.send.attempts import MAX_ATTEMPTS
from binlog_watcher.service.resources import Resources
from binlog_watcher.store.own_tables import dead_letters, history
from binlog_watcher.store.own_tables.history import LogRow
from binlog_watcher.store.own_tables.tables import clicks_exist
from binlog_watcher.store.shop_tables.cart_search import CartSearch

MOST_ROWS = 100
"""Rows of the log, and orders, that are told of one cart: the newest."""


@dataclass(frozen=True, slots=True)
class Read:
    """``known``: of the newest carts, the newest first; ``more``: how many are left out."""

    known: list[Known]
    unreadable: Mapping[CartKey, str]
    more: int


class CartReader:
    """One shop's carts. Blocking."""

    def __init__(self, resources: Resources, *, show_address: bool) -> None:
        self._resources = resources
        self._show_address = show_address
        self._search = CartSearch(resources.shop)
        self._with_visits = resources.with_log and clicks_exist(resources.database)

    def read(self, keys: Sequence[CartKey], *, most: int, store: str | None = None) -> Read:
        """Those carts that the shop or our tables have, of a store (None: of any); blocking.

        Which are the newest is known from a few statements for all; the rest is read for ``most`` of them.
        """
        if not keys:
            return Read([], {}, 0)
        armed = self._armed(keys)
        loaded = self._resources.loader.load(keys, {key: one.filled_us for key, one in armed.items()})
        notes = self._resources.notes.read(keys)
        there = [
            cart
            for cart in loaded.carts.values()
            if (cart.logged is not None or cart.key in notes or self._search.is_there(cart))
            and (store is None or cart.store == store)
        ]
        there.sort(key=_newest_us, reverse=True)
        known = [self._known(cart, armed.get(cart.key), notes.get(cart.key)) for cart in there[:most]]
        return Read(known, loaded.unreadable if store is None else {}, len(there) - len(known))

    def _armed(self, keys: Sequence[CartKey]) -> dict[CartKey, CartRead]:
        """What a service that starts now would arm: the same statements and rules, for these carts only."""
        resources = self._resources
        hydrator = Hydrator(
            database=resources.database, scan=resources.scan, episodes=resources.episodes, notes=resources.notes,
            policy=resources.policy, clock=resources.clock, with_log=resources.with_log,
        )  # fmt: skip
        by_fold = {resources.shop.fold(key): key for key in keys}
        return {
            by_fold.get(resources.shop.fold(one.key), one.key): one for page in hydrator(keys) for one in page
        }

    def _known(self, cart: Cart, armed: CartRead | None, note: CartNote | None) -> Known:
        resources, now_us = self._resources, self._resources.clock.now_us()
        looks = outlook(cart, None if armed is None else armed.activity_us, now_us, resources.policy)
        known = Known(
            cart=cart, now_us=now_us, policy=resources.policy, moments=self._moments(), looks=looks,
            rows=self._search.rows_of(cart), armed=armed, note=note,
            orders=self._search.orders_of(cart, MOST_ROWS), show_address=self._show_address,
            **self._logged(cart),
        )  # fmt: skip
        if not resources.with_log or not isinstance(looks[-1].decision, Send):
            return known
        hindrance, changed = resources.episodes.look_ahead(
            cart, cooldown_us=resources.policy.cooldown_us, now_us=now_us
        )
        return replace(known, hindrance=hindrance, changed=changed)

    def _logged(self, cart: Cart) -> dict[str, Any]:
        """What our own tables have of a cart and its address."""
        resources = self._resources
        if not resources.with_log:
            return {}
        digest = cart.customer.address_hash if cart.customer else None
        last_us = cart.recipient.last_mail_us
        with resources.database.session() as session:
            rows = history.read_rows(
                session, cart, resources.episodes.shop_id, with_bounces=self._with_visits, most=MOST_ROWS
            )  # fmt: skip
            mailed = [row.id for row in rows]
            holds = digest is not None and last_us is not None
            return {
                "log": rows,
                "visits": history.read_visits(session, mailed) if self._with_visits else [],
                "suppressed": None if digest is None else history.read_suppression(session, digest),
                "holder": history.read_mail_at(session, digest or b"", last_us or 0) if holds else None,
                "advice": self._advice(session, rows),
            }

    def _advice(self, session: Any, rows: Sequence[LogRow]) -> dict[int, str]:
        given_up = [row.id for row in rows if row.status in RESTORABLE]
        oldest_us = self._resources.clock.now_us() - self._resources.policy.max_age_us
        letters = dead_letters.read(session, given_up, self._resources.episodes.shop_id)
        return {row.id: advice(row, oldest_us, max_attempts=MAX_ATTEMPTS) for row in letters}

    def _moments(self) -> Moments:
        schema, rows, cart = self._resources.schema, self._resources.schema.rows, self._resources.schema.cart
        created = f"{rows.table}.{rows.created}" if rows.created else None
        created = created or (f"{cart.table}.{cart.created}" if cart.created else None)
        updated = [f"{rows.table}.{name}" for name in rows.updated]
        updated += [] if schema.header is None else [f"{cart.table}.{name}" for name in cart.updated]
        return Moments(created, tuple(dict.fromkeys(updated)), document=schema.document is not None)


def _newest_us(cart: Cart) -> int:
    """By what the newest cart is first: its row, its activity, else what was logged last."""
    logged = 0 if cart.logged is None else cart.logged.version
    return max(cart.newest_row_us, cart.activity_us or 0) or logged
