"""Our tables: created, upgraded in place from the owner's five columns, and the monitoring views on known rows."""

from decimal import Decimal
from typing import Any

import pytest

from binlog_watcher.core.cart_note import CartNote
from binlog_watcher.errors import ConfigError
from binlog_watcher.store.own_tables import rights, tables
from binlog_watcher.store.own_tables.cart_notes import CartNotes
from binlog_watcher.store.own_tables.returned_mails import returned

OWNERS_TABLE = (
    "CREATE TABLE cart_abandonment_log (id INT AUTO_INCREMENT PRIMARY KEY, user_id INT NOT NULL, "
    "cart_total DECIMAL(10,2) NOT NULL, email_sent BOOLEAN NOT NULL DEFAULT FALSE, "
    "created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP)"
)


def test_created_when_missing_and_left_alone_afterwards(bare_shop: Any) -> None:
    shop = bare_shop()
    assert not tables.exist(shop.database)
    tables.migrate(shop.database, shop.shop)
    assert tables.exist(shop.database)
    salt = shop.run("SELECT value FROM cart_abandonment_meta WHERE name = 'address_salt'")
    tables.migrate(shop.database, shop.shop)
    assert shop.run("SELECT value FROM cart_abandonment_meta WHERE name = 'address_salt'") == salt


def test_the_owners_five_columns_are_upgraded_with_their_rows(bare_shop: Any) -> None:
    shop = bare_shop()
    shop.run(OWNERS_TABLE)
    shop.run(
        "INSERT INTO cart_abandonment_log (user_id, cart_total, email_sent, created_at) VALUES "
        "(7, 120.50, 1, '2026-01-02 03:04:05'), (7, 120.50, 0, '2026-01-02 03:04:05'), "
        "(8, 20, 0, '2026-01-03 00:00:00')"
    )
    tables.migrate(shop.database, shop.shop)
    rows = shop.log()
    assert [(r["cart_key"], r["status"], r["reason"], r["email_sent"], r["cart_total"]) for r in rows] == [
        ("7", "sent", "imported", 1, Decimal("120.50")),
        ("7", "failed", "imported", 0, Decimal("120.50")),
        ("8", "failed", "imported", 0, Decimal("20.00")),
    ]
    assert len({(r["cart_key"], r["cart_version"]) for r in rows}) == 3
    # A cart filled before a row was logged is no new episode: nobody is mailed twice because of the upgrade.
    shop.user(7, "seven@example.com")
    shop.run("INSERT INTO cart (user_id, product_id, created_at) VALUES (7, 1, '2026-01-02 03:00:00')")
    episodes = shop.instance()
    cart = shop.loader(episodes).load([7]).carts[7]
    assert cart.logged is not None
    assert cart.version is not None
    assert cart.logged.version > cart.version


def test_notes_of_an_older_layout_get_their_columns(shop: Any) -> None:
    """They were made before carts could be documents; whatever the shape of the cart, they are read and written."""
    CartNotes(shop.database, "one").write([CartNote(1, 1_790_000_000_000_000)])
    shop.run("ALTER TABLE cart_abandonment_cart DROP COLUMN filled_at, DROP COLUMN digest")
    assert not tables.notes_exist(shop.database)
    tables.migrate(shop.database, shop.shop)
    assert tables.notes_exist(shop.database)
    notes = CartNotes(shop.database, "one")
    assert notes.read([1]) == {1: CartNote(1, 1_790_000_000_000_000)}
    written = CartNote(2, 1_790_000_000_000_000, None, 1_790_000_000_000_000, bytes(range(16)))
    notes.write([written])
    assert notes.read([2]) == {2: written}


def test_an_interrupted_upgrade_is_finished(bare_shop: Any) -> None:
    shop = bare_shop()
    shop.run(OWNERS_TABLE)
    shop.run("INSERT INTO cart_abandonment_log (user_id, cart_total, email_sent) VALUES (7, 1, 1)")
    shop.run(
        "ALTER TABLE cart_abandonment_log ADD COLUMN cart_key VARCHAR(64) NULL, ADD COLUMN status VARCHAR(16) NULL"
    )
    tables.migrate(shop.database, shop.shop)
    assert [(r["cart_key"], r["status"]) for r in shop.log()] == [("7", "sent")]


