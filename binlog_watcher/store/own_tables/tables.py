"""Creates and migrates our own tables in place.

The owner's five-column ``cart_abandonment_log`` may already be there with rows: it is upgraded, not replaced. Each
step looks at what is there, so an upgrade that was interrupted is simply run again.
"""

import hashlib
import secrets
from importlib import resources

import pymysql
import structlog

from binlog_watcher.errors import ConfigError
from binlog_watcher.settings.grants import Grants
from binlog_watcher.store.database import PRIVILEGE, Database, Session
from binlog_watcher.store.locks.named_lock import of_database
from binlog_watcher.store.shop_tables.episode_orders import orders_of_episode
from binlog_watcher.store.shop_tables.shop import Shop

log = structlog.get_logger(__name__)

LOG = "cart_abandonment_log"
RECIPIENT = "cart_abandonment_recipient"
META = "cart_abandonment_meta"
CART = "cart_abandonment_cart"
VERSION = 2
"""Version of the layout below; a newer one in the database is refused."""

_READABLE = frozenset({"1", str(VERSION)})
"""Versions that can be read as they are: in the first one keys were shorter, and the notes came later."""

KEY_LENGTH = 128
"""Characters of a cart key: a text, or 64 bytes in hex."""

_KEY_TYPE = f"VARCHAR({KEY_LENGTH}) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
ADDED_COLUMNS = {
    "cart_key": f"{_KEY_TYPE} NULL",
    "cart_version": "BIGINT NULL COMMENT 'creation of the newest counted row, epoch microseconds'",
    "step": "SMALLINT UNSIGNED NOT NULL DEFAULT 1",
    "status": "VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NULL",
    "reason": "VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NULL",
    "address_hash": "BINARY(32) NULL",
    "owner": "VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL",
    "lease_until": "TIMESTAMP(6) NULL",
    "attempts": "SMALLINT UNSIGNED NOT NULL DEFAULT 0",
    "next_attempt_at": "TIMESTAMP(6) NULL",
    "error": "VARCHAR(500) CHARACTER SET utf8mb4 NULL",
    "message_id": "VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NULL",
    "discount_percent": "DECIMAL(5,2) NULL",
    "item_count": "INT UNSIGNED NULL",
    "currency": "VARCHAR(3) CHARACTER SET ascii COLLATE ascii_bin NULL",
    "last_activity_at": "TIMESTAMP(6) NULL",
    "sent_at": "TIMESTAMP(6) NULL",
}
NOTES_COLUMNS = {
    "filled_at": "TIMESTAMP(6) NULL COMMENT 'when something was last put in, of a document' AFTER ordered_at",
    "digest": "BINARY(16) NULL COMMENT 'of what is in a document' AFTER filled_at",
}
"""Of the notes, those that were not there from the beginning."""

INDEXES = {
    "cartwake_episode": "UNIQUE KEY cartwake_episode (cart_key, cart_version, step)",
    "cartwake_status": "KEY cartwake_status (status, next_attempt_at)",
    "cartwake_address": "KEY cartwake_address (address_hash, status)",
    "cartwake_owner": "KEY cartwake_owner (owner)",
    "cartwake_created": "KEY cartwake_created (created_at)",
}


def exist(database: Database) -> bool:
    """Whether our tables are there, and can be read."""
    with database.session() as session:
        return META in _tables(session) and _meta(session, "schema_version") in _READABLE


def migrate(database: Database, shop: Shop) -> None:
    """Create what is missing and bring what is old up to date; safe to run at every start.

    Raises ConfigError when the tables are of a newer Cartwake or of another kind of cart, or the account may not
    create or alter them.
    """
    try:
        with database.session() as session:
            _migrate(session, shop, database.settings.database)
    except ConfigError as error:
        if not isinstance(error.__cause__, pymysql.err.Error) or error.__cause__.args[0] not in PRIVILEGE:
            raise
        raise ConfigError(f"{error}; run: {_grants(database).to_write()}") from error.__cause__


