"""What hydration arms, from real tables: at the start of the service, and after every reset."""

import time
from typing import Any

import pytest
from fakes.mail_server import MailServer
from fakes.recovering import Recovering, abandon, recovering

from binlog_watcher.core.events import CartRead
from binlog_watcher.recovery.hydrate import Hydrator
from binlog_watcher.store.shop_tables import open_carts as scan_module

MINUTE = 60_000_000
HOUR = 60 * MINUTE


def hydrate(cartwake: Recovering, *, with_log: bool = True) -> dict[Any, CartRead]:
    resources = cartwake.resources
    hydrator = Hydrator(
        database=resources.database,
        scan=resources.scan,
        episodes=resources.episodes,
        notes=resources.notes,
        policy=resources.policy,
        clock=resources.clock,
        with_log=with_log,
    )
    reads = [read for page in hydrator() for read in page]
    assert len(reads) == len({read.key for read in reads})
    return {read.key: read for read in reads}


async def test_open_carts_in_pages_with_their_due_time(
    shop: Any, smtp: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan_module, "CART_PAGE_SIZE", 3)
    abandon(shop, range(1, 11), minutes_ago=10)
    shop.add(2, 5, minutes_ago=4)
    shop.order(5)  # bought
    shop.run("UPDATE cart SET quantity = 0 WHERE user_id = 6")
    shop.run("UPDATE cart SET product_id = 999999 WHERE user_id = 7")
    async with recovering(shop, smtp) as cartwake:
        reads = hydrate(cartwake)
        assert sorted(reads) == [1, 2, 3, 4, 7, 8, 9, 10], "the product of 7 may be on its way"
        now_us = cartwake.now_us()
        for key, minutes in ((1, 10), (2, 4)):
            assert abs(now_us - minutes * MINUTE - reads[key].activity_us) < 10_000_000
            assert reads[key].due_us == reads[key].activity_us + 30 * MINUTE


async def test_carts_too_old_or_from_before_the_activation_are_left_out(shop: Any, smtp: MailServer) -> None:
    abandon(shop, [1], minutes_ago=80 * 60)
    abandon(shop, [2], minutes_ago=60)
    abandon(shop, [3], minutes_ago=10)
    async with recovering(shop, smtp, active_hours=0.25) as cartwake:
        assert sorted(hydrate(cartwake)) == [3]
    shop.run("UPDATE cart_abandonment_meta SET value = '0' WHERE name = 'activated_at'")
    async with recovering(shop, smtp) as cartwake:
        assert sorted(hydrate(cartwake)) == [2, 3]


async def test_what_the_log_knows(shop: Any, smtp: MailServer) -> None:
    addresses = abandon(shop, range(1, 8))
    smtp.answer("RCPT", addresses[1], "451 later")
    smtp.answer("RCPT", addresses[2], "550 no")
    async with recovering(shop, smtp) as cartwake:
        await cartwake.recover(1, 2, 3)
        dead, alive = shop.instance(), shop.instance()
        shop.alive(alive)
        shop.claim(dead, 4)
        shop.claim(alive, 5)
        shop.claim(dead, 6)
        shop.run("UPDATE cart_abandonment_log SET status = 'sending' WHERE cart_key = '6'")
        shop.add(1, 3, minutes_ago=5)  # comes back after the mail
        reads, now_us = hydrate(cartwake), cartwake.now_us()
        assert sorted(reads) == [1, 2, 4, 5, 7], "failed and unknown ones are over"
        assert abs(reads[1].due_us - now_us - 24 * HOUR) < MINUTE, "the cool-down"
        assert abs(reads[2].due_us - now_us - MINUTE) < 30_000_000, "the retry"
        assert reads[4].due_us <= now_us, "a dead instance's claim is taken over at once"
        assert reads[5].due_us > now_us + MINUTE, "a living one's when its lease ends"


async def test_a_dry_run_needs_no_tables_of_ours(bare_shop: Any, smtp: MailServer) -> None:
    shop = bare_shop()
    abandon(shop, [1], minutes_ago=1)
    async with recovering(shop, smtp, active_hours=None, DRY_RUN="true") as cartwake:
        assert not cartwake.resources.with_log
        assert list(hydrate(cartwake, with_log=False)) == [1]
        decisions = await cartwake.recover(1)
        assert decisions[1].reason == "activity"
    assert shop.run("SHOW TABLES LIKE 'cart_abandonment%'") == []


async def test_two_hundred_thousand_carts(
    shop: Any, smtp: MailServer, record_property: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    shop.run(
        "INSERT INTO cart (user_id, product_id, created_at) "
        "WITH RECURSIVE n AS (SELECT 0 AS d UNION ALL SELECT d + 1 FROM n WHERE d < 9) "
        "SELECT 1 + a.d + 10 * b.d + 100 * c.d + 1000 * d.d + 10000 * e.d + 100000 * f.d, 1 + a.d, "
        "UTC_TIMESTAMP() - INTERVAL 5 MINUTE "
        "FROM n a, n b, n c, n d, n e, (SELECT 0 AS d UNION SELECT 1) f"
    )
    async with recovering(shop, smtp) as cartwake:
        before, started = cartwake.resources.database.statements, time.perf_counter()
        reads = hydrate(cartwake)
        seconds = time.perf_counter() - started
        statements = cartwake.resources.database.statements - before
        assert len(reads) == 200_000
        assert statements <= 41 * 5  # forty full pages and an empty one
    record_property("seconds", round(seconds, 2))
    with capsys.disabled():
        print(f" [200,000 carts hydrated in {seconds:.2f} s on {shop.server.flavor}]", end="")  # noqa: T201 - a figure
