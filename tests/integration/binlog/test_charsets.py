"""Keys that are text, in whatever character set: the binlog tells the same key as SQL does."""

from collections.abc import Iterator

import pytest
from fakes.binlog_follower import Shop, follow, nothing, open_shop, settings_for

from binlog_watcher.binlog.decoding.collations import charset_of
from binlog_watcher.core.events import CartChanged
from binlog_watcher.demo.server import Server
from binlog_watcher.doctor.preflight import check_server
from binlog_watcher.errors import ConfigError
from binlog_watcher.shop.charsets import codec_of
from binlog_watcher.shop.presets import SAMPLE

KEY_COLUMNS = ("cart", "orders")


@pytest.fixture
def shop(server: Server, fresh_database: str) -> Iterator[Shop]:
    with open_shop(server, fresh_database) as opened:
        yield opened


def text_keys(shop: Shop, charset: str, kind: str = "VARCHAR(40)") -> None:
    for table in KEY_COLUMNS:
        shop.run(f"ALTER TABLE {table} MODIFY user_id {kind} CHARACTER SET {charset}")


@pytest.mark.parametrize("metadata", ["FULL", "MINIMAL"])
async def test_keys_in_every_character_set_that_can_be_read(shop: Shop, metadata: str) -> None:
    ((before,),) = shop.run("SELECT @@GLOBAL.binlog_row_metadata")
    charsets = [
        row[0] for row in shop.run("SELECT CHARACTER_SET_NAME FROM information_schema.CHARACTER_SETS")
    ]
    readable = [name for name in charsets if name != "binary" and codec_of(name) is not None]
    assert {"ucs2", "utf16", "utf16le", "utf32", "latin1", "utf8mb4"} <= set(readable)
    shop.run(f"SET GLOBAL binlog_row_metadata = '{metadata}'")
    try:
        async with follow(settings_for(shop.server, shop.database), hydrate=nothing) as follower:
            for charset in readable:
                text_keys(shop, charset, "CHAR(40)" if charset == "utf32" else "VARCHAR(40)")
                # What the character set has no letter for becomes a question mark.
                shop.run(
                    "SET SESSION sql_mode = ''", "INSERT INTO cart (user_id) VALUES ('zoë-7'), ('Жан'), ('€')"
                )
                if charset == "latin1":
                    shop.run("INSERT INTO cart (user_id) VALUES (_latin1 x'7a818d'), (_latin1 x'7a80')")
                keys = {row[0] for row in shop.run("SELECT user_id FROM cart")}
                await follower.settle(shop)
                told = {event.key for event in follower.events if isinstance(event, CartChanged)}
                assert told == keys, charset
                shop.run("DELETE FROM cart")
                await follower.settle(shop)
                follower.events.clear()
            assert follower.source.stats.troubles == {}
    finally:
        shop.run(f"SET GLOBAL binlog_row_metadata = '{before}'")


def test_every_collation_of_the_server_has_its_character_set(shop: Shop) -> None:
    if shop.server.flavor == "mariadb":
        table, name = "COLLATION_CHARACTER_SET_APPLICABILITY", "FULL_COLLATION_NAME"
    else:
        table, name = "COLLATIONS", "COLLATION_NAME"
    rows = shop.run(f"SELECT CHARACTER_SET_NAME, {name}, ID FROM information_schema.{table}")
    assert len(rows) > 200
    assert [row for row in rows if charset_of(row[2]) != row[0]] == []


def test_a_key_that_can_not_be_read_is_refused_with_what_helps(shop: Shop) -> None:
    text_keys(shop, "swe7")
    with pytest.raises(ConfigError) as caught:
        check_server(settings_for(shop.server, shop.database), SAMPLE)
    assert [problem.split(": ")[1] for problem in caught.value.problems] == [
        "cart.customer",
        "orders.customer",
    ]
    assert "text in swe7" in caught.value.problems[0]
    for problem in caught.value.problems:
        shop.run(problem.split(": ")[-1])
    check_server(settings_for(shop.server, shop.database), SAMPLE)
