"""The safety net: what no timer fired for is found once, and what others care for is left alone."""

from collections.abc import Sequence
from typing import Any

import pytest
import structlog
from fakes.mail_server import MailServer
from fakes.recovering import PARTITION, Recovering, abandon, recovering

from binlog_watcher.core.events import Assigned, CartChanged, CartRead, Change, Hydrated, Revoked
from binlog_watcher.core.log_status import Reason
from binlog_watcher.core.source import Batch, Progress
from binlog_watcher.core.tracker import DueCart
from binlog_watcher.recovery import reconcile as reconcile_module
from binlog_watcher.recovery.reconcile import Report
from binlog_watcher.recovery.recovery import Handled
from binlog_watcher.store.shop_tables import open_carts as open_carts_module

MINUTE = 60_000_000
HOUR = 60 * MINUTE


@pytest.fixture(params=[True, False], ids=["index on created_at", "no index"])
def indexed(request: pytest.FixtureRequest, shop: Any) -> bool:
    """With the index that the sample shop has, or without."""
    for (name,) in shop.run(
        "SELECT DISTINCT INDEX_NAME FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE() "
        "AND TABLE_NAME = 'cart' AND COLUMN_NAME = 'created_at'"
    ):
        shop.run(f"DROP INDEX `{name}` ON cart")
    if request.param:
        shop.run("CREATE INDEX created ON cart (created_at)")
    return bool(request.param)


async def reconcile(
    cartwake: Recovering, *, since_hours: float = 10, alone: bool = False
) -> tuple[Report, list[Any]]:
    """One pass of a new reconciler; its report and what it logged."""
    reconciler = cartwake.reconciler(since_us=cartwake.now_us() - int(since_hours * HOUR))
    with structlog.testing.capture_logs() as logs:
        report = await reconciler.run_once(alone=alone)
        await cartwake.drained()
    return report, logs


async def test_a_cart_whose_event_was_lost_is_found_once_reported_and_mailed(
    shop: Any, smtp: MailServer, indexed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_carts_module, "CART_PAGE_SIZE", 2)
    abandon(shop, range(1, 6))
    shop.add(3, 4, minutes_ago=55)  # its second row does not make it two
    async with recovering(shop, smtp) as cartwake:
        assert cartwake.resources.scan.by_time is indexed
        reconciler = cartwake.reconciler(since_us=cartwake.now_us() - 10 * HOUR)
        with structlog.testing.capture_logs() as logs:
            report = await reconciler.run_once()
            await cartwake.drained()
            assert sorted(report.found) == [1, 2, 3, 4, 5]
            again = await reconciler.run_once()
        (warning,) = [entry for entry in logs if entry["event"] == "reconcile.found"]
        assert (warning["log_level"], warning["carts"]) == ("warning", 5)
        assert cartwake.pipeline.metrics.registry.get_sample_value("cartwake_reconcile_finds_total") == 5
        assert (again.found, again.looked_at) == ([], 0)
        assert {row[1] for row in cartwake.rows()} == {"sent"}
    assert len(smtp.accepted) == 5


