"""One statement changes the carts of years, as a price rule or an import does: it costs little, and no mail waits."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from fakes.mail_server import MailServer
from fakes.recovering import settings_of
from fakes.running_service import following
from fakes.waiting import until

from binlog_watcher.core.tracker import DueCart
from binlog_watcher.recovery.recovery import SIFT_BATCH_SIZE, Recovery

OLD = range(1, 20_001)
FRESH = [30_001, 30_002, 30_003]
THRESHOLD_S = 3.0
STATEMENTS_A_BATCH = 10


def fill_old_carts(shop: Any) -> None:
    shop.user(OLD[0], "somebody@example.com")
    with shop.server.connect() as connection, connection.cursor() as cursor:
        connection.select_db(shop.name)
        cursor.executemany(
            "INSERT INTO cart (user_id, product_id, quantity, created_at) "
            "VALUES (%s, 1, 1, UTC_TIMESTAMP() - INTERVAL 30 DAY)",
            [(key,) for key in OLD],
        )


async def test_fresh_carts_are_mailed_while_the_old_ones_are_sifted(
    shop: Any, smtp: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, may_sift = asyncio.Event(), asyncio.Event()
    sift = Recovery.sift

    async def sift_when_told(self: Recovery, woken: Sequence[DueCart]) -> None:
        begun.set()
        await may_sift.wait()
        await sift(self, woken)

    monkeypatch.setattr(Recovery, "sift", sift_when_told)
    await asyncio.to_thread(fill_old_carts, shop)
    settings = settings_of(
        shop, smtp, ABANDONMENT_THRESHOLD_MINUTES=str(THRESHOLD_S / 60), CHECK_INTERVAL_SECONDS="600"
    )
    async with following(settings) as service:
        tracker = service.tracker
        before = service._resources.database.statements
        await asyncio.to_thread(shop.run, "UPDATE cart SET quantity = 2")
        for key in FRESH:
            shop.user(key, f"user{key}@example.com")
            shop.add(key, 1, minutes_ago=0)
        async with asyncio.timeout(60):
            await begun.wait()
        await until(lambda: len(smtp.accepted) == len(FRESH))
        assert tracker.armed > len(OLD) / 2  # nobody waited for them
        may_sift.set()
        await until(lambda: tracker.armed == 0 and tracker.in_hand == 0)
        asked = service._resources.database.statements - before
    assert {row["cart_key"] for row in shop.log()} == {str(key) for key in FRESH}
    assert asked <= STATEMENTS_A_BATCH * len(OLD) / SIFT_BATCH_SIZE
