"""What the shop's transactions turn into, on real servers."""

from collections.abc import Iterator
from datetime import UTC
from typing import Any

import pytest
import structlog
from fakes.binlog_follower import Follower, Shop, follow, nothing, open_shop, settings_for

from binlog_watcher.binlog import reader
from binlog_watcher.binlog.connection import anchor
from binlog_watcher.binlog.protocol.position import Position
from binlog_watcher.core.events import (
    CartChanged,
    CartRead,
    Change,
    Event,
    OrderChanged,
    OrderPlaced,
    ProductChanged,
)
from binlog_watcher.demo.server import Server
from binlog_watcher.store.times import TimeColumn

INSERT, UPDATE, DELETE = Change.INSERT, Change.UPDATE, Change.DELETE


@pytest.fixture
def shop(server: Server, fresh_database: str) -> Iterator[Shop]:
    with open_shop(server, fresh_database) as opened:
        yield opened


@pytest.fixture
def mysql_shop(mysql_server: Server, mysql_database: str) -> Iterator[Shop]:
    with open_shop(mysql_server, mysql_database) as opened:
        yield opened


@pytest.fixture
def mariadb_shop(mariadb_server: Server, mariadb_database: str) -> Iterator[Shop]:
    with open_shop(mariadb_server, mariadb_database) as opened:
        yield opened


def plain(events: list[Event]) -> list[tuple[object, ...]]:
    """The events without their times."""
    result: list[tuple[object, ...]] = []
    for event in events:
        match event:
            case CartChanged(key, change):
                result.append((key, change))
            case OrderPlaced(key) | OrderChanged(key):
                result.append((key, type(event)))
            case ProductChanged(product_id):
                result.append((product_id, ProductChanged))
            case _:
                result.append((event,))
    return result


async def seen(
    follower: Follower, shop: Shop, *statements: str, by: Shop | None = None
) -> list[tuple[object, ...]]:
    return plain(await follower.changes(shop, *statements, by=by))


async def test_every_kind_of_change(shop: Shop) -> None:
    async with follow(settings_for(shop.server, shop.database)) as follower:
        assert await seen(follower, shop, "INSERT INTO cart (user_id, quantity) VALUES (7, 1)") == [
            (7, INSERT)
        ]
        assert await seen(follower, shop, "UPDATE cart SET quantity = 2") == [(7, UPDATE)]
        assert (
            await seen(follower, shop, "UPDATE cart SET quantity = 2") == []
        )  # nothing changed, nothing logged
        assert await seen(follower, shop, "INSERT INTO orders (user_id, total_amount) VALUES (7, 9.5)") == [
            (7, OrderPlaced)
        ]
        assert await seen(follower, shop, "UPDATE orders SET total_amount = 3") == [(7, OrderChanged)]
        assert await seen(follower, shop, "DELETE FROM orders") == [(7, OrderChanged)]
        assert await seen(follower, shop, "DELETE FROM cart") == [(7, DELETE)]
        assert await seen(follower, shop, "INSERT INTO products (id, name) VALUES (3, 'mouse')") == [
            (3, ProductChanged)
        ]
        assert await seen(follower, shop, "UPDATE products SET name = 'mice' WHERE id = 3") == [
            (3, ProductChanged)
        ]
        assert await seen(follower, shop, "INSERT INTO users (name) VALUES ('Ada')") == []
        assert follower.resets == []


async def test_many_rows_become_one_event_a_key(shop: Shop) -> None:
    async with follow(settings_for(shop.server, shop.database)) as follower:
        values = ", ".join(f"({at % 3 + 1}, {at})" for at in range(30))
        assert sorted(
            await seen(follower, shop, f"INSERT INTO cart (user_id, product_id) VALUES {values}")
        ) == [
            (1, INSERT),
            (2, INSERT),
            (3, INSERT),
        ]


async def test_guests_are_ignored_and_taken_in_at_login(shop: Shop) -> None:
    async with follow(settings_for(shop.server, shop.database)) as follower:
        assert await seen(follower, shop, "INSERT INTO cart (user_id) VALUES (NULL), (0)") == []
        assert await seen(follower, shop, "UPDATE cart SET user_id = 5 WHERE user_id IS NULL") == [
            (5, UPDATE)
        ]
        assert await seen(follower, shop, "UPDATE cart SET user_id = 6 WHERE user_id = 5") == [
            (5, DELETE),
            (6, UPDATE),
        ]