def _migrate(session: Session, shop: Shop, name: str) -> None:
    present = _tables(session)
    version = _meta(session, "schema_version") if META in present else None
    if version is not None and int(version) > VERSION:
        raise ConfigError(
            f"the tables in this database are of a newer Cartwake (version {version}, this one knows {VERSION}); "
            "upgrade Cartwake"
        )
    if version is not None and int(version) == VERSION and not _notes_lack(session):  # newer than the rest
        _check_keys(session, shop)
        create_views(session, shop)
        return
    lock = of_database("cartwake.migrate", name)
    if session.row("SELECT GET_LOCK(%s, 30)", (lock,)) != (1,):
        raise ConfigError("another Cartwake is changing the tables of this database; try again in a minute")
    _create(session)
    _upgrade_notes(session)
    _upgrade_log(session, shop)
    session.run(f"ALTER TABLE {CART} MODIFY COLUMN cart_key {_KEY_TYPE} NOT NULL")
    _check_keys(session, shop)
    create_views(session, shop)
    session.run(f"INSERT INTO {META} (name, value) VALUES ('address_salt', %s) ON DUPLICATE KEY UPDATE name = name",
                (secrets.token_hex(32),))  # fmt: skip
    session.run(f"INSERT INTO {META} (name, value) VALUES ('link_secret', %s) ON DUPLICATE KEY UPDATE name = name",
                (secrets.token_hex(32),))  # fmt: skip
    session.run(
        f"INSERT INTO {META} (name, value) VALUES ('schema_version', %s) ON DUPLICATE KEY UPDATE value = %s",
        (VERSION, VERSION),
    )
    session.rows("SELECT RELEASE_LOCK(%s)", (lock,))
    log.info("tables.ready", version=VERSION, existed=LOG in present)


def notes_exist(database: Database) -> bool:
    """Whether the table of notes on carts is there and current, which is newer than the others."""
    with database.session() as session:
        return not _notes_lack(session)


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
    for statement in _statements("schema.sql"):
        session.run(statement)


def _grants(database: Database) -> Grants:
    with database.session() as session:
        account, version = session.row("SELECT CURRENT_USER(), VERSION()") or ("", "")
    user, _, host = str(account).rpartition("@")
    return Grants(user, host, database.settings.database, "mariadb" in str(version).lower())


def create_views(session: Session, shop: Shop) -> None:
    """(Re-)create the monitoring views, if they are not there as they should be."""
    statements = [
        statement.format(**orders_of_episode(shop.queries)) for statement in _statements("views.sql")
    ]
    digest = hashlib.sha256(repr([statements, shop.queries.constants]).encode()).hexdigest()
    if _meta(session, "views") == digest and _has_views(session):
        return
    for statement in statements:
        session.run(statement, shop.parameters())
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
        "AND TABLE_NAME IN ('cart_abandonment_daily', 'cart_abandonment_mails_daily', 'cart_abandonment_tiers')"
    )
    return row is not None and row[0] == 3


