"""From every layout that was ever released to today's: rows are kept, mails under way go on, opt-outs hold."""

from pathlib import Path
from typing import Any

import pytest

from binlog_watcher.store.own_tables import tables

LAYOUTS = sorted((Path(__file__).parents[3] / "data/layouts").glob("layout_*.sql"))
SALT = "5a" * 32
HASH = bytes(range(32))
ROWS = [
    # cart_key, cart_version, status, reason, email_sent, attempts
    ("41", 1_790_000_000_000_000, "sent", None, 1, 1),
    ("41", 1_790_000_900_000_000, "skipped", "rollout", 0, 0),
    ("42", 1_790_000_000_000_000, "retry", None, 0, 2),
    ("43", 1_790_000_000_000_000, "failed", "bounced", 0, 1),
    ("44", 1_790_000_000_000_000, "unknown", None, None, 1),
    ("45", 1_790_000_000_000_000, "claimed", None, 0, 0),
]


def in_layout(shop: Any, file: Path) -> int:
    """Make the tables as they were, with rows; the layout's number."""
    text = "\n".join(line for line in file.read_text().splitlines() if not line.startswith("--"))
    for statement in text.split(";\n"):
        if statement.strip():
            shop.run(statement)
    version = int(file.stem.removeprefix("layout_"))
    for name, value in {"schema_version": str(version), "address_salt": SALT, "link_secret": SALT}.items():
        shop.run("REPLACE INTO cart_abandonment_meta (name, value) VALUES (%s, %s)", (name, value))
    for key, at, status, reason, sent, attempts in ROWS:
        shop.run(
            "INSERT INTO cart_abandonment_log (user_id, cart_total, email_sent, created_at, cart_key, cart_version, "
            "step, status, reason, address_hash, attempts) "
            "VALUES (%s, 120.50, %s, '2026-09-20 10:00:00', %s, %s, 1, %s, %s, %s, %s)",
            (int(key), sent, key, at, status, reason, HASH, attempts),
        )  # fmt: skip
    shop.run("INSERT INTO cart_abandonment_cart (shop, cart_key) VALUES ('sample', '42')")
    shop.run(
        "INSERT INTO cart_abandonment_recipient (address_hash, suppressed_at, reason) "
        "VALUES (%s, '2026-09-21 10:00:00', 'opted_out')",
        (HASH,),
    )
    return version


def test_every_layout_before_this_one_is_tried() -> None:
    assert [path.stem for path in LAYOUTS] == [f"layout_{number}" for number in range(1, tables.VERSION)]


@pytest.mark.parametrize("file", LAYOUTS, ids=lambda path: path.stem)
def test_rows_are_kept_and_the_tables_are_those_of_a_new_shop(bare_shop: Any, file: Path) -> None:
    shop = bare_shop()
    in_layout(shop, file)
    assert tables.exist(shop.database)  # what only reads does with it as it is
    tables.migrate(shop.database, shop.shop)
    kept = shop.run(
        "SELECT cart_key, cart_version, status, reason, email_sent, attempts FROM cart_abandonment_log ORDER BY id"
    )
    assert list(kept) == ROWS
    assert shop.run("SELECT DISTINCT cart_total, address_hash FROM cart_abandonment_log")[0][1] == HASH
    assert shop.run("SELECT reason FROM cart_abandonment_recipient") == [("opted_out",)]
    meta = dict(shop.run("SELECT name, value FROM cart_abandonment_meta"))
    assert (meta["schema_version"], meta["address_salt"], meta["link_secret"]) == (
        str(tables.VERSION),
        SALT,
        SALT,
    )
    assert shop.run("SELECT cart_key FROM cart_abandonment_cart") == [("42",)]
    upgraded = columns(shop)
    # A shop that begins today has the same, whatever the order of the columns.
    for (name,) in shop.run(
        "SELECT TABLE_NAME FROM information_schema.TABLES "
        "WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE = 'BASE TABLE' AND TABLE_NAME LIKE 'cart\\_abandonment%%'", ()
    ):  # fmt: skip
        shop.run(f"DROP TABLE {name}")
    tables.migrate(shop.database, shop.shop)
    assert upgraded == columns(shop)


@pytest.mark.parametrize("file", LAYOUTS, ids=lambda path: path.stem)
def test_an_upgrade_that_was_cut_off_is_finished_by_the_next_start(bare_shop: Any, file: Path) -> None:
    shop = bare_shop()
    in_layout(shop, file)
    tables.migrate(shop.database, shop.shop)
    shop.run("UPDATE cart_abandonment_meta SET value = '1' WHERE name = 'schema_version'")
    tables.migrate(shop.database, shop.shop)
    assert len(shop.log()) == len(ROWS)


def columns(shop: Any) -> set[tuple[Any, ...]]:
    """Table, column, type, nullability and collation of all that is ours; and the indexes."""
    found = shop.run(
        "SELECT TABLE_NAME, COLUMN_NAME, COLUMN_TYPE, IS_NULLABLE, COLLATION_NAME FROM information_schema.COLUMNS "
        "WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME LIKE 'cart\\_abandonment%%'", (),
    )  # fmt: skip
    indexes = shop.run(
        "SELECT TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX, COLUMN_NAME, NON_UNIQUE FROM information_schema.STATISTICS "
        "WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME LIKE 'cart\\_abandonment%%'", (),
    )  # fmt: skip
    return {*found, *indexes}
