"""Creates and migrates our own tables in place.

Each step looks at what is there, so an upgrade that was interrupted is simply run again.
"""

import hashlib
import secrets
from importlib import resources

import pymysql
import structlog

from binlog_watcher.errors import ConfigError
from binlog_watcher.settings.grants import OWN_VIEWS, Grants
from binlog_watcher.store.database import PRIVILEGE, Database, Session
from binlog_watcher.store.locks.named_lock import of_database
from binlog_watcher.store.own_tables.definitions import CONSTANTS, FIRST_DAYS, views
from binlog_watcher.store.own_tables.log_upgrade import KEY_TYPE, upgrade_log
from binlog_watcher.store.shop_tables.episode_orders import orders_of_episode
from binlog_watcher.store.shop_tables.shop import Shop

log = structlog.get_logger(__name__)

LOG = "cart_abandonment_log"
RECIPIENT = "cart_abandonment_recipient"
META = "cart_abandonment_meta"
CART = "cart_abandonment_cart"
CLICK = "cart_abandonment_click"
RETURNED = "cart_abandonment_returned"
WEBHOOK = "cart_abandonment_webhook"
VERSION = 5
"""Version of the layout below; a newer one in the database is refused."""

_READABLE = frozenset({"1", "2", "3", "4", str(VERSION)})
"""Versions that can be read as they are.

In the first one keys were shorter, and the notes came later; in the second nothing was known of followed links and of
mails that came back; in the third nothing could be erased; in the fourth a row knew
neither its store nor its language, what was erased kept no amounts, and webhooks had no table.
"""

NOTES_COLUMNS = {
    "filled_at": "TIMESTAMP(6) NULL COMMENT 'when something was last put in, of a document' AFTER ordered_at",
    "digest": "BINARY(16) NULL COMMENT 'of what is in a document' AFTER filled_at",
}
"""Of the notes, those that were not there from the beginning."""


def exist(database: Database) -> bool:
    """Whether our tables are there, and can be read."""
    with database.session() as session:
        return META in present(session) and _meta(session, "schema_version") in _READABLE


def migrate(database: Database, shop: Shop, *, attribution_days: int = FIRST_DAYS) -> None:
    """Create what is missing and bring what is old up to date; safe to run at every start.

    ``attribution_days``: within which an order belongs to a cart or a mail, in the views.

    Raises ConfigError when the tables are of a newer Cartwake or of another kind of cart, or the account may not
    create or alter them.
    """
    try:
        with database.session() as session:
            _migrate(session, shop, database.settings.database, attribution_days)
    except ConfigError as error:
        if not isinstance(error.__cause__, pymysql.err.Error) or error.__cause__.args[0] not in PRIVILEGE:
            raise
        lacks = _lacking(database, shop)
        raise ConfigError(
            f"{error}; it lacks {'; '.join(lacks)}" if lacks else str(error)
        ) from error.__cause__


def _migrate(session: Session, shop: Shop, name: str, attribution_days: int) -> None:
    there = present(session)
    version = _meta(session, "schema_version") if META in there else None
    if (newer := newer_layout(version)) is not None:
        raise ConfigError(newer)
    if (
        version is not None and int(version) == VERSION and WEBHOOK in there and not _notes_lack(session)
    ):  # newer than the rest
        _check_keys(session, shop)
        create_views(session, shop, attribution_days)
        return
    lock = of_database("cartwake.migrate", name)
    if session.row("SELECT GET_LOCK(%s, 30)", (lock,)) != (1,):
        raise ConfigError("another Cartwake is changing the tables of this database; try again in a minute")
    _create(session)
    _upgrade_notes(session)
    upgrade_log(session, LOG, users_are_keys=shop.schema.header is None)
    session.run(f"ALTER TABLE {CART} MODIFY COLUMN cart_key {KEY_TYPE} NOT NULL")
    _check_keys(session, shop)
    create_views(session, shop, attribution_days)
    session.run(f"INSERT INTO {META} (name, value) VALUES ('address_salt', %s) ON DUPLICATE KEY UPDATE name = name",
                (secrets.token_hex(32),))  # fmt: skip
    session.run(f"INSERT INTO {META} (name, value) VALUES ('link_secret', %s) ON DUPLICATE KEY UPDATE name = name",
                (secrets.token_hex(32),))  # fmt: skip
    session.run(
        f"INSERT INTO {META} (name, value) VALUES ('schema_version', %s) ON DUPLICATE KEY UPDATE value = %s",
        (VERSION, VERSION),
    )
    session.rows("SELECT RELEASE_LOCK(%s)", (lock,))
    log.info("tables.ready", version=VERSION, existed=LOG in there)


