"""Columns that the binlog has and no dictionary lists, on servers that write no names into the binlog."""

import contextlib
from collections.abc import Iterator, Sequence

import pytest
from fakes.binlog_follower import Follower, Shop, follow, open_shop, settings_for

from binlog_watcher.core.events import CartChanged, Change, Event
from binlog_watcher.demo.server import Server
from binlog_watcher.doctor.preflight import check_server
from binlog_watcher.shop.presets import SAMPLE

INSERT, UPDATE = Change.INSERT, Change.UPDATE
VERSIONED = "ALTER TABLE cart ADD SYSTEM VERSIONING"
UNIQUE_TEXT = "ALTER TABLE cart ADD note TEXT, ADD UNIQUE (note)"


@contextlib.contextmanager
def globally(shop: Shop, name: str, value: str) -> Iterator[None]:
    ((before,),) = shop.run(f"SELECT @@GLOBAL.{name}")
    shop.run(f"SET GLOBAL {name} = {value}")
    try:
        yield
    finally:
        shop.run(f"SET GLOBAL {name} = {before!r}")


@pytest.fixture
def mariadb_shop(mariadb_server: Server, mariadb_database: str) -> Iterator[Shop]:
    with (
        open_shop(mariadb_server, mariadb_database) as shop,
        globally(shop, "binlog_row_metadata", "'NO_LOG'"),
    ):
        shop.run("SET SESSION system_versioning_alter_history = KEEP")
        yield shop


@pytest.fixture
def mysql_shop(mysql_server: Server, mysql_database: str) -> Iterator[Shop]:
    """Whose cart has a key that the server made, and that it shows to nobody."""
    with (
        open_shop(mysql_server, mysql_database) as shop,
        globally(shop, "binlog_row_metadata", "'MINIMAL'"),
        globally(shop, "show_gipk_in_create_table_and_information_schema", "OFF"),
    ):
        shop.reconnect()
        shop.run(
            "SET SESSION sql_generate_invisible_primary_key = ON",
            "DROP TABLE cart",
            "CREATE TABLE cart (user_id INT, product_id INT, quantity INT, "
            "created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, KEY (created_at), KEY (user_id))",
        )
        yield shop


def told(events: Sequence[Event]) -> list[tuple[object, Change]]:
    return [(event.key, event.change) for event in events if isinstance(event, CartChanged)]


async def rows_are_read(follower: Follower, shop: Shop, user: int) -> None:
    """A row of the user is told of as such, and nothing is read anew."""
    insert = f"INSERT INTO cart (user_id, product_id, quantity) VALUES ({user}, 70, 80)"
    assert told(await follower.changes(shop, insert)) == [(user, INSERT)]
    changed = told(await follower.changes(shop, f"UPDATE cart SET quantity = 81 WHERE user_id = {user}"))
    assert [key for key, _ in changed] == [user]
    assert follower.source.stats.resets == {}
    assert follower.source.stats.troubles == {}


@pytest.mark.parametrize(
    "changes",
    [
        [VERSIONED],
        [UNIQUE_TEXT],
        [UNIQUE_TEXT, VERSIONED],
        [VERSIONED, UNIQUE_TEXT, "ALTER TABLE cart ADD more INT, ADD other TEXT, ADD UNIQUE (other)"],
        [
            (
                "ALTER TABLE cart ADD a TIMESTAMP(6) GENERATED ALWAYS AS ROW START INVISIBLE, "
                "ADD b TIMESTAMP(6) GENERATED ALWAYS AS ROW END INVISIBLE, ADD PERIOD FOR SYSTEM_TIME (a, b), "
                "ADD SYSTEM VERSIONING"
            ),
            UNIQUE_TEXT,
        ],
    ],
)
async def test_mariadbs_own_columns(mariadb_shop: Shop, changes: list[str]) -> None:
    shop = mariadb_shop
    async with follow(settings_for(shop.server, shop.database)) as follower:
        for user, change in enumerate(changes, start=7):
            await follower.changes(shop, change)
            await rows_are_read(follower, shop, user)
    check_server(settings_for(shop.server, shop.database), SAMPLE)
    async with follow(settings_for(shop.server, shop.database)) as follower:  # they are there at the start
        await rows_are_read(follower, shop, 99)
        if VERSIONED in changes:
            await follower.changes(shop, "ALTER TABLE cart DROP SYSTEM VERSIONING")
            await rows_are_read(follower, shop, 100)


async def test_mysqls_generated_key(mysql_shop: Shop) -> None:
    shop = mysql_shop
    async with follow(settings_for(shop.server, shop.database)) as follower:
        await rows_are_read(follower, shop, 7)
        await follower.changes(shop, "ALTER TABLE cart ADD extra INT FIRST")
        await rows_are_read(follower, shop, 8)
