"""Which shops the log's rows belong to, kept in the meta table: one line for each, ``preset.ID``.

Each row's owner names its shop. What belongs to another one is left alone; and until one service serves several
shops, a second one is not started beside a first that lives.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from binlog_watcher.core.owners import BETWEEN
from binlog_watcher.core.transitions import OPEN
from binlog_watcher.errors import ConfigError, DatabaseUnavailableError
from binlog_watcher.shop.identity import ShopIdentity
from binlog_watcher.store.database import Database, Session
from binlog_watcher.store.locks.named_lock import of_database
from binlog_watcher.store.locks.presence import preset_lock
from binlog_watcher.store.own_tables.tables import LOG, META

ENTER_S = 30
"""How long a service waits for another one that is just starting."""

_PREFIX = "preset."


@dataclass(frozen=True, slots=True)
class OthersRows:
    """Open mails of another shop. ``description``: its preset and variables, where that is known."""

    shop: str
    description: str
    rows: int


def own_id(database: Database, identity: ShopIdentity) -> str:
    """The id of this preset's shop: that of before, if only the file's name is new."""
    with database.session() as session:
        known = _known(session)
    if known.get(identity.id, ("", ""))[0] == identity.content:
        return identity.id
    same = [shop for shop, (content, _) in known.items() if content == identity.content]
    return same[0] if same else identity.id


@contextlib.contextmanager
def one_at_a_time(database: Database) -> Iterator[None]:
    """Let no other service enter this database meanwhile. Raises DatabaseUnavailableError when one takes too long."""
    name = database.settings.database
    lock = of_database("cartwake.enter", name)
    with database.session() as session:
        if session.row("SELECT GET_LOCK(%s, %s)", (lock, ENTER_S)) != (1,):
            raise DatabaseUnavailableError(f"another service has been starting on {name} for {ENTER_S} s")
        try:
            yield
        finally:
            session.rows("SELECT RELEASE_LOCK(%s)", (lock,))


def insist_alone(database: Database, identity: ShopIdentity) -> None:
    """Raises ConfigError while a service with another preset, or this one before its edit, follows the database."""
    name = database.settings.database
    with database.session() as session:
        for content, description in _known(session).values():
            if content == identity.content:
                continue
            if session.row("SELECT IS_USED_LOCK(%s)", (preset_lock(content, name),)) != (None,):
                raise ConfigError(
                    f"a service with another preset follows {name} ({description}), and this one has "
                    f"{identity.description}: one database is one shop's. Is it the same shop, after an edit? Then "
                    "stop that service before this one starts. For two shops in one database let one preset cover "
                    "both, and stop the other service (SHOP_SCHEMA, SHOP_VARIABLES)"
                )


def register(database: Database, shop: str, identity: ShopIdentity) -> None:
    """Remember what this shop's preset is now."""
    value = f"{identity.content} {identity.description}"
    with database.session() as session:
        session.run(
            f"INSERT INTO {META} (name, value) VALUES (%s, %s) ON DUPLICATE KEY UPDATE value = %s",
            (_PREFIX + shop, value, value),
        )


def rows_of_others(session: Session, shop: str | None) -> list[OthersRows]:
    """Open mails that belong to other shops."""
    known = _known(session)
    rows = session.rows(
        f"SELECT SUBSTRING_INDEX(owner, %s, 1), COUNT(*) FROM {LOG} WHERE status IN %s AND LOCATE(%s, owner) > 0 "
        "GROUP BY 1 ORDER BY 1",
        (BETWEEN, OPEN, BETWEEN),
    )
    return [
        OthersRows(str(other), known.get(str(other), ("", f"preset {other}"))[1], int(count))
        for other, count in rows
        if other != shop
    ]


def how_to_adopt(other: OthersRows) -> str:
    """The statement that gives another shop's open mails to whoever follows this database."""
    statuses = ", ".join(f"'{status}'" for status in OPEN)
    return (
        f"UPDATE {LOG} SET owner = NULL WHERE owner LIKE '{other.shop}{BETWEEN}%' AND status IN ({statuses})"
    )


def _known(session: Session) -> dict[str, tuple[str, str]]:
    """Shop → content, description of its preset."""
    rows = session.rows(f"SELECT name, value FROM {META} WHERE name LIKE %s ORDER BY name", (_PREFIX + "%",))
    found = {str(name).removeprefix(_PREFIX): str(value).partition(" ") for name, value in rows}
    return {shop: (content, description) for shop, (content, _, description) in found.items()}