def _upgrade_log(session: Session, shop: Shop) -> None:
    """Add our columns to the log table and give rows of the owner's own tool their place."""
    present = {
        str(name).lower(): (str(nullable), str(extra))
        for name, nullable, extra in session.rows(
            "SELECT COLUMN_NAME, IS_NULLABLE, EXTRA FROM information_schema.COLUMNS "
            "WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = %s",
            (LOG,),
        )
    }
    missing_owner = [
        name for name in ("id", "user_id", "cart_total", "email_sent", "created_at") if name not in present
    ]
    if missing_owner:
        raise ConfigError(
            f"the table {LOG} exists but lacks {', '.join(missing_owner)}: rename it, and Cartwake creates its own"
        )
    changes = [f"ADD COLUMN {name} {kind}" for name, kind in ADDED_COLUMNS.items() if name not in present]
    # An unknown outcome is NULL, a guest's cart has no user id, and ids must outlast an INT.
    changes.append("MODIFY COLUMN email_sent TINYINT(1) NULL DEFAULT 0")
    if present["user_id"][0] == "NO":
        changes.append(f"MODIFY COLUMN user_id {_type_of(session, 'user_id')} NULL")
    if not _holds_totals(session):
        changes.append("MODIFY COLUMN cart_total DECIMAL(14,2) NULL")
    session.run(f"ALTER TABLE {LOG} " + ", ".join(changes))
    _adopt_rows(session, users_are_keys=shop.schema.header is None)
    indexes = {
        str(name)
        for (name,) in session.rows(
            "SELECT DISTINCT INDEX_NAME FROM information_schema.STATISTICS "
            "WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = %s",
            (LOG,),
        )
    }
    final = [f"ADD {definition}" for name, definition in INDEXES.items() if name not in indexes]
    final += [
        "MODIFY COLUMN cart_key " + ADDED_COLUMNS["cart_key"].replace(" NULL", " NOT NULL"),
        "MODIFY COLUMN cart_version BIGINT NOT NULL COMMENT 'creation of the newest counted row, epoch microseconds'",
        "MODIFY COLUMN status " + ADDED_COLUMNS["status"].replace(" NULL", " NOT NULL"),
    ]
    session.run(f"ALTER TABLE {LOG} " + ", ".join(final))


def _adopt_rows(session: Session, *, users_are_keys: bool) -> None:
    """Rows that the owner's tool wrote become finished episodes; of a user's cart, where users are what carts go by.

    Their version is the moment they were logged, so carts filled before it count as handled: what was mailed once
    is not mailed again. Rows of one user in one second are told apart by their microseconds.
    """
    key = "CONCAT('log-', l.id)"
    if users_are_keys:
        key = f"COALESCE(CAST(l.user_id AS CHAR), {key})"
    adopted = session.run(
        f"UPDATE {LOG} l JOIN ("
        f"  SELECT id, ROW_NUMBER() OVER (PARTITION BY user_id, created_at ORDER BY id) - 1 AS nth FROM {LOG}"
        f") n ON n.id = l.id "
        f"SET l.cart_key = {key}, "
        "    l.cart_version = COALESCE(UNIX_TIMESTAMP(l.created_at), 0) * 1000000 + n.nth, "
        "    l.status = IF(l.email_sent = 1, 'sent', 'failed'), "
        "    l.reason = 'imported', "
        "    l.sent_at = IF(l.email_sent = 1, l.created_at, NULL), "
        "    l.attempts = 1 "
        "WHERE l.status IS NULL"
    )
    if adopted:
        log.info("tables.rows_adopted", rows=adopted)


def _holds_totals(session: Session) -> bool:
    """Whether cart_total holds twelve digits before the point, and NULL."""
    row = session.row(
        "SELECT IS_NULLABLE = 'YES' AND (DATA_TYPE <> 'decimal' OR NUMERIC_PRECISION - NUMERIC_SCALE >= 12) "
        "FROM information_schema.COLUMNS "
        "WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = %s AND COLUMN_NAME = 'cart_total'",
        (LOG,),
    )
    return row is not None and bool(row[0])


def _type_of(session: Session, column: str) -> str:
    row = session.row(
        "SELECT COLUMN_TYPE FROM information_schema.COLUMNS "
        "WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = %s AND COLUMN_NAME = %s",
        (LOG, column),
    )
    return str(row[0]) if row else "BIGINT"


def _tables(session: Session) -> set[str]:
    return {
        str(name)
        for (name,) in session.rows(
            "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME IN %s",
            ((LOG, RECIPIENT, META, CART),),
        )
    }


def _meta(session: Session, name: str) -> str | None:
    row = session.row(f"SELECT value FROM {META} WHERE name = %s", (name,))
    return None if row is None else str(row[0])


def _statements(file: str) -> list[str]:
    text = resources.files(__package__).joinpath(file).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("--")]
    return [statement.strip() for statement in "\n".join(lines).split(";\n") if statement.strip(" \n;")]