def newer_layout(version: str | None) -> str | None:
    """Why tables with a layout of this version can't be used; None: they can. ``version``: as the meta table has it."""
    if version is None or int(version) <= VERSION:
        return None
    return (
        f"the tables in this database are of a newer Cartwake (version {version}, this one knows {VERSION}); "
        "upgrade Cartwake"
    )


def notes_exist(database: Database) -> bool:
    """Whether the table of notes on carts is there and current, which is newer than the others."""
    with database.session() as session:
        return not _notes_lack(session)


def clicks_exist(database: Database) -> bool:
    """Whether the table of followed links is there: it came with the third version."""
    with database.session() as session:
        return CLICK in present(session)


def erasures_exist(session: Session) -> bool:
    """Whether rows of the log may be erased: the columns for what is kept of them came with the fourth version."""
    row = session.row(
        "SELECT 1 FROM information_schema.COLUMNS "
        "WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = %s AND COLUMN_NAME = 'converted'",
        (LOG,),
    )
    return row is not None


def _notes_lack(session: Session) -> set[str]:
    """The columns that the notes have to have and have not."""
    rows = session.rows(
        "SELECT COLUMN_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = %s",
        (CART,),
    )
    return {"cart_key", *NOTES_COLUMNS} - {str(name).lower() for (name,) in rows}


def _upgrade_notes(session: Session) -> None:
    lacks = _notes_lack(session)
    if lacks:
        added = [f"ADD COLUMN {name} {kind}" for name, kind in NOTES_COLUMNS.items() if name in lacks]
        session.run(f"ALTER TABLE {CART} " + ", ".join(added))


def _create(session: Session) -> None:
    for statement in statements_of("schema.sql"):
        session.run(statement)


def _lacking(database: Database, shop: Shop) -> list[str]:
    with database.session() as session:
        grants = Grants("", "", database.settings.database, tuple(shop.schema.tables()))
        return grants.lacking(str(row[0]) for row in session.rows("SHOW GRANTS"))


def create_views(session: Session, shop: Shop, attribution_days: int = FIRST_DAYS) -> None:
    """(Re-)create the monitoring views, if they are not there as they should be."""
    statements = [
        *(statement.format(**orders_of_episode(shop.queries)) for statement in statements_of("views.sql")),
        *views(shop.queries, attribution_days),
    ]
    digest = hashlib.sha256(repr([statements, shop.queries.constants]).encode()).hexdigest()
    if _meta(session, "views") == digest and _has_views(session):
        return
    for statement in statements:
        session.run(statement, shop.parameters(**CONSTANTS))
    _set_meta(session, "views", digest)


def _check_keys(session: Session, shop: Shop) -> None:
    """The log's rows know their carts by key: keys of another column would be taken for theirs."""
    column = ".".join(shop.schema.key_column).encode("ascii", "backslashreplace").decode()[:255]
    stored = _meta(session, "cart_key")
    if stored not in {None, column} and session.row(f"SELECT 1 FROM {LOG} LIMIT 1"):
        raise ConfigError(
            f"the carts in {LOG} are known by {stored}, and this preset knows carts by {column}: rename {LOG} to "
            f"begin a new one, or, if only the table's name is new: "
            f"UPDATE {META} SET value = '{column}' WHERE name = 'cart_key'"
        )
    if stored != column:
        _set_meta(session, "cart_key", column)


def _set_meta(session: Session, name: str, value: str) -> None:
    session.run(
        f"INSERT INTO {META} (name, value) VALUES (%s, %s) ON DUPLICATE KEY UPDATE value = %s",
        (name, value, value),
    )


def _has_views(session: Session) -> bool:
    row = session.row(
        "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE = 'VIEW' "
        "AND TABLE_NAME IN %s",
        (OWN_VIEWS,),
    )
    return row is not None and row[0] == len(OWN_VIEWS)


def present(session: Session) -> set[str]:
    """Which of our tables are there."""
    return {
        str(name)
        for (name,) in session.rows(
            "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME IN %s",
            ((LOG, RECIPIENT, META, CART, CLICK, WEBHOOK),),
        )
    }


def _meta(session: Session, name: str) -> str | None:
    row = session.row(f"SELECT value FROM {META} WHERE name = %s", (name,))
    return None if row is None else str(row[0])


def statements_of(file: str) -> list[str]:
    """The statements of one of our files."""
    text = resources.files(__package__).joinpath(file).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("--")]
    return [statement.strip() for statement in "\n".join(lines).split(";\n") if statement.strip(" \n;")]