def test_keys_of_an_older_layout_are_made_longer(shop: Any) -> None:
    narrow = "VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL"
    for table in (tables.LOG, tables.CART):
        shop.run(f"ALTER TABLE {table} MODIFY COLUMN cart_key {narrow}")
    shop.run("UPDATE cart_abandonment_meta SET value = '1' WHERE name = 'schema_version'")
    row = ("old", 1, "sent", 1)
    shop.run(
        f"INSERT INTO {tables.LOG} (cart_key, cart_version, status, email_sent) VALUES (%s, %s, %s, %s)", row
    )
    assert tables.exist(shop.database), "it can be read before it is upgraded"
    tables.migrate(shop.database, shop.shop)
    columns = shop.run(
        "SELECT TABLE_NAME, CHARACTER_MAXIMUM_LENGTH, COLLATION_NAME, IS_NULLABLE FROM information_schema.COLUMNS "
        "WHERE TABLE_SCHEMA = DATABASE() AND COLUMN_NAME = 'cart_key' AND TABLE_NAME IN %s ORDER BY 1",
        ((tables.LOG, tables.CART),),
    )
    assert columns == [(table, 128, "utf8mb4_bin", "NO") for table in (tables.CART, tables.LOG)]
    assert shop.run("SELECT value FROM cart_abandonment_meta WHERE name = 'schema_version'") == [
        (str(tables.VERSION),)
    ]
    kept = shop.run(f"SELECT cart_key, cart_version, status, email_sent FROM {tables.LOG}")
    assert kept == [row]


def test_a_log_that_knew_nothing_of_bounces_gets_to_know_them(shop: Any) -> None:
    shop.run(f"ALTER TABLE {tables.LOG} DROP COLUMN bounce, DROP COLUMN bounced_at")
    shop.run(f"DROP TABLE {tables.RETURNED}")
    shop.run("UPDATE cart_abandonment_meta SET value = '2' WHERE name = 'schema_version'")
    shop.run(
        f"INSERT INTO {tables.LOG} (cart_key, cart_version, status, email_sent) VALUES ('old', 1, 'sent', 1)"
    )
    assert tables.exist(shop.database), "it can be read before it is upgraded"
    with shop.database.session() as session:
        assert returned(session, 0) == []
    tables.migrate(shop.database, shop.shop)
    assert shop.run(f"SELECT cart_key, status, bounce, bounced_at FROM {tables.LOG}") == [
        ("old", "sent", None, None)
    ]
    assert shop.run(f"SELECT COUNT(*) FROM {tables.RETURNED}") == [(0,)]


@pytest.mark.parametrize("version", [1, 2, 3])
def test_a_log_of_which_nothing_could_be_erased_is_made_fit_for_it(shop: Any, version: int) -> None:
    """Its rows stay, the views too; and `report` reads it before."""
    shop.run(f"ALTER TABLE {tables.LOG} DROP COLUMN bought, DROP COLUMN converted")
    if version < 3:
        shop.run(f"ALTER TABLE {tables.LOG} DROP COLUMN bounce, DROP COLUMN bounced_at")
        shop.run(f"DROP TABLE {tables.RETURNED}, {tables.CLICK}")
    if version < 2:
        shop.run(f"DROP TABLE {tables.CART}")
    shop.run("UPDATE cart_abandonment_meta SET value = %s WHERE name = 'schema_version'", (str(version),))
    shop.run(
        f"INSERT INTO {tables.LOG} (cart_key, user_id, cart_version, status, email_sent, sent_at) "
        "VALUES ('7', 7, 1, 'sent', 1, UTC_TIMESTAMP())"
    )
    shop.order(7)
    shop.run("UPDATE orders SET created_at = created_at + INTERVAL 1 MINUTE")
    assert tables.exist(shop.database), "it can be read before it is upgraded"
    with shop.database.session() as session:
        assert not tables.erasures_exist(session)
    tables.migrate(shop.database, shop.shop)
    with shop.database.session() as session:
        assert tables.erasures_exist(session)
    assert shop.run("SELECT conversions FROM cart_abandonment_mails_daily") == [(1,)]
    assert shop.run(f"SELECT cart_key, status, bought, converted FROM {tables.LOG}") == [
        ("7", "sent", None, None)
    ]
    assert shop.run("SELECT value FROM cart_abandonment_meta WHERE name = 'schema_version'") == [
        (str(tables.VERSION),)
    ]