async def test_what_is_not_due_for_the_grace_is_left_to_its_timer(
    shop: Any, smtp: MailServer, indexed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    abandon(shop, [1], minutes_ago=30.2)
    async with recovering(shop, smtp) as cartwake:
        assert cartwake.resources.scan.by_time is indexed
        reconciler = cartwake.reconciler(since_us=cartwake.now_us() - HOUR)
        assert (await reconciler.run_once()).read == 0
        monkeypatch.setattr(reconcile_module, "GRACE_US", 1_000_000)
        assert (await reconciler.run_once()).found == [1], "and it is read again when its time has come"
        await cartwake.drained()


async def test_each_pass_reads_only_what_fell_due_since_the_last(
    shop: Any, smtp: MailServer, indexed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    abandon(shop, [1], minutes_ago=300)
    abandon(shop, [2], minutes_ago=60)
    async with recovering(shop, smtp) as cartwake:
        assert cartwake.resources.scan.by_time is indexed
        reconciler = cartwake.reconciler(since_us=cartwake.now_us() - 2 * HOUR)
        assert (await reconciler.run_once()).found == [2], "what is older was for hydration"
        abandon(shop, [3], minutes_ago=30.2)
        monkeypatch.setattr(reconcile_module, "GRACE_US", 1_000_000)
        report = await reconciler.run_once()
        assert (report.read, report.found) == (1, [3])
        await cartwake.drained()


async def test_armed_carts_and_those_in_hand_are_left_alone(shop: Any, smtp: MailServer) -> None:
    abandon(shop, [1, 2, 3])
    async with recovering(shop, smtp) as cartwake:
        # A quantity was changed a minute ago, which the tables do not show.
        cartwake.apply(CartChanged(1, Change.INSERT, cartwake.now_us() - MINUTE))
        cartwake.take(2)
        report, logs = await reconcile(cartwake)
        assert report.found == [3]
        assert [entry["carts"] for entry in logs if entry["event"] == "reconcile.found"] == [1]
        assert [row[0] for row in cartwake.rows()] == ["3"]


async def test_handled_carts_are_no_finds(shop: Any, smtp: MailServer) -> None:
    abandon(shop, [1, 2, 3])
    shop.order(2)
    shop.user(4, None)
    shop.add(4, 1)
    async with recovering(shop, smtp) as cartwake:
        await cartwake.recover(1, 2, 3, 4)
        report, logs = await reconcile(cartwake)
        assert report.found == []
        assert "reconcile.found" not in {entry["event"] for entry in logs}
    assert len(smtp.accepted) == 2


async def test_a_cart_set_aside_is_no_find(shop: Any, smtp: MailServer) -> None:
    abandon(shop, [1])
    shop.run("ALTER TABLE products MODIFY price DOUBLE NULL")
    shop.run("UPDATE products SET price = NULL WHERE id = 1")
    async with recovering(shop, smtp) as cartwake:
        await cartwake.recover(1)
        report, logs = await reconcile(cartwake)
        assert (report.found, report.looked_at) == ([], 0)
        assert not [entry for entry in logs if entry["log_level"] in {"warning", "error"}]


async def test_a_dry_run_finds_a_cart_once(shop: Any, smtp: MailServer) -> None:
    abandon(shop, [1])
    async with recovering(shop, smtp, DRY_RUN="true") as cartwake:
        await cartwake.recover(1)
        report, logs = await reconcile(cartwake)
        assert report.found == []
        assert "recovery.would_send" not in {entry["event"] for entry in logs}


async def test_rows_that_nobody_holds_are_taken_up(shop: Any, smtp: MailServer) -> None:
    abandon(shop, range(1, 6), minutes_ago=60 * 12)  # older than what a pass reads by creation
    async with recovering(shop, smtp) as cartwake:
        smtp.answer("RCPT", "user1@example.com", "451 later")
        smtp.answer("RCPT", "user2@example.com", "451 later")
        await cartwake.recover(1, 2)
        cartwake.drop_timer(1)
        cartwake.drop_timer(2)
        shop.run("UPDATE cart_abandonment_log SET next_attempt_at = UTC_TIMESTAMP(6) WHERE cart_key = '1'")
        dead, alive = shop.instance(), shop.instance()
        shop.alive(alive)
        shop.claim(dead, 3)
        shop.claim(alive, 4)
        shop.claim(alive, 5)
        shop.run("UPDATE cart_abandonment_log SET lease_until = UTC_TIMESTAMP(6) WHERE cart_key = '5'")
        report, logs = await reconcile(cartwake)
        assert (report.retried, report.found) == (3, [])
        assert "reconcile.found" not in {entry["event"] for entry in logs}
        assert sorted(row[:2] for row in cartwake.rows()) == [
            ("1", "sent"), ("2", "retry"), ("3", "sent"), ("4", "claimed"), ("5", "sent"),
        ]  # fmt: skip


async def test_a_retry_held_back_by_the_cooldown_is_not_looked_at_in_every_pass(
    shop: Any, smtp: MailServer
) -> None:
    """Two carts of one address, both refused at first; one was mailed then."""
    abandon(shop, [1])
    shop.user(2, "user1@example.com")
    shop.add(2, 3)
    shop.claim(shop.instance(), 2)
    async with recovering(shop, smtp) as cartwake:
        shop.run("UPDATE cart_abandonment_log SET status = 'retry', next_attempt_at = UTC_TIMESTAMP(6)")
        await cartwake.recover(1)
        assert sorted(row[:2] for row in cartwake.rows()) == [("1", "sent"), ("2", "retry")]
        shop.run(
            "UPDATE cart_abandonment_log SET address_hash = %s",
            (cartwake.resources.hasher("user1@example.com"),),
        )
        report, logs = await reconcile(cartwake, since_hours=0)
        assert report.retried == 0
        assert "recovery.waits" not in {entry["event"] for entry in logs}
        shop.run("UPDATE cart_abandonment_recipient SET last_mail_at = UTC_TIMESTAMP(6) - INTERVAL 25 HOUR")
        report, _ = await reconcile(cartwake, since_hours=0)
        assert report.retried == 1
        assert {row[1] for row in cartwake.rows()} == {"sent"}


async def test_a_retry_asked_for_by_hand_is_made_although_its_timer_runs(shop: Any, smtp: MailServer) -> None:
    abandon(shop, [1])
    smtp.answer("RCPT", "*", "451 later")
    async with recovering(shop, smtp) as cartwake:
        await cartwake.recover(1)
        shop.run("UPDATE cart_abandonment_log SET next_attempt_at = UTC_TIMESTAMP(6)")
        await reconcile(cartwake)
        due_us = cartwake.tracker.due_of(1)
        assert due_us is not None
        assert due_us <= cartwake.now_us() + 10_000, "a tick"


async def test_alone_it_fires_what_is_overdue(shop: Any, smtp: MailServer) -> None:
    """The stream is down: no timer fires, whatever the tables show."""
    abandon(shop, [1, 2, 3, 4], minutes_ago=60 * 12)
    abandon(shop, [5])
    async with recovering(shop, smtp) as cartwake:
        now_us = cartwake.now_us()
        cartwake.apply(
            CartRead(1, now_us - 12 * HOUR, now_us - MINUTE),  # a cool-down that has ended
            CartRead(2, now_us - 12 * HOUR, now_us + HOUR),  # one that has not
            CartChanged(3, Change.UPDATE, now_us - 31 * MINUTE),
            CartChanged(4, Change.UPDATE, now_us - 29 * MINUTE),
        )
        report, logs = await reconcile(cartwake)
        assert report.found == [5]
        report, logs = await reconcile(cartwake, alone=True)
        assert report.overdue == 2
        assert [entry["carts"] for entry in logs if entry["event"] == "reconcile.alone"] == [2]
        assert "reconcile.found" not in {entry["event"] for entry in logs}
        assert sorted(row[:2] for row in cartwake.rows()) == [("1", "sent"), ("3", "sent"), ("5", "sent")]
        assert cartwake.tracker.due_of(2) is not None
        assert cartwake.tracker.due_of(4) is not None


async def test_while_the_stream_lags_a_pass_waits_and_its_span_is_kept(shop: Any, smtp: MailServer) -> None:
    """Of a cart without a timer nobody knows then whether a quantity was changed a moment ago."""
    abandon(shop, [1])
    async with recovering(shop, smtp) as cartwake:
        now_us = cartwake.now_us()
        reconciler = cartwake.reconciler(since_us=now_us - 2 * HOUR, silent=True)
        cartwake.tracker.apply(Batch(PARTITION, (), Progress("", now_us - MINUTE, True, MINUTE, now_us)))
        before = cartwake.resources.database.statements
        report = await reconciler.run_once()
        assert (report.waits, report.found, report.retried) == (True, [], 0)
        assert cartwake.resources.database.statements <= before + 3, (
            "it may wait long, and looks once a second"
        )
        cartwake.apply()
        report = await reconciler.run_once()
        assert (report.waits, report.found) == (False, [1])
        await cartwake.drained()
    assert len(smtp.accepted) == 1


async def test_a_pass_that_the_stream_leaves_half_way_goes_on_where_it_was(
    shop: Any, smtp: MailServer, indexed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile_module, "RECONCILE_BATCH_SIZE", 2)
    monkeypatch.setattr(open_carts_module, "CART_PAGE_SIZE", 3)
    abandon(shop, range(1, 8))
    async with recovering(shop, smtp) as cartwake:
        assert cartwake.resources.scan.by_time is indexed
        reconciler = cartwake.reconciler(since_us=cartwake.now_us() - 2 * HOUR, silent=True)
        process = cartwake.recovery.process

        async def process_and_lose_the_stream(due: Sequence[DueCart]) -> list[Handled]:
            cartwake.apply(Revoked(PARTITION, "purged"))
            return await process(due)

        monkeypatch.setattr(cartwake.recovery, "process", process_and_lose_the_stream)
        cartwake.apply()
        first = await reconciler.run_once()
        assert (first.waits, len(first.found)) == (True, 2), "the pass was given up after its first two carts"
        monkeypatch.undo()
        await cartwake.drained()
        assert len(smtp.accepted) == 2
        cartwake.apply(Assigned(PARTITION), Hydrated(PARTITION))
        second = await reconciler.run_once()
        await cartwake.drained()
        assert (second.waits, len(second.found)) == (False, 5)
    assert len({envelope.rcpt_tos[0] for envelope in smtp.accepted}) == len(smtp.accepted) == 7


async def test_a_cart_that_is_set_aside_is_not_hastened(shop: Any, smtp: MailServer) -> None:
    abandon(shop, [1])
    smtp.answer("RCPT", "*", "451 later")
    async with recovering(shop, smtp) as cartwake:
        await cartwake.recover(1)
        shop.run("UPDATE cart_abandonment_log SET next_attempt_at = UTC_TIMESTAMP(6)")
        (due,) = cartwake.tracker.take([1], cartwake.now_us() + HOUR, PARTITION, overdue=True)
        cartwake.recovery.set_aside.add(due, "unreadable", "a price that is none")
        await reconcile(cartwake)
        due_us = cartwake.tracker.due_of(1)
        assert due_us is not None
        assert due_us > cartwake.now_us() + HOUR // 2


async def test_a_quiet_pass_costs_the_same_few_statements_however_large_the_shop(
    shop: Any, smtp: MailServer
) -> None:
    async with recovering(shop, smtp) as cartwake:
        database = cartwake.resources.database
        reconciler = cartwake.reconciler(since_us=cartwake.now_us() - 2 * HOUR)
        counts = []
        for first in (1, 101):
            abandon(shop, range(first, first + 5), minutes_ago=60 * 12)
            abandon(shop, range(first + 50, first + 55), minutes_ago=3)
            before = database.statements
            report = await reconciler.run_once()
            counts.append(database.statements - before)
            assert report.read == 0
        assert counts[0] == counts[1] <= 6


async def test_while_mysql_is_gone_the_span_is_kept(shop: Any, smtp: MailServer) -> None:
    abandon(shop, [1])
    async with recovering(shop, smtp) as cartwake:
        reconciler = cartwake.reconciler(since_us=cartwake.now_us() - 2 * HOUR)
        shop.run("RENAME TABLE cart TO elsewhere")
        with pytest.raises(Exception, match="cart"):
            await reconciler.run_once()
        shop.run("RENAME TABLE elsewhere TO cart")
        assert (await reconciler.run_once()).found == [1]
        await cartwake.drained()


async def test_a_cart_waiting_for_its_cooldown_is_no_find(shop: Any, smtp: MailServer) -> None:
    for key in (1, 2):
        shop.user(key, "shared@example.com")
        shop.add(key, key)
    async with recovering(shop, smtp) as cartwake:
        await cartwake.recover(1)
        decisions = await cartwake.recover(2)
        assert decisions[2].reason is Reason.COOLDOWN
        report, _ = await reconcile(cartwake)
        assert (report.found, report.looked_at) == ([], 1), "only the one that was mailed is looked at"