async def test_what_is_rolled_back_never_arrives(shop: Shop) -> None:
    async with follow(settings_for(shop.server, shop.database)) as follower:
        assert await seen(follower, shop, "BEGIN", "INSERT INTO cart (user_id) VALUES (1)", "ROLLBACK") == []
        assert await seen(
            follower, shop, "BEGIN", "INSERT INTO cart (user_id) VALUES (2)", "SAVEPOINT s",
            "INSERT INTO cart (user_id) VALUES (3)", "ROLLBACK TO s", "COMMIT",
        ) == [(2, INSERT)]  # fmt: skip


async def test_a_transaction_is_one_batch_in_the_order_of_the_last_touch(shop: Shop) -> None:
    async with follow(settings_for(shop.server, shop.database)) as follower:
        assert await seen(
            follower, shop, "BEGIN", "INSERT INTO cart (user_id) VALUES (1), (2)",
            "INSERT INTO orders (user_id) VALUES (1)", "DELETE FROM cart WHERE user_id = 1",
            "UPDATE cart SET quantity = 5 WHERE user_id = 2", "COMMIT",
        ) == [(1, INSERT), (2, INSERT), (1, OrderPlaced)]  # fmt: skip
        times = {event.at_us for event in follower.events if isinstance(event, CartChanged | OrderPlaced)}
        assert len(times) == 1


async def test_the_time_is_that_of_the_commit(mysql_shop: Shop) -> None:
    shop = mysql_shop
    async with follow(settings_for(shop.server, shop.database)) as follower:
        before = shop.run("SELECT CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS SIGNED)")[0][0]
        event, *_ = await follower.changes(shop, "INSERT INTO cart (user_id) VALUES (1)")
        after = shop.run("SELECT CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS SIGNED)")[0][0]
        assert isinstance(event, CartChanged)
        assert before <= event.at_us <= after


async def test_replace_and_on_duplicate_key(shop: Shop) -> None:
    async with follow(settings_for(shop.server, shop.database)) as follower:
        await seen(follower, shop, "INSERT INTO cart (id, user_id, quantity) VALUES (1, 4, 1)")
        upsert = "INSERT INTO cart (id, user_id) VALUES (1, 4) ON DUPLICATE KEY UPDATE quantity = 9"
        assert await seen(follower, shop, upsert) == [(4, UPDATE)]
        replaced = await seen(follower, shop, "REPLACE INTO cart (id, user_id, quantity) VALUES (1, 4, 2)")
        assert [key for key, _ in replaced] == [4]
        assert replaced[0][1] in (UPDATE, INSERT)


async def test_hydration_comes_before_the_stream(shop: Shop) -> None:
    shop.run("INSERT INTO cart (user_id) VALUES (11), (12)")
    async with follow(settings_for(shop.server, shop.database)) as follower:
        read = [event.key for event in follower.events if isinstance(event, CartRead)]
        assert sorted(read, key=str) == [11, 12]
        assert await seen(follower, shop, "INSERT INTO cart (user_id) VALUES (13)") == [(13, INSERT)]


@pytest.mark.parametrize("image", ["NOBLOB", "FULL"])
async def test_row_images_that_hold_the_key(shop: Shop, image: str) -> None:
    async with follow(settings_for(shop.server, shop.database)) as follower:
        shop.run(f"SET SESSION binlog_row_image = '{image}'")
        assert await seen(
            follower, shop, "INSERT INTO cart (user_id) VALUES (1)", "UPDATE cart SET quantity = 2",
            "DELETE FROM cart",
        ) == [(1, INSERT), (1, UPDATE), (1, DELETE)]  # fmt: skip
        assert follower.resets == []


async def test_names_and_signs_come_from_the_dictionary_when_the_binlog_has_none(shop: Shop) -> None:
    shop.run(
        "ALTER TABLE cart ADD note VARCHAR(300) FIRST, MODIFY user_id BIGINT UNSIGNED",
        "SET GLOBAL binlog_row_metadata = 'MINIMAL'"
        if shop.server.flavor == "mysql"
        else "SET GLOBAL binlog_row_metadata = 'NO_LOG'",
    )
    shop.reconnect()
    try:
        async with follow(settings_for(shop.server, shop.database)) as follower:
            assert await seen(follower, shop, f"INSERT INTO cart (user_id) VALUES ({2**64 - 1})") == [
                (2**64 - 1, INSERT)
            ]
            assert await seen(
                follower, shop, "ALTER TABLE cart DROP note, ADD more INT FIRST",
                "INSERT INTO cart (user_id) VALUES (5)",
            ) == [(5, INSERT)]  # fmt: skip
            assert follower.resets == []
    finally:
        shop.run("SET GLOBAL binlog_row_metadata = 'FULL'")