def test_a_newer_layout_is_refused(shop: Any) -> None:
    shop.run("UPDATE cart_abandonment_meta SET value = '99' WHERE name = 'schema_version'")
    with pytest.raises(ConfigError, match="newer Cartwake"):
        tables.migrate(shop.database, shop.shop)


def test_a_table_of_that_name_without_the_owners_columns_is_refused(bare_shop: Any) -> None:
    shop = bare_shop()
    shop.run("CREATE TABLE cart_abandonment_log (id INT PRIMARY KEY, note TEXT)")
    with pytest.raises(ConfigError, match="lacks user_id, cart_total, email_sent, created_at"):
        tables.migrate(shop.database, shop.shop)


def test_the_owners_three_monitoring_queries(shop: Any) -> None:
    insert = (
        "INSERT INTO cart_abandonment_log (cart_key, user_id, cart_version, status, reason, cart_total, email_sent, "
        "discount_percent, created_at, sent_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
    )
    day1, day2 = "2026-03-01 10:00:00", "2026-03-02 11:00:00"
    for row in (
        ("1", 1, 1, "sent", None, 50, 1, 0, day1, day1),
        ("2", 2, 1, "sent", None, 150, 1, 10, day1, day1),
        ("3", 3, 1, "failed", None, 600, 0, 20, day1, None),
        ("4", 4, 1, "skipped", "superseded", 999, 0, 20, day1, None),
        ("5", 5, 1, "unknown", None, 250, None, 10, day2, day2),
        ("6", 6, 1, "skipped", "no_address", 70, 0, 0, day2, None),
    ):
        shop.run(insert, row)
    orders = "INSERT INTO orders (user_id, total_amount, created_at) VALUES (%s, 1, %s)"
    shop.run(orders, (2, "2026-03-01 12:00:00"))
    shop.run(orders, (2, "2026-03-01 13:00:00"))  # a second order is no second conversion
    shop.run(orders, (1, "2026-03-20 12:00:00"))  # too late to be ours
    daily = shop.run(
        "SELECT day, abandoned_carts, abandoned_value, lost_revenue FROM cart_abandonment_daily ORDER BY day"
    )
    assert [(str(d), n, v, lost) for d, n, v, lost in daily] == [
        ("2026-03-01", 3, Decimal(800), Decimal(650)),
        ("2026-03-02", 2, Decimal(320), Decimal(320)),
    ]
    mails = shop.run(
        "SELECT day, mails, successful, conversions FROM cart_abandonment_mails_daily ORDER BY day"
    )
    assert [(str(d), n, int(ok), int(c)) for d, n, ok, c in mails] == [
        ("2026-03-01", 3, 2, 1),
        ("2026-03-02", 1, 0, 0),
    ]
    tiers = shop.run(
        "SELECT discount_percent, carts, average_cart, mails_sent FROM cart_abandonment_tiers ORDER BY discount_percent"
    )
    assert [(p, n, a, int(m)) for p, n, a, m in tiers] == [
        (Decimal(0), 2, Decimal(60), 1),
        (Decimal(10), 2, Decimal(200), 1),
        (Decimal(20), 2, Decimal("799.50"), 0),
    ]


def test_asking_whether_a_claim_could_be_written_leaves_no_trace(shop: Any) -> None:
    status = "SHOW MASTER STATUS" if shop.server.flavor == "mariadb" else "SHOW BINARY LOG STATUS"
    episodes = shop.instance()
    before = shop.run(status)
    episodes.check_writable()
    with shop.database.session() as session:
        for statement in rights.writing():
            assert session.run(*statement) == 0
    assert shop.run(status) == before
    assert shop.log() == []
