"""One mail a row of the log, from the claim until its outcome is written."""

import asyncio

from binlog_watcher.recovery.send.under_way import UnderWay


async def test_a_row_is_let_in_once_until_it_ends() -> None:
    rows = UnderWay()
    assert rows.begin(1)
    assert not rows.begin(1)
    assert rows.begin(2)
    rows.end(1)
    assert rows.begin(1)


async def test_drained_waits_for_the_last_one() -> None:
    rows = UnderWay()
    async with asyncio.timeout(10):
        await rows.drained()
    rows.begin(1)
    rows.begin(2)
    waiting = asyncio.create_task(rows.drained())
    rows.end(1)
    await asyncio.sleep(0)
    assert not waiting.done()
    rows.end(2)
    async with asyncio.timeout(10):
        await waiting