async def test_compressed_transactions(mysql_shop: Shop) -> None:
    shop = mysql_shop
    async with follow(settings_for(shop.server, shop.database)) as follower:
        shop.run("SET SESSION binlog_transaction_compression = ON")
        values = ", ".join(f"({at}, {at})" for at in range(1, 5001))
        assert (
            len(await seen(follower, shop, f"INSERT INTO cart (user_id, product_id) VALUES {values}")) == 5000
        )
        assert await seen(follower, shop, "UPDATE cart SET quantity = 3 WHERE user_id = 17") == [(17, UPDATE)]
        assert follower.resets == []
        assert follower.source.stats.unknown_events == 0


async def test_compressed_rows_and_statements(mariadb_shop: Shop) -> None:
    shop = mariadb_shop
    shop.run("SET GLOBAL log_bin_compress = ON", "SET GLOBAL log_bin_compress_min_len = 10")
    shop.reconnect()
    try:
        async with follow(settings_for(shop.server, shop.database)) as follower:
            values = ", ".join(f"({at}, {at})" for at in range(1, 3001))
            insert = f"INSERT INTO cart (user_id, product_id) VALUES {values}"
            assert len(await seen(follower, shop, insert)) == 3000
            assert await seen(follower, shop, "UPDATE cart SET quantity = 3 WHERE user_id = 17") == [
                (17, UPDATE)
            ]
            assert len(await seen(follower, shop, "DELETE FROM cart")) == 3000
            assert follower.resets == []
            assert follower.source.stats.unknown_events == 0
            shop.run(
                "TRUNCATE TABLE cart /* long enough to be worth compressing, they say: aaaaaaaaaaaaaaaaaaaa */"
            )
            await follower.until(lambda: follower.source.stats.resets == {"statement": 1})
    finally:
        shop.run("SET GLOBAL log_bin_compress = OFF")


async def test_partial_json(mysql_shop: Shop) -> None:
    shop = mysql_shop
    shop.run("ALTER TABLE cart ADD a JSON FIRST, ADD b JSON AFTER user_id, ADD c JSON")
    big = '{"x": 1, "y": "' + "z" * 300 + '"}'
    async with follow(settings_for(shop.server, shop.database)) as follower:
        shop.run("SET SESSION binlog_row_value_options = 'PARTIAL_JSON'")
        values = f"(1, '{big}', '{big}', NULL), (2, '{big}', '{big}', '{big}')"
        insert = f"INSERT INTO cart (user_id, a, b, c) VALUES {values}"
        await seen(follower, shop, insert)
        update = "UPDATE cart SET a = JSON_SET(a, '$.x', 2), c = JSON_REMOVE(c, '$.y'), quantity = 5"
        assert await seen(follower, shop, update) == [(1, UPDATE), (2, UPDATE)]
        assert await seen(follower, shop, "UPDATE cart SET b = '[1]' WHERE user_id = 2") == [(2, UPDATE)]
        assert follower.resets == []


async def test_without_checksums(shop: Shop) -> None:
    async with follow(settings_for(shop.server, shop.database)) as follower:
        shop.run("SET GLOBAL binlog_checksum = 'NONE'")
        try:
            assert await seen(follower, shop, "INSERT INTO cart (user_id) VALUES (1)") == [(1, INSERT)]
            async with follow(settings_for(shop.server, shop.database)) as second:
                shop.run("SET GLOBAL binlog_checksum = 'CRC32'")
                assert await seen(second, shop, "INSERT INTO cart (user_id) VALUES (2)") == [(2, INSERT)]
            await follower.settle(shop)
            assert follower.resets == []
        finally:
            shop.run("SET GLOBAL binlog_checksum = 'CRC32'")


async def test_tagged_gtids(mysql_shop: Shop) -> None:
    shop = mysql_shop
    async with follow(settings_for(shop.server, shop.database)) as follower:
        shop.run("SET gtid_next = 'AUTOMATIC:spring'")
        assert await seen(follower, shop, "INSERT INTO cart (user_id) VALUES (1)") == [(1, INSERT)]
        shop.run("SET gtid_next = 'AUTOMATIC'")
        await follower.settle(shop)
        executed = shop.run("SELECT @@GLOBAL.gtid_executed")[0][0].replace("\n", "")
        await follower.until(lambda: follower.source.stats.position == executed)
        assert ":spring:1" in executed
        # A second reader starts from the tagged set.
        async with follow(settings_for(shop.server, shop.database)) as second:
            assert await seen(second, shop, "INSERT INTO cart (user_id) VALUES (2)") == [(2, INSERT)]
            assert second.source.stats.reconnects == 0


