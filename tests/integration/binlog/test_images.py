"""Row images that do not tell whose a row is, and none that cost a reset."""

from collections.abc import Iterator

import pytest
import structlog
from fakes.binlog_follower import Follower, Shop, follow, open_shop, settings_for

from binlog_watcher.core.events import CartChanged, Change, OrderChanged, OrderPlaced
from binlog_watcher.demo.server import Server

INSERT, UPDATE, DELETE = Change.INSERT, Change.UPDATE, Change.DELETE


@pytest.fixture
def shop(server: Server, fresh_database: str) -> Iterator[Shop]:
    with open_shop(server, fresh_database) as opened:
        yield opened


async def seen(follower: Follower, shop: Shop, *statements: str) -> set[tuple[object, object]]:
    events = await follower.changes(shop, *statements)
    return {
        (event.key, event.change if isinstance(event, CartChanged) else type(event))
        for event in events
        if isinstance(event, CartChanged | OrderPlaced | OrderChanged)
    }


@pytest.mark.parametrize("image", ["FULL", "NOBLOB", "MINIMAL"])
async def test_every_change_finds_its_customer(shop: Shop, image: str) -> None:
    shop.run(
        "INSERT INTO cart (id, user_id) VALUES (1, 1), (2, 2), (3, 3)",
        "INSERT INTO orders (id, user_id, total_amount) VALUES (1, 1, 5), (2, 2, 6)",
    )
    async with follow(settings_for(shop.server, shop.database)) as follower:
        shop.run(f"SET SESSION binlog_row_image = '{image}'")
        assert await seen(follower, shop, "INSERT INTO cart (id, user_id) VALUES (7, 7)") == {(7, INSERT)}
        assert await seen(follower, shop, "INSERT INTO cart (product_id) VALUES (1)") == set()
        assert await seen(follower, shop, "UPDATE cart SET quantity = 5 WHERE id IN (1, 7)") == {
            (1, UPDATE),
            (7, UPDATE),
        }
        assert await seen(follower, shop, "UPDATE cart SET user_id = 8 WHERE id = 2") == {
            (2, DELETE),
            (8, UPDATE),
        }
        assert await seen(follower, shop, "UPDATE cart SET id = 70, quantity = 6 WHERE id = 7") == {
            (7, UPDATE)
        }
        assert await seen(follower, shop, "UPDATE cart SET quantity = 7 WHERE id = 70") == {(7, UPDATE)}
        assert await seen(follower, shop, "DELETE FROM cart") == {
            (1, DELETE),
            (8, DELETE),
            (3, DELETE),
            (7, DELETE),
        }
        assert await seen(follower, shop, "UPDATE orders SET total_amount = 1") == {
            (1, OrderChanged),
            (2, OrderChanged),
        }
        assert await seen(follower, shop, "UPDATE orders SET user_id = 9 WHERE id = 1") == {
            (1, OrderChanged),
            (9, OrderChanged),
        }
        assert await seen(follower, shop, "DELETE FROM orders") == {(9, OrderChanged), (2, OrderChanged)}
        assert follower.source.stats.resets == follower.source.stats.troubles == {}
        assert follower.source.stats.unknown_rows == 0


