"""Erases rows of the log that are older than LOG_RETENTION_DAYS: some at a time, and each row is looked at once.

How far it came stands in the meta table. Rows are found in the order of their creation, by the index on it.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from binlog_watcher.core.erased_keys import ErasedKeys, is_erased
from binlog_watcher.core.log_status import Reason
from binlog_watcher.core.transitions import PASS_FENCE
from binlog_watcher.store.database import Database, Session
from binlog_watcher.store.own_tables import erasure
from binlog_watcher.store.own_tables.definitions import FIRST_DAYS
from binlog_watcher.store.own_tables.erasure import ROWS_BATCH_SIZE, Erased
from binlog_watcher.store.own_tables.statement import Statement
from binlog_watcher.store.own_tables.tables import LOG, META
from binlog_watcher.store.shop_tables.shop import Shop
from binlog_watcher.store.times import utc_naive

NAME = "erased_until"
"""The fact of the meta table: creation and id of the last row that was looked at."""

_BEGINNING = (datetime(1970, 1, 1, 0, 0, 1), 0)  # noqa: DTZ001 - UTC, as all that sessions read

Reached = tuple[datetime, int]
"""Creation, in UTC, and id of a row."""

# --- statements -----------------------------------------------------------------------------------------------------


def rows_behind(reached: Reached, before_us: int) -> Statement:
    """The next rows that were created before a moment: id, creation, status, cart; the oldest first."""
    created, log_id = reached
    return Statement(
        f"SELECT id, created_at, status, cart_key FROM {LOG} FORCE INDEX (cartwake_created) "
        # In two ranges of the index, which has the id behind the moment: of one second there may be very many rows.
        "WHERE (created_at = %s AND id > %s OR created_at > %s) AND created_at < %s "
        f"ORDER BY created_at, id LIMIT {ROWS_BATCH_SIZE}",
        (created, log_id, created, utc_naive(before_us)),
    )


def how_far() -> Statement:
    """Up to which row it came."""
    return Statement(f"SELECT value FROM {META} WHERE name = %s", (NAME,))


def came_to(reached: Reached) -> Statement:
    """It has come so far."""
    value = f"{reached[0].isoformat()} {reached[1]}"
    return Statement(
        f"INSERT INTO {META} (name, value) VALUES (%s, %s) ON DUPLICATE KEY UPDATE value = %s",
        (NAME, value, value),
    )


# --- what is done with them -----------------------------------------------------------------------------------------


class OldRows:
    """Those of one database. Every method blocks."""

    def __init__(
        self, database: Database, shop: Shop, erased: ErasedKeys, *, attribution_days: int = FIRST_DAYS
    ) -> None:
        self._database = database
        self._shop = shop
        self._erased = erased
        self._days = attribution_days

    def erase_some(self, before_us: int) -> Erased | None:
        """Erase the next ``ROWS_BATCH_SIZE`` rows from before a moment; None when there are none left for now.

        Rows that were erased by hand are passed over. One whose mail is being handed over is waited for.
        """
        with self._database.session() as session:
            page = session.rows(*rows_behind(_reached(session), before_us))
            busy = next((nth for nth, row in enumerate(page) if row[2] == PASS_FENCE.sets), len(page))
            page = page[:busy]
            if not page:
                return None
            erasure.erase_visits_that_do_not_count(session, [row[0] for row in page])
        return self._database.in_transaction(partial(self._erase, page=page))

    def _erase(self, session: Session, page: Sequence[tuple[int, datetime, str, str]]) -> Erased:
        done = erasure.erase_rows(
            session,
            self._shop.queries,
            self._erased,
            [row[0] for row in page],
            reason=Reason.TOO_OLD,
            days=self._days,
        )
        if not done.busy:
            session.run(*came_to((page[-1][1], page[-1][0])))
        return done

    def count(self, before_us: int) -> int:
        """How many rows would be erased. Reads only."""
        found = 0
        with self._database.session() as session:
            reached = _reached(session)
            while page := session.rows(*rows_behind(reached, before_us)):
                found += sum(not is_erased(str(key)) for *_, key in page)
                reached = (page[-1][1], page[-1][0])
        return found


def _reached(session: Session) -> Reached:
    row = session.row(*how_far())
    if row is None:
        return _BEGINNING
    created, _, log_id = str(row[0]).partition(" ")
    return datetime.fromisoformat(created), int(log_id)
