"""Reads all open carts when the source starts or is reset: MySQL's tables are the only state.

See docs/design-sending.md, *Never twice, never lost*.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import structlog

from binlog_watcher.clock import ServerClock
from binlog_watcher.core.cart import LoggedEpisode, Recipient
from binlog_watcher.core.cart_note import CartNote
from binlog_watcher.core.decision import CLOCK_ERROR_US, Policy
from binlog_watcher.core.events import CartKey, CartRead
from binlog_watcher.core.log_status import Status
from binlog_watcher.store.database import Database
from binlog_watcher.store.own_tables.cart_notes import CartNotes
from binlog_watcher.store.own_tables.log import EpisodeLog
from binlog_watcher.store.shop_tables.open_carts import OpenCart
from binlog_watcher.store.shop_tables.scans import Scan

log = structlog.get_logger(__name__)


class Hydrator:
    """Yields pages of the carts that wait for their moment; documents that nobody knew are noted.

    due = max(activity + threshold, last mail + cool-down, next attempt). Left out: carts that were handled, that
    fell due before Cartwake's activation, or that are too old.
    """

    def __init__(
        self,
        *,
        database: Database,
        scan: Scan,
        episodes: EpisodeLog,
        notes: CartNotes,
        policy: Policy,
        clock: ServerClock,
        with_log: bool,
    ) -> None:
        self._database = database
        self._scan = scan
        self._episodes = episodes
        self._notes = notes
        self._policy = policy
        self._clock = clock
        self._with_log = with_log

    def __call__(self, among: Sequence[CartKey] | None = None) -> Iterator[list[CartRead]]:
        """Read all pages; with ``among`` what is armed of these carts. Blocking; raises DatabaseUnavailableError."""
        policy = self._policy
        now_us = self._clock.now_us()
        since_us = max(now_us - policy.max_age_us, policy.activated_us - policy.threshold_us)
        count = 0
        notes_tell, stopped_us = self._notes.tell_of_all(), self._notes.last_written_us()
        for read in self._scan.open_carts(since_us, now_us, among=among):
            page = [_filled_when_nobody_looked(cart, stopped_us) for cart in read]
            reads = list(self._arm(page, since_us, now_us, notes_tell=notes_tell))
            count += len(reads)
            yield reads
        if among is not None:
            return
        if not notes_tell:
            self._notes.all_written()
        log.info("hydrate.done", carts=count, ms=(self._clock.now_us() - now_us) // 1000)

    def _arm(
        self, page: list[OpenCart], since_us: int, now_us: int, *, notes_tell: bool
    ) -> Iterator[CartRead]:
        keys = [cart.key for cart in page]
        logged: dict[CartKey, LoggedEpisode] = {}
        mailed: dict[CartKey, int] = {}
        if self._with_log:
            with self._database.session() as session:
                logged = self._episodes.newest(session, keys)
                mailed = self._episodes.last_sent(session, keys, since_us)
        noted = self._notes.read(keys)
        if not notes_tell:
            page = self._as_noted(page, noted)
        for cart in page:
            is_told = cart.activity_us <= now_us + CLOCK_ERROR_US
            activity_us = cart.activity_us if is_told else now_us  # it has happened by now
            note = noted.get(cart.key)
            if note is not None and note.activity_us is not None:
                activity_us = max(activity_us, note.activity_us)
            due_us = activity_us + self._policy.threshold_us
            if due_us <= self._policy.activated_us:
                continue
            held_us = _held_until(logged.get(cart.key), cart.version, now_us)
            if held_us is None:
                continue
            cooled_us = Recipient(mailed.get(cart.key)).held_until_us(self._policy.cooldown_us)
            filled_us = None if cart.digest is None else cart.version
            yield CartRead(cart.key, activity_us, max(due_us, held_us, cooled_us), filled_us, cart.digest)

    def _as_noted(self, page: list[OpenCart], noted: Mapping[CartKey, CartNote]) -> list[OpenCart]:
        """Documents, as old as they were noted before all were, or by another form.

        Those without a note fell due before the first start: how old they are nobody knows then, and whoever touches
        one of them has a cart again. All is noted, so that the next start knows it.
        """
        old_us = self._policy.activated_us - self._policy.threshold_us
        known: list[OpenCart] = []
        notes: list[CartNote] = []
        for cart in page:
            note = noted.get(cart.key)
            if cart.digest is None:
                known.append(cart)
            elif note is None or note.activity_us is None:
                notes.append(CartNote(cart.key, old_us, filled_us=old_us, digest=cart.digest))
            else:
                filled_us = note.filled_us or note.activity_us
                known.append(OpenCart(cart.key, filled_us, note.activity_us, filled_us))
                notes.append(CartNote(cart.key, None, note.ordered_us, digest=cart.digest))
        if notes:
            self._notes.write(notes)
        return known


def _filled_when_nobody_looked(cart: OpenCart, stopped_us: int | None) -> OpenCart:
    """A document that changed since the last note of any was written, at ``stopped_us``: it is taken for filled then.

    Whoever ordered after that may have bought just this, and the shop may not have emptied the cart yet. Its last
    activity is now, as far as anybody knows.
    """
    if cart.digest is None or stopped_us is None or stopped_us >= cart.version:
        return cart
    return replace(cart, created_us=stopped_us, version=stopped_us)


def _held_until(logged: LoggedEpisode | None, version: int, now_us: int) -> int | None:
    """Until when the log holds this version back (0: not at all); None when it was handled.

    None also for what is another shop's to handle. A row that is still open goes on although the cart's newest row
    has gone, and the version has fallen with it.
    """
    if logged is None or logged.version < version:
        return 0
    if not logged.ours:
        return None
    if logged.status is Status.RETRY:
        return logged.next_attempt_us or 0
    if logged.status is Status.CLAIMED:
        return (logged.lease_until_us or 0) if logged.owner_alive else now_us
    return None