async def test_xa_rows_wait_for_their_commit(shop: Shop) -> None:
    async with follow(settings_for(shop.server, shop.database)) as follower:
        prepare = ("XA END 'a'", "XA PREPARE 'a'")
        assert await seen(follower, shop, "XA START 'a'", "INSERT INTO cart (user_id) VALUES (1)", *prepare[:1],
                          "XA COMMIT 'a' ONE PHASE") == [(1, INSERT)]  # fmt: skip
        other = Shop(shop.server, shop.database)
        try:
            begin, rollback = "XA START 'a'", "XA ROLLBACK 'a'"
            insert = "INSERT INTO cart (user_id) VALUES ({})"
            assert await seen(follower, shop, begin, insert.format(2), *prepare, by=other) == []
            assert await seen(follower, shop, "XA COMMIT 'a'", by=other) == [(2, INSERT)]
            assert await seen(follower, shop, begin, insert.format(3), *prepare, rollback, by=other) == []
        finally:
            other.close()
        assert follower.resets == []


async def test_an_xa_commit_that_was_prepared_earlier_reads_the_tables_anew(shop: Shop) -> None:
    other = Shop(shop.server, shop.database)
    try:
        other.run("XA START 'b'", "INSERT INTO cart (user_id) VALUES (2)", "XA END 'b'", "XA PREPARE 'b'")
        async with follow(settings_for(shop.server, shop.database)) as follower:
            other.run("XA COMMIT 'b'")
            await follower.until(lambda: follower.source.stats.resets == {"xa": 1})
            await follower.until(lambda: any(isinstance(e, CartRead) and e.key == 2 for e in follower.events))
    finally:
        other.close()


@pytest.mark.parametrize(
    "statement",
    [
        "TRUNCATE TABLE cart",
        "TRUNCATE orders",
        "RENAME TABLE cart TO old_cart",
        "DROP TABLE IF EXISTS orders, cart",
    ],
)
async def test_changes_that_rows_do_not_tell_read_the_tables_anew(shop: Shop, statement: str) -> None:
    async with follow(settings_for(shop.server, shop.database), hydrate=nothing) as follower:
        shop.run(statement)
        await follower.until(lambda: follower.resets == ["statement"])
        await follower.until(lambda: follower.source.stats.resets == {"statement": 1})


async def test_statement_format_reads_the_tables_anew(shop: Shop) -> None:
    async with follow(settings_for(shop.server, shop.database)) as follower:
        shop.run("SET SESSION binlog_format = 'STATEMENT'", "INSERT INTO cart (user_id) VALUES (77)")
        await follower.until(lambda: follower.source.stats.resets == {"statement": 1})
        await follower.until(lambda: any(isinstance(e, CartRead) and e.key == 77 for e in follower.events))


async def test_a_session_with_a_time_of_its_own(shop: Shop) -> None:
    """MariaDB's events have the session's time: from the future it would arm timers late."""
    async with follow(settings_for(shop.server, shop.database)) as follower:
        shop.run("SET timestamp = UNIX_TIMESTAMP() + 7200")
        try:
            assert await seen(follower, shop, "INSERT INTO cart (user_id) VALUES (1)") == [(1, INSERT)]
        finally:
            shop.run("SET timestamp = DEFAULT")
        (event,) = [event for event in follower.events if isinstance(event, CartChanged)]
        ((now,),) = shop.run("SELECT UNIX_TIMESTAMP(SYSDATE(6))")
        assert 0 <= float(now) - event.at_us / 1e6 < 60