async def test_rows_beyond_the_memory_are_looked_up(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("binlog_watcher.binlog.server_queries._NEWEST_ROWS", 1)
    rows = ", ".join(f"({at}, {at % 700 + 1})" for at in range(1, 3001))
    shop.run(f"INSERT INTO cart (id, user_id) VALUES {rows}")
    async with follow(settings_for(shop.server, shop.database)) as follower:
        shop.run("SET SESSION binlog_row_image = 'MINIMAL'")
        changed = await seen(follower, shop, "UPDATE cart SET quantity = 5")
        assert changed == {(key, UPDATE) for key in range(1, 701)}
        assert follower.source.stats.unknown_rows == 0
        assert follower.source.stats.resets == {}


async def test_what_can_not_be_known_of_a_deleted_row(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cart's timer stays where it is, an order's customer may have a cart again."""
    monkeypatch.setattr("binlog_watcher.binlog.server_queries._NEWEST_ROWS", 1)
    shop.run("INSERT INTO cart (id, user_id) VALUES (1, 1), (2, 2)")
    shop.run("INSERT INTO orders (id, user_id) VALUES (1, 1), (2, 2)")
    async with follow(settings_for(shop.server, shop.database)) as follower:
        shop.run("SET SESSION binlog_row_image = 'MINIMAL'")
        assert await seen(follower, shop, "DELETE FROM cart WHERE id = 1") == set()
        assert await seen(follower, shop, "UPDATE cart SET user_id = 5 WHERE id = 2") == {
            (2, DELETE),
            (5, UPDATE),
        }
        assert follower.source.stats.unknown_rows == 1
        assert follower.source.stats.resets == {}
        shop.run("DELETE FROM orders WHERE id = 1")
        await follower.until(lambda: follower.source.stats.resets == {"unknown_row": 1})


async def test_ids_that_are_text_or_bytes(shop: Shop) -> None:
    for kind, one, other in (
        ("VARCHAR(36) CHARACTER SET ascii", "'a'", "'b'"),
        ("BINARY(2)", "x'ff00'", "x'fe00'"),
    ):
        shop.run(f"ALTER TABLE cart MODIFY id {kind} NOT NULL")
        async with follow(settings_for(shop.server, shop.database)) as follower:
            insert = f"INSERT INTO cart (id, user_id) VALUES ({one}, 7), ({other}, 8)"
            assert await seen(follower, shop, insert) == {(7, INSERT), (8, INSERT)}
            assert await seen(follower, shop, f"DELETE FROM cart WHERE id = {one}") == {(7, DELETE)}
            assert follower.source.stats.resets == {}
            shop.run("SET SESSION binlog_row_image = 'MINIMAL'")
            assert await seen(follower, shop, "DELETE FROM cart") == {(8, DELETE)}
            assert follower.resets == []
            shop.run("SET SESSION binlog_row_image = 'FULL'")


async def test_a_table_that_does_not_answer_is_no_obstacle(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest rows of a huge table whose id has no index take longer than we wait; here, those of a locked one."""
    monkeypatch.setattr("binlog_watcher.binlog.reader._QUERY_TIMEOUT_S", 0.5)
    shop.run("INSERT INTO cart (id, user_id) VALUES (1, 1)", "LOCK TABLES orders WRITE")
    with structlog.testing.capture_logs() as logs:
        async with follow(settings_for(shop.server, shop.database)) as follower:
            shop.run("UNLOCK TABLES")
            assert await seen(follower, shop, "UPDATE cart SET quantity = 2") == {(1, UPDATE)}
            assert follower.resets == []
    assert any("timed out" in entry["error"] for entry in logs if entry["event"] == "binlog.rows_not_learnt")


@pytest.mark.parametrize("metadata", ["FULL", "MINIMAL"])
async def test_indexes_over_expressions_and_arrays(
    mysql_server: Server, mysql_database: str, metadata: str
) -> None:
    """Such an index has a hidden column, which is none of the row's."""
    with open_shop(mysql_server, mysql_database) as shop:
        shop.run(
            "ALTER TABLE cart ADD tags JSON FIRST, ADD KEY a ((CAST(tags->'$.a' AS UNSIGNED ARRAY))), "
            "ADD KEY b ((CAST(tags->'$.b' AS CHAR(300) ARRAY))), ADD KEY c ((user_id + 1)), ADD tail INT",
            f"SET GLOBAL binlog_row_metadata = '{metadata}'",
        )
        shop.reconnect()
        try:
            async with follow(settings_for(shop.server, shop.database)) as follower:
                tags = '{"a": [1, 2], "b": ["x", "y"]}'
                insert = f"INSERT INTO cart (tags, user_id, tail) VALUES ('{tags}', 7, 9), (NULL, 8, 9)"
                assert await seen(follower, shop, insert) == {(7, INSERT), (8, INSERT)}
                assert await seen(follower, shop, "UPDATE cart SET tags = '{\"a\": [3]}'") == {
                    (7, UPDATE),
                    (8, UPDATE),
                }
                assert await seen(
                    follower, shop, "ALTER TABLE cart ADD more INT", "DELETE FROM cart"
                ) == {(7, DELETE), (8, DELETE)}  # fmt: skip
                assert follower.source.stats.resets == {}
        finally:
            shop.run("SET GLOBAL binlog_row_metadata = 'FULL'")
