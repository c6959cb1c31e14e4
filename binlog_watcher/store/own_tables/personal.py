"""Finds what our tables hold about one person, and reads it. Reads only."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from binlog_watcher.core.batches import in_batches
from binlog_watcher.core.erased_keys import ErasedKeys
from binlog_watcher.store.database import Session
from binlog_watcher.store.own_tables.claims import HIGHEST_ID
from binlog_watcher.store.own_tables.statement import Statement, of_shop
from binlog_watcher.store.own_tables.tables import CART, CLICK, LOG, RECIPIENT, present

IDS_A_STATEMENT = 20_000
"""Rows of the log that a statement goes over: nothing leads from a customer's id to rows."""

AT_ONCE = 500
"""Rows, keys or hashes that a statement is asked for."""


@dataclass(frozen=True, slots=True)
class Person:
    """How a person is known here.

    ``hashes``: of addresses; ``users``: customers' ids as the log has them; ``keys``: of carts that are theirs,
    whatever address they were logged with; ``mailed_keys``: of carts that have the address now. What was logged of
    those with another address is somebody else's.
    """

    hashes: frozenset[bytes] = frozenset()
    users: frozenset[int] = frozenset()
    keys: frozenset[str] = frozenset()
    mailed_keys: frozenset[str] = frozenset()

    @property
    def carts(self) -> frozenset[str]:
        """The keys of all carts that are theirs now."""
        return self.keys | self.mailed_keys


@dataclass(frozen=True, slots=True)
class OwnRow:
    """A row of the log that is about the person."""

    id: int
    cart_key: str
    user_id: int | None
    address_hash: bytes | None


def as_users(customers: Iterable[int | str]) -> frozenset[int]:
    """Those of these customers whom the log knows by their id: text it does not keep."""
    return frozenset(one for one in customers if isinstance(one, int) and 0 < one <= HIGHEST_ID)


# --- statements -----------------------------------------------------------------------------------------------------

_ROW = "l.id, l.cart_key, l.user_id, l.address_hash"


def rows_with_address(hashes: Collection[bytes]) -> Statement:
    """The rows that were logged with one of these addresses."""
    return Statement(f"SELECT {_ROW} FROM {LOG} l WHERE l.address_hash IN %s", (tuple(sorted(hashes)),))


def rows_of_carts(keys: Sequence[str], shop: str | None) -> Statement:
    """The rows of these carts; not those of another shop, whose keys may be alike."""
    belongs, whose = of_shop(shop)
    return Statement(f"SELECT {_ROW} FROM {LOG} l WHERE l.cart_key IN %s{belongs}", (tuple(keys), *whose))


def rows_of_users(users: Collection[int], after: int, until: int, shop: str | None) -> Statement:
    """The rows of these customers among those with an id in ``(after, until]``; not those of another shop."""
    belongs, whose = of_shop(shop)
    return Statement(
        f"SELECT {_ROW} FROM {LOG} l WHERE l.id > %s AND l.id <= %s AND l.user_id IN %s{belongs}",
        (after, until, tuple(sorted(users)), *whose),
    )


def last_id() -> Statement:
    """The highest id of the log."""
    return Statement(f"SELECT COALESCE(MAX(id), 0) FROM {LOG}")


def keys_of_others(keys: Sequence[str], ids: Sequence[int]) -> Statement:
    """Those of these carts that have other rows, too."""
    return Statement(
        f"SELECT DISTINCT cart_key FROM {LOG} WHERE cart_key IN %s AND id NOT IN %s",
        (tuple(keys), tuple(ids)),
    )


def whole_rows(ids: Sequence[int]) -> Statement:
    """All columns of these rows of the log."""
    return Statement(f"SELECT * FROM {LOG} WHERE id IN %s ORDER BY id", (tuple(ids),))


def whole_visits(ids: Sequence[int]) -> Statement:
    """All columns of the visits by these mails' links."""
    return Statement(f"SELECT * FROM {CLICK} WHERE log_id IN %s ORDER BY id", (tuple(ids),))


