"""Whether a claim could be written: statements that ask for all that is needed, and change no row.

A server refuses them as it would refuse a claim: for a missing right, because it only reads, or since the account may
do no more this hour. While somebody locks all tables they wait, as a claim would.
"""

from binlog_watcher.store.database import Session
from binlog_watcher.store.own_tables.statement import Statement
from binlog_watcher.store.own_tables.tables import CART, CLICK, LOG, META, RECIPIENT, RETURNED, WEBHOOK


def claiming() -> Statement:
    """INSERT and UPDATE on the log, SELECT on the recipients."""
    return Statement(
        f"INSERT INTO {LOG} (cart_key, cart_version, status) SELECT '', 0, '' FROM {RECIPIENT} WHERE FALSE "
        f"ON DUPLICATE KEY UPDATE cart_version = {LOG}.cart_version"
    )


def locking_addresses() -> Statement:
    """INSERT and UPDATE on the recipients, SELECT on the meta table."""
    return Statement(
        f"INSERT INTO {RECIPIENT} (address_hash) SELECT '' FROM {META} WHERE FALSE "
        f"ON DUPLICATE KEY UPDATE address_hash = {RECIPIENT}.address_hash"
    )


def keeping_facts() -> Statement:
    """INSERT and UPDATE on the meta table, SELECT on the log."""
    return Statement(
        f"INSERT INTO {META} (name, value) SELECT '', '' FROM {LOG} WHERE FALSE "
        f"ON DUPLICATE KEY UPDATE value = {META}.value"
    )


def keeping_notes() -> Statement:
    """INSERT, UPDATE and SELECT on the notes."""
    return Statement(
        f"INSERT INTO {CART} (shop, cart_key) SELECT '', '' FROM {META} WHERE FALSE "
        f"ON DUPLICATE KEY UPDATE noted_at = {CART}.noted_at"
    )


def forgetting() -> Statement:
    """DELETE on the notes."""
    return Statement(f"DELETE FROM {CART} WHERE FALSE")


def keeping_clicks() -> Statement:
    """INSERT and SELECT on the followed links."""
    return Statement(f"INSERT INTO {CLICK} (log_id, kind) SELECT log_id, kind FROM {CLICK} WHERE FALSE")


def forgetting_clicks() -> Statement:
    """DELETE on the followed links."""
    return Statement(f"DELETE FROM {CLICK} WHERE FALSE")


def counting_returned() -> Statement:
    """INSERT, UPDATE and SELECT on the count of mails that come back."""
    return Statement(
        f"INSERT INTO {RETURNED} (day, kind, mails) SELECT UTC_DATE(), '', 0 FROM {META} WHERE FALSE "
        f"ON DUPLICATE KEY UPDATE mails = {RETURNED}.mails"
    )


def keeping_events() -> Statement:
    """INSERT, UPDATE and SELECT on what webhooks tell of."""
    return Statement(
        f"INSERT INTO {WEBHOOK} (log_id, event) SELECT 0, '' FROM {META} WHERE FALSE "
        f"ON DUPLICATE KEY UPDATE attempts = {WEBHOOK}.attempts"
    )


def forgetting_events() -> Statement:
    """DELETE on what webhooks tell of."""
    return Statement(f"DELETE FROM {WEBHOOK} WHERE FALSE")


def writing() -> list[Statement]:
    """On each of our tables."""
    return [
        claiming(),
        locking_addresses(),
        keeping_facts(),
        keeping_notes(),
        forgetting(),
        keeping_clicks(),
        forgetting_clicks(),
        counting_returned(),
        keeping_events(),
        forgetting_events(),
    ]


def ask(session: Session) -> None:
    """Raises what a claim would: DatabaseUnavailableError, ConfigError for a missing right."""
    session.run(*claiming())
