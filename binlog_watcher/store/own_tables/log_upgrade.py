"""Brings the log table up to date.

The owner's five-column ``cart_abandonment_log`` may already be there with rows: it is upgraded, not replaced.
"""

import structlog

from binlog_watcher.errors import ConfigError
from binlog_watcher.store.database import Session

log = structlog.get_logger(__name__)

KEY_LENGTH = 128
"""Characters of a cart key: a text, or 64 bytes in hex."""

KEY_TYPE = f"VARCHAR({KEY_LENGTH}) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
ADDED_COLUMNS = {
    "cart_key": f"{KEY_TYPE} NULL",
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
    "bounce": "VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'a report said so: hard, soft'",
    "bounced_at": "TIMESTAMP(6) NULL COMMENT 'when it was read'",
    "bought": "TINYINT(1) NULL COMMENT 'of an erased row: an order within seven days of created_at'",
    "converted": "TINYINT(1) NULL COMMENT 'of an erased row: an order within seven days of sent_at'",
    "store": "VARCHAR(64) NULL COMMENT 'the storefront of the cart'",
    "language": "VARCHAR(35) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'of the customer, as the shop has it'",
    "ordered": "TINYINT(1) NULL COMMENT 'of an erased row: it is in cart_abandonment_bought'",
    "left_again": "TINYINT(1) NULL COMMENT 'of an erased row: it is in cart_abandonment_left_again'",
    "recovered": "DECIMAL(14,2) NULL COMMENT 'of an erased row: what its order came to'",
    "recovered_in": "VARCHAR(3) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'the currency of that'",
    "recovered_click": "TINYINT(1) NULL COMMENT 'whether that order followed a click'",
}
INDEXES = {
    "cartwake_episode": "UNIQUE KEY cartwake_episode (cart_key, cart_version, step)",
    "cartwake_status": "KEY cartwake_status (status, next_attempt_at)",
    "cartwake_address": "KEY cartwake_address (address_hash, status)",
    "cartwake_owner": "KEY cartwake_owner (owner)",
    "cartwake_created": "KEY cartwake_created (created_at)",
    "cartwake_user": "KEY cartwake_user (user_id)",
}


def upgrade_log(session: Session, table: str, *, users_are_keys: bool) -> None:
    """Add our columns to the log table and give rows of the owner's own tool their place.

    ``users_are_keys``: users are what carts go by. Raises ConfigError for a table that is none of that kind.
    """
    present = {
        str(name).lower(): (str(nullable), str(extra))
        for name, nullable, extra in session.rows(
            "SELECT COLUMN_NAME, IS_NULLABLE, EXTRA FROM information_schema.COLUMNS "
            "WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = %s",
            (table,),
        )
    }
    missing_owner = [
        name for name in ("id", "user_id", "cart_total", "email_sent", "created_at") if name not in present
    ]
    if missing_owner:
        raise ConfigError(
            f"the table {table} exists but lacks {', '.join(missing_owner)}: rename it, and Cartwake creates its own"
        )
    changes = [f"ADD COLUMN {name} {kind}" for name, kind in ADDED_COLUMNS.items() if name not in present]
    # An unknown outcome is NULL, a guest's cart has no user id, and ids must outlast an INT.
    changes.append("MODIFY COLUMN email_sent TINYINT(1) NULL DEFAULT 0")
    if present["user_id"][0] == "NO":
        changes.append(f"MODIFY COLUMN user_id {_type_of(session, table, 'user_id')} NULL")
    if not _holds_totals(session, table):
        changes.append("MODIFY COLUMN cart_total DECIMAL(14,2) NULL")
    session.run(f"ALTER TABLE {table} " + ", ".join(changes))
    _adopt_rows(session, table, users_are_keys=users_are_keys)
    indexes = {
        str(name)
        for (name,) in session.rows(
            "SELECT DISTINCT INDEX_NAME FROM information_schema.STATISTICS "
            "WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = %s",
            (table,),
        )
    }
    final = [f"ADD {definition}" for name, definition in INDEXES.items() if name not in indexes]
    final += [
        "MODIFY COLUMN cart_key " + ADDED_COLUMNS["cart_key"].replace(" NULL", " NOT NULL"),
        "MODIFY COLUMN cart_version BIGINT NOT NULL COMMENT 'creation of the newest counted row, epoch microseconds'",
        "MODIFY COLUMN status " + ADDED_COLUMNS["status"].replace(" NULL", " NOT NULL"),
    ]
    session.run(f"ALTER TABLE {table} " + ", ".join(final))


def _adopt_rows(session: Session, table: str, *, users_are_keys: bool) -> None:
    """Rows that the owner's tool wrote become finished episodes; of a user's cart, where users are what carts go by.

    Their version is the moment they were logged, so carts filled before it count as handled: what was mailed once
    is not mailed again. Rows of one user in one second are told apart by their microseconds.
    """
    key = "CONCAT('log-', l.id)"
    if users_are_keys:
        key = f"COALESCE(CAST(l.user_id AS CHAR), {key})"
    adopted = session.run(
        f"UPDATE {table} l JOIN ("
        f"  SELECT id, ROW_NUMBER() OVER (PARTITION BY user_id, created_at ORDER BY id) - 1 AS nth FROM {table}"
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


def _holds_totals(session: Session, table: str) -> bool:
    """Whether cart_total holds twelve digits before the point, and NULL."""
    row = session.row(
        "SELECT IS_NULLABLE = 'YES' AND (DATA_TYPE <> 'decimal' OR NUMERIC_PRECISION - NUMERIC_SCALE >= 12) "
        "FROM information_schema.COLUMNS "
        "WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = %s AND COLUMN_NAME = 'cart_total'",
        (table,),
    )
    return row is not None and bool(row[0])


def _type_of(session: Session, table: str, column: str) -> str:
    row = session.row(
        "SELECT COLUMN_TYPE FROM information_schema.COLUMNS "
        "WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = %s AND COLUMN_NAME = %s",
        (table, column),
    )
    return str(row[0]) if row else "BIGINT"
