"""A wait of the tests ends at its time, whatever comes in that moment."""

import asyncio

import pytest
from fakes.binlog_follower import Follower, source_of

from binlog_watcher.settings.connection import ConnectionSettings

MOMENT_S = 0.005
LONGER_S = 1.0


async def test_the_time_is_up_though_news_comes_in_that_moment() -> None:
    follower = Follower(source_of(ConnectionSettings("127.0.0.1", 1, "app", "", "shop")))
    loop = asyncio.get_running_loop()
    up = loop.time() + MOMENT_S
    loop.call_at(up, follower._arrived.set)
    async with asyncio.timeout(LONGER_S) as too_long:
        with pytest.raises(TimeoutError):
            await follower.until(lambda: False, MOMENT_S)
    assert not too_long.expired()