def whole_notes(shop: str, keys: Sequence[str]) -> Statement:
    """All columns of what is noted of these carts."""
    return Statement(
        f"SELECT * FROM {CART} WHERE shop = %s AND cart_key IN %s ORDER BY cart_key", (shop, tuple(keys))
    )


def whole_recipients(hashes: Collection[bytes]) -> Statement:
    """All columns of what is known of these addresses."""
    return Statement(
        f"SELECT * FROM {RECIPIENT} WHERE address_hash IN %s ORDER BY address_hash", (tuple(sorted(hashes)),)
    )


# --- what is done with them -----------------------------------------------------------------------------------------


def rows_about(session: Session, person: Person, erased: ErasedKeys, shop: str | None) -> list[OwnRow]:
    """The rows of the log that are about a person, erased or not, the oldest first. ``shop``: the id of ours."""
    found: dict[int, OwnRow] = {}
    for row in _asked(session, person, erased, shop):
        found.setdefault(row.id, row)
    return [found[log_id] for log_id in sorted(found)]


def _asked(session: Session, person: Person, erased: ErasedKeys, shop: str | None) -> Iterator[OwnRow]:
    for some in in_batches(sorted(person.hashes), AT_ONCE):
        yield from _rows(session, rows_with_address(some))
    for keys in in_batches(named(person.keys, erased), AT_ONCE):
        yield from _rows(session, rows_of_carts(keys, shop))
    for keys in in_batches(named(person.mailed_keys, erased), AT_ONCE):
        for row in _rows(session, rows_of_carts(keys, shop)):
            if row.address_hash is None:
                yield row
    if person.users:
        (highest,) = session.row(*last_id()) or (0,)
        for after in range(0, int(highest), IDS_A_STATEMENT):
            yield from _rows(session, rows_of_users(person.users, after, after + IDS_A_STATEMENT, shop))


def _rows(session: Session, statement: Statement) -> Iterator[OwnRow]:
    for log_id, key, user, digest in session.rows(*statement):
        yield OwnRow(log_id, str(key), user, None if digest is None else bytes(digest))


def named(keys: Collection[str], erased: ErasedKeys) -> list[str]:
    """Keys, and the names that they have once they are erased."""
    return sorted({*keys, *map(erased, keys)})


def theirs_alone(session: Session, rows: Sequence[OwnRow]) -> set[str]:
    """The carts of these rows of which nobody else has a row."""
    keys, ids = sorted({row.cart_key for row in rows}), [row.id for row in rows]
    if not keys:
        return set()
    return set(keys) - {str(key) for (key,) in session.rows(*keys_of_others(keys, ids))}


def read_tables(
    session: Session, ids: Sequence[int], shop: str, keys: Sequence[str], hashes: Collection[bytes]
) -> dict[str, list[dict[str, Any]]]:
    """What our tables hold: table → rows, each by column; moments in ISO 8601 UTC, bytes in hex, amounts as text.

    ``ids``: rows of the log; ``keys``: of notes. Tables that an older Cartwake had not are empty.
    """
    wanted = {
        LOG: [whole_rows(some) for some in in_batches(ids, AT_ONCE)],
        CLICK: [whole_visits(some) for some in in_batches(ids, AT_ONCE)],
        CART: [whole_notes(shop, some) for some in in_batches(keys, AT_ONCE)],
        RECIPIENT: [whole_recipients(some) for some in in_batches(sorted(hashes), AT_ONCE)],
    }
    there = present(session)
    return {
        table: _read(session, statements) if table in there else [] for table, statements in wanted.items()
    }


def _read(session: Session, statements: Sequence[Statement]) -> list[dict[str, Any]]:
    return [
        {column: _plain(value) for column, value in record.items()}
        for statement in statements
        for record in session.records(*statement)
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):  # sessions read them in UTC
        return value.isoformat() + "+00:00"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes | bytearray):
        return value.hex()
    return str(value) if isinstance(value, Decimal) else value