async def test_a_reset_leaves_no_gap_behind(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """What commits between the last event and the anchor: of an UPDATE no column of the tables tells."""
    take_anchor = anchor.take_anchor

    other = Shop(shop.server, shop.database)

    def late(*arguments: Any) -> Position:
        other.run("UPDATE cart SET quantity = quantity + 1 WHERE user_id = 5")
        return take_anchor(*arguments)

    shop.run("INSERT INTO cart (user_id, quantity) VALUES (5, 1)")
    async with follow(settings_for(shop.server, shop.database), hydrate=nothing) as follower:
        monkeypatch.setattr(reader, "take_anchor", late)
        shop.run("TRUNCATE TABLE orders")
        await follower.until(lambda: follower.source.stats.resets == {"statement": 1})
        await follower.until(lambda: any(isinstance(e, CartChanged) and e.key == 5 for e in follower.events))
        await follower.settle(shop)
        assert follower.resets == ["statement"], "what called for it is not met again"


async def test_statements_elsewhere_are_nobodys_business(shop: Shop) -> None:
    elsewhere = f"{shop.database}_x"
    async with follow(settings_for(shop.server, shop.database)) as follower:
        try:
            assert await seen(
                follower, shop, f"CREATE DATABASE {elsewhere}", f"CREATE TABLE {elsewhere}.cart (user_id BIGINT)",
                f"USE {elsewhere}", "SET SESSION binlog_format = 'MIXED'", "INSERT INTO cart VALUES (1)",
                "UPDATE cart SET user_id = UUID_SHORT() % 1000", "TRUNCATE cart", "DROP TABLE cart",
                "SET SESSION binlog_format = 'ROW'", f"USE {shop.database}",
                "CREATE TABLE carts_archive (cart INT)", "TRUNCATE carts_archive",
                "CREATE TEMPORARY TABLE cart (a INT)", "DROP TEMPORARY TABLE cart", "ANALYZE TABLE cart",
                "CREATE VIEW seen AS SELECT * FROM cart", "DROP VIEW seen",
            ) == []  # fmt: skip
            assert follower.source.stats.resets == {}
        finally:
            shop.run(f"DROP DATABASE {elsewhere}")


async def test_tables_altered_in_mid_stream(shop: Shop) -> None:
    async with follow(settings_for(shop.server, shop.database)) as follower:
        for step, alter in enumerate(
            (
                "ADD extra VARCHAR(400) DEFAULT 'x' FIRST",
                "ADD more DECIMAL(20,6) DEFAULT 1.5 AFTER id",
                "MODIFY user_id BIGINT UNSIGNED FIRST",
                "DROP extra",
                "RENAME COLUMN more TO less",
                "ADD KEY (product_id)",
                "CHANGE quantity quantity SMALLINT",
            ),
            start=1,
        ):
            insert = f"INSERT INTO cart (user_id) VALUES ({step})"
            assert await seen(follower, shop, f"ALTER TABLE cart {alter}", insert) == [(step, INSERT)]
        assert follower.source.stats.resets == {}


async def test_rows_beside_every_column_type(shop: Shop) -> None:
    special = "v VECTOR(3), j JSON," if shop.server.flavor == "mysql" else "u UUID, n INET6, j JSON,"
    shop.run(
        "DROP TABLE cart",
        f"""CREATE TABLE cart (
        t1 TINYINT, t2 SMALLINT UNSIGNED, t3 MEDIUMINT, t4 INT UNSIGNED, t5 BIGINT, f FLOAT, d DOUBLE,
        dec1 DECIMAL(5,2), dec2 DECIMAL(65,30), dec3 DECIMAL(9), b1 BIT(1), b2 BIT(17), y YEAR, da DATE,
        ti TIME, ti3 TIME(3), dt DATETIME, dt6 DATETIME(6), ts TIMESTAMP NULL, ts1 TIMESTAMP(1) NULL,
        c CHAR(10), cu CHAR(255) CHARACTER SET utf8mb4, vc VARCHAR(60),
        vl VARCHAR(500), bi BINARY(20), vb VARBINARY(300),
        tb TINYBLOB, bl BLOB, mb MEDIUMBLOB, lb LONGBLOB, tt TINYTEXT, tx TEXT, mt MEDIUMTEXT, lt LONGTEXT,
        e ENUM('a','b'), s SET('x','y','z'), g GEOMETRY, {special}
        gen INT GENERATED ALWAYS AS (t1 + 1) VIRTUAL, gs INT AS (t1 + 2) STORED, inv INT DEFAULT 3 INVISIBLE,
        user_id INT UNSIGNED, tail VARCHAR(10))""",
    )
    values = """t1=-5, t2=65535, t3=-8388608, t4=4294967295, t5=-9, f=1.5, d=2.5, dec1=-123.45, dec2=1.5,
        dec3=999999999, b1=1, b2=70000, y=2026, da='2026-11-22', ti='-12:13:14', ti3='1:2:3.456',
        dt='2026-11-22 10:11:12', dt6='2026-11-22 10:11:12.345678', ts='2026-11-22 10:11:12',
        ts1='2026-11-22 10:11:12.3',
        c='abc', cu='ü', vc='short', vl=REPEAT('v', 400), bi='bin', vb=REPEAT('b', 299),
        tb='tb', bl=REPEAT('l', 5000), mb=REPEAT('m', 70000), lb='lb', tt='tt', tx=REPEAT('t', 300), mt='mt', lt='lt',
        e='b', s='x,z', g=POINT(1,2), j='{"a": [1, 2, null]}', tail='end'"""
    async with follow(settings_for(shop.server, shop.database), hydrate=nothing) as follower:
        assert await seen(follower, shop, f"INSERT INTO cart SET {values}, user_id = 4294967295") == [
            (4294967295, INSERT)
        ]
        assert await seen(follower, shop, "INSERT INTO cart SET user_id = 3") == [(3, INSERT)]
        assert await seen(follower, shop, f"UPDATE cart SET {values} WHERE user_id = 3") == [(3, UPDATE)]
        assert len(await seen(follower, shop, "DELETE FROM cart")) == 2
        assert follower.source.stats.resets == {}


async def test_keys_that_are_text(shop: Shop) -> None:
    shop.run(
        "ALTER TABLE cart MODIFY user_id VARCHAR(300) CHARACTER SET latin1, ADD w CHAR(7) CHARACTER SET utf8mb4 FIRST"
    )
    async with follow(settings_for(shop.server, shop.database)) as follower:
        assert await seen(
            follower,
            shop,
            "INSERT INTO cart (user_id, w) VALUES ('Jürgen', 'ß'), ('', ''), ('0', 'a'), (NULL, NULL)",
        ) == [("Jürgen", INSERT)]


async def test_a_row_of_more_than_16_megabytes(shop: Shop) -> None:
    shop.run("SET GLOBAL max_allowed_packet = 134217728", "ALTER TABLE products MODIFY description LONGBLOB")
    shop.reconnect()
    async with follow(settings_for(shop.server, shop.database)) as follower:
        for size in (17 << 20, (16 << 20) - 1, 60 << 20):
            insert = (
                f"INSERT INTO products (id, name, description) VALUES ({size}, 'big', REPEAT('x', {size}))"
            )
            shop.run(insert)
            await follower.until(lambda size=size: any(
                isinstance(e, ProductChanged) and e.product_id == size for e in follower.events))  # fmt: skip
        assert await seen(follower, shop, "INSERT INTO cart (user_id) VALUES (1)") == [(1, INSERT)]
        assert follower.source.stats.reconnects == 0


async def test_a_big_transaction_is_split_over_many_events(shop: Shop) -> None:
    async with follow(settings_for(shop.server, shop.database)) as follower:
        shop.run("BEGIN")
        for start in range(0, 60_000, 20_000):
            values = ", ".join(f"({at % 500 + 1}, {at})" for at in range(start, start + 20_000))
            shop.run(f"INSERT INTO cart (user_id, product_id) VALUES {values}")
        shop.run("UPDATE cart SET quantity = quantity + 1 WHERE quantity IS NULL", "COMMIT")
        found = await seen(follower, shop)
        assert len(found) == 500
        assert follower.source.stats.rows >= 60_000


@pytest.mark.parametrize("kind", ["DATETIME", "DATETIME(3)", "TIMESTAMP(6)"])
async def test_a_shop_that_writes_another_zone_is_warned_of(shop: Shop, kind: str) -> None:
    shop.run(f"ALTER TABLE cart MODIFY created_at {kind} NULL", "SET time_zone = '+00:00'")
    options = {"hydrate": nothing, "created_at_us": TimeColumn(UTC).to_us}
    with structlog.testing.capture_logs() as logs:
        async with follow(settings_for(shop.server, shop.database), **options) as follower:
            for hours in (0, 0, 0, 7, 0, 7, 7, 7, 7):
                insert = f"INSERT INTO cart (user_id, created_at) VALUES (1, NOW(6) + INTERVAL {hours} HOUR)"
                await seen(follower, shop, insert)
                # Live again: nothing of the next row's delay is the stream's.
                await follower.until(lambda follower=follower: follower.progress[-1].caught_up)
            warnings = [entry for entry in logs if entry["event"] == "binlog.created_at_off"]
            assert [entry["minutes"] for entry in warnings] == [420]
            assert follower.resets == []
