"""Erases what is noted of carts; why a document's note is kept under another name says ``erasure``."""

from collections.abc import Sequence

from binlog_watcher.core.erased_keys import ErasedKeys, is_erased
from binlog_watcher.store.database import Session
from binlog_watcher.store.own_tables.statement import Statement, rows_as_table
from binlog_watcher.store.own_tables.tables import CART

# --- statements -----------------------------------------------------------------------------------------------------


def forget_notes(shop: str, keys: Sequence[str]) -> Statement:
    """Delete the notes of these carts, but for those of documents."""
    return Statement(
        f"DELETE FROM {CART} WHERE shop = %s AND cart_key IN %s AND digest IS NULL", (shop, tuple(keys))
    )


def noted_documents(shop: str, keys: Sequence[str]) -> Statement:
    """Lock the notes of the documents among these carts."""
    return Statement(
        f"SELECT cart_key FROM {CART} WHERE shop = %s AND cart_key IN %s AND digest IS NOT NULL FOR UPDATE",
        (shop, tuple(keys)),
    )


def forget_named_notes(shop: str, names: Sequence[str]) -> Statement:
    """Delete what was noted of these carts before they were used again."""
    return Statement(f"DELETE FROM {CART} WHERE shop = %s AND cart_key IN %s", (shop, tuple(names)))


def name_notes(shop: str, names: Sequence[tuple[str, str]]) -> Statement:
    """Give the notes of documents their new names. ``names``: key, name."""
    table, parameters = rows_as_table(("cart_key", "name"), names)
    return Statement(
        f"UPDATE {table} v STRAIGHT_JOIN {CART} n ON n.shop = %s AND n.cart_key = v.cart_key COLLATE utf8mb4_bin "
        "SET n.cart_key = v.name",
        [*parameters, shop],
    )


# --- what is done with them -----------------------------------------------------------------------------------------


def erase_notes(session: Session, shop: str, erased: ErasedKeys, keys: Sequence[str]) -> int:
    """Inside a transaction: erase what is noted of these carts; how many notes there were."""
    keys = [key for key in keys if not is_erased(key)]
    if not keys:
        return 0
    documents = [str(key) for (key,) in session.rows(*noted_documents(shop, keys))]
    if documents:
        session.run(*forget_named_notes(shop, [erased(key) for key in documents]))
        session.run(*name_notes(shop, [(key, erased(key)) for key in documents]))
    return session.run(*forget_notes(shop, keys)) + len(documents)
