"""Whatever form the rows come in, they are read and not hydrated again; what rows can't tell is."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Sequence

import pytest
from fakes.binlog_follower import Shop, open_shop
from fakes.invariant import Watch, prepare, watch
from fakes.shop_writers import Writers

from binlog_watcher.demo.server import Server

STRUCTURE_CHANGES = (
    "ADD extra VARCHAR(400) DEFAULT 'x' FIRST",
    "ADD more DECIMAL(20,6) DEFAULT 1.5 AFTER id",
    "MODIFY user_id BIGINT UNSIGNED",
    "RENAME COLUMN extra TO other",
    "MODIFY user_id BIGINT UNSIGNED FIRST",
    "CHANGE more less DOUBLE FIRST",
    "DROP other",
    "ADD KEY (product_id)",
    "MODIFY quantity SMALLINT",
    "MODIFY user_id INT",
    "ADD doubled INT AS (quantity * 2) VIRTUAL AFTER id",
    "DROP less, ADD note TEXT FIRST",
    "DROP doubled, DROP note",
)


@pytest.fixture
def shop(server: Server, fresh_database: str) -> Iterator[Shop]:
    with open_shop(server, fresh_database) as opened:
        prepare(opened)
        yield opened


@pytest.fixture
def mysql_shop(mysql_server: Server, mysql_database: str) -> Iterator[Shop]:
    with open_shop(mysql_server, mysql_database) as opened:
        prepare(opened)
        yield opened


@contextlib.contextmanager
def globally(shop: Shop, **values: str | int) -> Iterator[None]:
    """Set global variables, and set them back."""
    before = {name: shop.run(f"SELECT @@GLOBAL.{name}")[0][0] for name in values}
    try:
        for name, value in values.items():
            shop.run(f"SET GLOBAL {name} = {value!r}")
        yield
    finally:
        for name, value in before.items():
            shop.run(f"SET GLOBAL {name} = {value!r}")


async def both_kinds_of_traffic(shop: Shop, session: Sequence[str], watching: Watch) -> None:
    """Inserts alone, then everything."""
    with Writers(shop, session=session) as inserting:
        await inserting.busy(40)
    await watching.holds(resets={}, took_us=inserting.took_us)
    with Writers(shop, mixed=True, session=session) as mixing:
        await mixing.busy(80)
    await watching.holds(resets={})


@pytest.mark.parametrize("image", ["FULL", "NOBLOB", "MINIMAL"])
async def test_row_images(shop: Shop, image: str) -> None:
    shop.run("ALTER TABLE cart ADD note TEXT FIRST")
    async with watch(shop) as watching:
        await both_kinds_of_traffic(shop, [f"SET SESSION binlog_row_image = '{image}'"], watching)


@contextlib.contextmanager
def writes_events(shop: Shop, kind: str) -> Iterator[None]:
    """Assert that the binlog has such events afterwards: else the test would have tested nothing."""
    status = "SHOW BINARY LOG STATUS" if shop.server.flavor == "mysql" else "SHOW MASTER STATUS"
    ((file, offset, *_),) = shop.run(status)
    yield
    assert kind in {row[2] for row in shop.run(f"SHOW BINLOG EVENTS IN '{file}' FROM {offset}")}


async def test_compressed_transactions(mysql_shop: Shop) -> None:
    with writes_events(mysql_shop, "Transaction_payload"):
        async with watch(mysql_shop) as watching:
            session = ["SET SESSION binlog_transaction_compression = ON"]
            await both_kinds_of_traffic(mysql_shop, session, watching)


async def test_compressed_rows(mariadb_server: Server, mariadb_database: str) -> None:
    with open_shop(mariadb_server, mariadb_database) as shop:
        prepare(shop)
        with (
            globally(shop, log_bin_compress=1, log_bin_compress_min_len=10),
            writes_events(shop, "Write_rows_compressed_v1"),
        ):
            async with watch(shop) as watching:
                await both_kinds_of_traffic(shop, [], watching)


async def test_partial_json(mysql_shop: Shop) -> None:
    shop = mysql_shop
    long = "x" * 300
    shop.run(f"""ALTER TABLE cart ADD a JSON DEFAULT (JSON_OBJECT('n', 1, 'text', '{long}')) FIRST,
        ADD b JSON DEFAULT (JSON_ARRAY(1, '{long}')) AFTER user_id""")
    session = "SET SESSION binlog_row_value_options = 'PARTIAL_JSON'"
    rows = ", ".join(f"({number}, {number}, 1, 1)" for number in range(90_001, 90_010))
    with writes_events(shop, "Update_rows_partial"):
        async with watch(shop) as watching:
            with Writers(shop, mixed=True, session=[session]) as writers:
                shop.run(session, f"INSERT INTO cart (id, user_id, product_id, quantity) VALUES {rows}")
                for number in range(20):
                    a, b = f"a = JSON_SET(a, '$.n', {number})", f"b = JSON_REPLACE(b, '$[0]', {number})"
                    some = f"WHERE id IN ({90_001 + number % 9}, {90_001 + number % 5})"
                    for changed in (a, b, f"{b}, quantity = 3, {a}", f"user_id = user_id + 50, {b}"):
                        shop.run(f"UPDATE cart SET {changed} {some}")
                await writers.busy()
            await watching.holds(resets={})
            armed = {key for key in watching.tracker.keys() if int(key) >= 90_001}  # noqa: SIM118 - no mapping
            assert armed >= {
                row[0] for row in shop.run("SELECT user_id FROM cart WHERE id BETWEEN 90001 AND 90009")
            }


@pytest.mark.parametrize("metadata", ["MINIMAL", "NO_LOG"])
async def test_metadata_changed_under_way(shop: Shop, metadata: str) -> None:
    if metadata == "NO_LOG" and shop.server.flavor == "mysql":
        metadata = "FULL"  # MariaDB alone can leave it out wholly
    async with watch(shop) as watching:
        with Writers(shop) as writers:
            await writers.busy()
            with globally(shop, binlog_row_metadata=metadata):
                await writers.busy(40)
            await writers.busy()
        await watching.holds(resets={}, took_us=writers.took_us)


async def test_structure_changed_under_minimal_metadata(shop: Shop) -> None:
    with globally(shop, binlog_row_metadata="MINIMAL"):
        async with watch(shop) as watching:
            for change in STRUCTURE_CHANGES:
                await asyncio.to_thread(shop.run, f"ALTER TABLE cart {change}")
                with Writers(shop, mixed=True) as writers:
                    await writers.busy(5)
                await (
                    watching.settled()
                )  # the dictionary tells of now only: it must be asked before the next change
            await watching.holds(resets={})


async def test_checksums_switched_under_way(shop: Shop) -> None:
    async with watch(shop) as watching:
        with Writers(shop) as writers:
            await writers.busy()
            with globally(shop, binlog_checksum="NONE"):
                await writers.busy()
                async with watch(shop) as second:
                    await writers.busy()
                    await second.settled()
            await writers.busy()
        await watching.holds(resets={}, took_us=writers.took_us)


async def test_structure_changed_under_load(shop: Shop) -> None:
    async with watch(shop) as watching:
        with Writers(shop) as writers:
            for _ in range(2):
                for change in STRUCTURE_CHANGES:
                    await asyncio.to_thread(shop.run, f"ALTER TABLE cart {change}")
                    await writers.busy(3)
        await watching.holds(resets={}, took_us=writers.took_us)


async def test_xa_across_reconnects(shop: Shop) -> None:
    sessions = [Shop(shop.server, shop.database) for _ in range(3)]
    try:
        async with watch(shop) as watching:
            for number, session in enumerate(sessions):
                session.run(f"XA START 'x{number}'",
                            f"INSERT INTO cart (user_id, product_id, quantity) VALUES ({90_001 + number}, 1, 1)",
                            f"XA END 'x{number}'", f"XA PREPARE 'x{number}'")  # fmt: skip
            with Writers(shop) as writers:
                await writers.busy()
                await watching.settled()
                for thread, *_ in shop.run(
                    "SELECT id FROM information_schema.processlist WHERE command LIKE 'Binlog Dump%'"
                ):
                    shop.run(f"KILL {thread}")
                await writers.busy()
                sessions[0].run("XA COMMIT 'x0'")
                sessions[1].run("XA ROLLBACK 'x1'")
                await watching.settled()
            sessions[2].run("XA COMMIT 'x2'")
            assert watching.source.stats.reconnects >= 1
            await watching.holds(resets={})
            assert watching.tracker.knows(90_001)
            assert watching.tracker.knows(90_003)
            assert not watching.tracker.knows(90_002)
    finally:
        for session in sessions:
            session.close()


@pytest.fixture
def cascading(shop: Shop) -> Callable[[], None]:
    """Cart rows belong to products, and go with them."""
    shop.run(
        "ALTER TABLE cart ADD FOREIGN KEY (product_id) REFERENCES products (id) ON DELETE CASCADE ON UPDATE CASCADE",
        "INSERT INTO products (id, name) VALUES (99, 'f')",
    )

    def cascade() -> None:
        shop.run("UPDATE products SET id = 700 WHERE id = 3", "DELETE FROM products WHERE id IN (1, 2)")

    return cascade


async def test_cascades(shop: Shop, cascading: Callable[[], None]) -> None:
    async with watch(shop) as watching:
        with Writers(shop) as writers:
            await writers.busy(40)
        cascading()
        await watching.settled()
        resets = watching.source.stats.resets
        if shop.server.flavor == "mysql":  # from 9.6 on cascades are row events
            assert resets == {}
        else:
            assert set(resets) == {"cascade"}
        await watching.holds(resets=resets)
