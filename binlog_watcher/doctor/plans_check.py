"""How the server would do the reads of a batch of carts, with the rows that this shop has: EXPLAIN."""

import contextlib
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any, NamedTuple

from binlog_watcher.core.cart_note import CartNote
from binlog_watcher.core.events import CartKey
from binlog_watcher.doctor.case import Case
from binlog_watcher.doctor.finding import Check, Finding, ok, warning
from binlog_watcher.doctor.patience import limit_time
from binlog_watcher.settings.connection import ConnectionSettings
from binlog_watcher.store.database import Database, Session
from binlog_watcher.store.shop_tables.scans import scan_of
from binlog_watcher.store.shop_tables.shop import Shop

_BATCH = 25
"""Carts: as many as often fall due together."""

_MANY_ROWS = 20_000
"""From so many on a batch waits for a good part of a second, and so does what shares the server's disk."""

_SCANS = frozenset({"ALL", "index"})


class _Scan(NamedTuple):
    """A table that a read goes through from end to end. ``rows``: as the server guesses."""

    table: str
    rows: int


class _ExplainedSession(Session):
    """Asks how a read would be done before doing it."""

    def __init__(self, database: "_ExplainedDatabase", cursor: Any) -> None:
        super().__init__(database, cursor)
        self._explained = database

    def rows(self, sql: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        """See ``Session``."""
        explained = self._explained
        if explained.explain and sql.lstrip(" \n(").upper().startswith(("SELECT", "WITH")):
            self.run(f"{explained.explain} {sql}", parameters)
            names = self.columns
            for row in self._cursor.fetchall():
                step = dict(zip(names, row, strict=True))
                if step["type"] in _SCANS and step["table"] and not str(step["table"]).startswith("<"):
                    explained.scans.append(_Scan(str(step["table"]), int(step["rows"] or 0)))
        return super().rows(sql, parameters)


class _ExplainedDatabase(Database):
    """``explain``: the server's word for it; empty: nothing is asked. ``scans``: what was found, by alias."""

    def __init__(self, connection: ConnectionSettings) -> None:
        super().__init__(connection, pool_size=1)
        self.explain = ""
        self.scans: list[_Scan] = []

    @contextlib.contextmanager
    def session(self) -> Iterator[Session]:
        """See ``Database``; no read takes longer than the checks may."""
        with super().session() as plain:
            session = _ExplainedSession(self, plain._cursor)  # noqa: SLF001 - one and the same session
            limit_time(plain.rows)
            yield session


class _NoNotes:
    """Carts of which nothing is noted."""

    def read(self, _keys: Sequence[CartKey]) -> dict[CartKey, CartNote]:
        """See ``Notes``."""
        return {}

    def active_between(self, _after_us: int, _until_us: int) -> Iterator[list[str]]:
        """See ``Notes``."""
        return iter(())


def _look(case: Case) -> Iterator[Finding]:
    server = case.server
    with closing(_ExplainedDatabase(server.connection)) as database:
        shop = Shop(database, server.schema, timezone=case.settings.shop_timezone)
        keys = scan_of(shop, _NoNotes()).newest(_BATCH)
        if not keys:
            yield ok("there is no cart yet with which the reads could be tried")
            return
        database.explain = "EXPLAIN" if server.is_mariadb else "EXPLAIN FORMAT=TRADITIONAL"
        shop.load(
            keys,
            hash_address=lambda _address: b"",
            logged=lambda _session, _keys: {},
            recipients=lambda _session, _hashes: {},
        )
        shop.young(keys, 0)
    large = sorted({scan for scan in database.scans if scan.rows >= _MANY_ROWS}, key=lambda scan: -scan.rows)
    if not large:
        yield ok(f"the reads of a batch, tried with {len(keys)} carts, go by indexes")
    for scan in large:
        yield warning(
            f"for {len(keys)} carts the server reads {scan.table} from end to end, some {scan.rows} rows",
            "each batch of due carts takes so long, and the shop's own reads beside it",
            "the index that shop.indexes names; where it is there, ANALYZE TABLE, so that the server knows its worth",
        )


CHECKS: tuple[Check[Case], ...] = (
    Check(
        "shop.plans",
        _look,
        ("SHOP_SCHEMA",),
        needs=("shop.preset", "shop.columns", "shop.selects", "account.rights"),
    ),
)
