"""A reset that does not help is noticed, and so is the day on which it is not needed any more."""

import structlog
from fakes.binlog_follower import follow, nothing, open_shop, settings_for

from binlog_watcher.core.events import CartChanged
from binlog_watcher.demo.server import Server


async def test_a_table_that_nobody_can_read_is_told_of_until_it_can_be(
    server: Server, fresh_database: str
) -> None:
    settings = settings_for(server, fresh_database)
    with open_shop(server, fresh_database) as shop, structlog.testing.capture_logs() as logs:
        async with follow(settings, hydrate=nothing, reset_interval_s=1.0) as follower:
            stats = follower.source.stats
            await follower.changes(shop, "ALTER TABLE cart MODIFY user_id DECIMAL(10,0)")
            for times in (1, 2, 3):
                assert stats.stuck is None
                shop.run("INSERT INTO cart (user_id) VALUES (7)")
                await follower.until(lambda wanted=times: stats.resets == {"decode": wanted})
            await follower.until(lambda: stats.stuck is not None)
            assert stats.stuck == "decode: column user_id has type 246, which can't be a key"
            assert stats.relapses == {"decode": 2}
            assert [entry["times"] for entry in logs if entry["event"] == "binlog.reset_again"] == [2, 3]
            await follower.changes(shop, "ALTER TABLE cart MODIFY user_id INT")
            events = await follower.changes(shop, "INSERT INTO cart (user_id) VALUES (8)")
            assert [event.key for event in events if isinstance(event, CartChanged)] == [8]
            await follower.until(lambda: stats.stuck is None)
            assert stats.resets == {"decode": 3}
