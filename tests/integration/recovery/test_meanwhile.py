"""Activity, orders and opt-outs between the timer and the hand-over."""

import asyncio
from typing import Any

import pytest
from fakes.mail_server import MailServer
from fakes.recovering import abandon, meanwhile, recovering
from fakes.waiting import until

from binlog_watcher.core.decision import Send
from binlog_watcher.core.events import CartChanged, Change
from binlog_watcher.core.tracker import DueCart
from binlog_watcher.recovery import composing
from binlog_watcher.store.own_tables import recipients
from mailer import sender as sender_module

HOUR = 3_600_000_000
MINUTE = 60_000_000


pytestmark = pytest.mark.usefixtures("impatient")


async def test_activity_while_the_cart_is_loaded(shop: Any, smtp: MailServer) -> None:
    abandon(shop, [1])
    async with recovering(shop, smtp) as cartwake:
        due = cartwake.take(1)
        processing = asyncio.create_task(cartwake.recovery.process(due))
        await asyncio.sleep(0)  # the load runs in its thread
        cartwake.activity(1)
        await processing
        assert cartwake.rows() == []
        assert cartwake.tracker.due_of(1) is not None
        assert cartwake.tracker.in_hand == 0
    assert smtp.accepted == []


@pytest.mark.parametrize("stage", ["compose", "fence"])
@pytest.mark.parametrize("seen", [True, False], ids=["event seen", "event not yet seen"])
async def test_an_order_stops_the_mail(
    shop: Any, smtp: MailServer, monkeypatch: pytest.MonkeyPatch, stage: str, seen: bool
) -> None:
    abandon(shop, [1, 2])
    async with recovering(shop, smtp) as cartwake:
        async with meanwhile(monkeypatch, cartwake, stage, 1, 2):
            shop.order(1)
            if seen:
                cartwake.order(1)
        assert sorted(cartwake.rows()) == [("1", "skipped", "bought_meanwhile", 0), ("2", "sent", None, 1)]
        assert cartwake.tracker.due_of(1) is None
    assert smtp.mails_to("user1@example.com") == []


async def test_an_order_while_the_smtp_server_is_being_reached_stops_the_mail(
    shop: Any, smtp: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To connect, encrypt and log in takes its time: it comes before the fence, which then sees the order."""
    abandon(shop, [1, 2])
    original = sender_module.SmtpSender._open

    async def slowly(sender: Any) -> Any:
        if not shop.run("SELECT COUNT(*) FROM orders")[0][0]:
            shop.order(1)
        return await original(sender)

    monkeypatch.setattr(sender_module.SmtpSender, "_open", slowly)
    async with recovering(shop, smtp) as cartwake:
        await cartwake.recover(1, 2)
        assert sorted(cartwake.rows()) == [("1", "skipped", "bought_meanwhile", 0), ("2", "sent", None, 1)]
        # Whoever did not pass the fence used up no attempt.
        assert {row["cart_key"]: row["attempts"] for row in shop.log()} == {"1": 0, "2": 1}


async def test_an_order_that_the_binlog_tells_before_the_message_is_handed_over_stops_the_mail(
    shop: Any, smtp: MailServer
) -> None:
    abandon(shop, [1, 2])
    async with recovering(shop, smtp) as cartwake:

        async def order(_server: object) -> str:
            shop.order(1)
            cartwake.order(1)
            return "250 OK"

        smtp.answer("RCPT", "user1@example.com", order)
        await cartwake.recover(1, 2)
        assert sorted(cartwake.rows()) == [("1", "skipped", "bought_meanwhile", 0), ("2", "sent", None, 1)]
        assert cartwake.tracker.in_hand == 0
    assert smtp.mails_to("user1@example.com") == []


async def test_an_order_while_the_server_answers_slowly_stops_the_mail_though_no_event_tells_of_it(
    shop: Any, smtp: MailServer
) -> None:
    """A fence of more than a second ago is asked again, in the same SMTP transaction."""
    abandon(shop, [1, 2, 3])
    async with recovering(shop, smtp) as cartwake:

        async def slowly(_server: object) -> str:
            fenced_us = cartwake.now_us()
            await until(lambda: cartwake.now_us() - fenced_us > 1_000_000)
            if not shop.run("SELECT COUNT(*) FROM orders")[0][0]:
                shop.order(1)
            return "250 OK"

        for key in (1, 2):
            smtp.answer("RCPT", f"user{key}@example.com", slowly)
        await cartwake.recover(1, 2, 3)
        outcomes = {row[0]: row[1:3] for row in cartwake.rows()}
        assert outcomes == {"1": ("skipped", "bought_meanwhile"), "2": ("sent", None), "3": ("sent", None)}
        attempts = {row["cart_key"]: row["attempts"] for row in shop.log()}
        assert attempts == {"1": 0, "2": 1, "3": 1}, (
            "to be fenced again is no further attempt, to be stopped none"
        )
    assert smtp.mails_to("user1@example.com") == []


async def test_composing_that_breaks_mails_nothing_twice_and_loses_nothing(
    shop: Any, smtp: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(composing, "COMPOSE_BATCH_SIZE", 2)
    abandon(shop, range(1, 7))
    async with recovering(shop, smtp, RETRY_FIRST_SECONDS="0.2") as cartwake:
        pool: Any = cartwake.pipeline.pool
        compose, calls = pool.compose, 0

        async def breaks(chunk: Any, now_us: int) -> Any:
            nonlocal calls
            calls += 1
            if calls == 2:
                raise OSError("no memory for another process")
            return await compose(chunk, now_us)

        monkeypatch.setattr(pool, "compose", breaks)
        await cartwake.recover(*range(1, 7))
        assert sorted(row[1] for row in cartwake.rows()) == ["retry", "retry", "sent", "sent", "sent", "sent"]
        assert {row["error"] for row in shop.log()} == {None, "no memory for another process"}
        cartwake.follow()
        await until(lambda: {row[1] for row in cartwake.rows()} == {"sent"})
    assert len({envelope.rcpt_tos[0] for envelope in smtp.accepted}) == len(smtp.accepted) == 6


@pytest.mark.parametrize("stage", ["compose", "fence"])
async def test_a_cart_emptied_meanwhile(
    shop: Any, smtp: MailServer, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    abandon(shop, [1])
    async with recovering(shop, smtp) as cartwake:
        async with meanwhile(monkeypatch, cartwake, stage, 1):
            shop.run("DELETE FROM cart WHERE user_id = 1")
        assert cartwake.rows() == [("1", "skipped", "emptied", 0)]
    assert smtp.accepted == []


@pytest.mark.parametrize("stage", ["compose", "fence"])
async def test_a_new_item_meanwhile_makes_one_later_mail_of_the_new_version(
    shop: Any, smtp: MailServer, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    abandon(shop, [1])
    async with recovering(shop, smtp) as cartwake:
        async with meanwhile(monkeypatch, cartwake, stage, 1):
            shop.add(1, 3, minutes_ago=0)
            cartwake.apply(CartChanged(1, Change.INSERT, cartwake.now_us()))
        assert smtp.accepted == []
        (row,) = shop.log()
        due_us = cartwake.tracker.due_of(1)
        assert due_us is not None
        assert abs(due_us - cartwake.now_us() - 30 * MINUTE) < MINUTE
        # Half an hour later: the clock of the test is the shop's data.
        shop.run("UPDATE cart SET created_at = created_at - INTERVAL 31 MINUTE")
        shop.run("UPDATE cart_abandonment_log SET cart_version = cart_version - 1860000000")
        cartwake.tracker.take([1], due_us, "binlog", overdue=True)
        await cartwake.recovery.process([DueCart(1, "binlog", cartwake.now_us(), None)])
        await cartwake.drained()
        assert cartwake.rows() == [("1", "skipped", "superseded", 0), ("1", "sent", None, 1)]
        first, second = shop.log()
        assert first["id"] == row["id"]
        assert second["cart_version"] > first["cart_version"]
    assert len(smtp.accepted) == 1


async def test_an_item_of_two_deleted_meanwhile_still_gets_its_one_mail(
    shop: Any, smtp: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    abandon(shop, [1])
    shop.add(1, 3, minutes_ago=45)
    async with recovering(shop, smtp) as cartwake:
        async with meanwhile(monkeypatch, cartwake, "fence", 1):
            shop.run("DELETE FROM cart WHERE user_id = 1 AND product_id = 3")
            cartwake.activity(1, Change.DELETE)
        assert [row[1:3] for row in cartwake.rows()] == [("retry", "activity")]
        shop.run("UPDATE cart_abandonment_log SET next_attempt_at = UTC_TIMESTAMP(6) - INTERVAL 1 SECOND")
        cartwake.drop_timer(1)
        decisions = await cartwake.recover(1)
        assert isinstance(decisions[1], Send)
        assert cartwake.rows() == [("1", "sent", None, 1)]
    (mail,) = smtp.mails_to("user1@example.com")
    name = shop.run("SELECT name FROM products WHERE id = 3")[0][0]
    assert name.encode() not in mail.as_bytes()


async def test_a_quantity_changed_meanwhile_is_mailed_later_with_the_new_quantity(
    shop: Any, smtp: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    abandon(shop, [1])
    async with recovering(shop, smtp) as cartwake:
        async with meanwhile(monkeypatch, cartwake, "fence", 1):
            shop.run(
                "UPDATE cart SET quantity = 7 WHERE user_id = 1"
            )  # no event seen: the database alone stops it
        assert [row[1] for row in cartwake.rows()] == ["retry"]
        cartwake.follow()
        await until(lambda: cartwake.rows() == [("1", "sent", None, 1)])
        price = shop.run("SELECT price FROM products WHERE id = 1")[0][0]
        (row,) = shop.log()
        assert row["cart_total"] == 7 * price
    assert len(smtp.accepted) == 1


async def test_an_order_after_the_fence_comes_too_late_and_one_mail_is_one_row(
    shop: Any, smtp: MailServer
) -> None:
    abandon(shop, [1])
    async with recovering(shop, smtp) as cartwake:

        async def buy(_server: object) -> str:
            await asyncio.to_thread(shop.order, 1)
            cartwake.order(1)
            return "250 OK"

        smtp.answer("DATA", "user1@example.com", buy)
        await cartwake.recover(1)
        assert cartwake.rows() == [("1", "sent", None, 1)]


async def test_an_address_opted_out_between_decision_and_claim(
    shop: Any, smtp: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    abandon(shop, [1])
    async with recovering(shop, smtp) as cartwake:
        optouts = recipients.OptOuts(cartwake.resources.database, cartwake.resources.hasher)
        claim = cartwake.resources.episodes.claim

        def late(*arguments: Any, **more: Any) -> Any:
            optouts.add("user1@example.com")
            return claim(*arguments, **more)

        monkeypatch.setattr(type(cartwake.resources.episodes), "claim", lambda _self, *a, **k: late(*a, **k))
        cartwake.follow()
        await cartwake.recover(1)
        await until(lambda: cartwake.rows() == [("1", "skipped", "opted_out", 0)])
    assert smtp.accepted == []


@pytest.mark.parametrize("stage", ["compose", "fence"])
async def test_an_address_opted_out_after_the_claim(
    shop: Any, smtp: MailServer, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    abandon(shop, [1])
    async with recovering(shop, smtp) as cartwake:
        async with meanwhile(monkeypatch, cartwake, stage, 1):
            recipients.OptOuts(cartwake.resources.database, cartwake.resources.hasher).add(
                "user1@example.com"
            )
        assert cartwake.rows() == [("1", "skipped", "opted_out", 0)]
    assert smtp.accepted == []


async def test_an_order_that_the_binlog_told_is_not_overruled_by_the_tables(
    shop: Any, smtp: MailServer
) -> None:
    """The order's row says that it is older than the cart: a wrong zone, or an order that is dated back."""
    abandon(shop, [1, 2])
    async with recovering(shop, smtp) as cartwake:
        for key in (1, 2):
            cartwake.apply(CartChanged(key, Change.INSERT, cartwake.now_us() - 40 * MINUTE))
        shop.order(1, minutes_ago=600)
        cartwake.order(1)
        await cartwake.recovery.process(cartwake.tracker.take_due(cartwake.now_us(), 10))
        await cartwake.recover(1)  # as the reconciliation does
        assert cartwake.rows() == [("2", "sent", None, 1)]
    assert smtp.mails_to("user1@example.com") == []


@pytest.mark.parametrize("stage", ["compose", "fence"])
async def test_the_same_while_a_mail_is_under_way(
    shop: Any, smtp: MailServer, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    abandon(shop, [1])
    async with recovering(shop, smtp) as cartwake:
        async with meanwhile(monkeypatch, cartwake, stage, 1):
            shop.order(1, minutes_ago=600)
            cartwake.order(1)
        assert cartwake.rows() == [("1", "skipped", "bought_meanwhile", 0)]
    assert smtp.accepted == []


async def test_a_row_from_the_future_is_mailed_in_time(shop: Any, smtp: MailServer) -> None:
    """A session's SET timestamp, or a wrong zone, read an hour late."""
    abandon(shop, [1], minutes_ago=-60)
    async with recovering(shop, smtp) as cartwake:
        cartwake.apply(CartChanged(1, Change.INSERT, cartwake.now_us() - 40 * MINUTE))
        await cartwake.recovery.process(cartwake.tracker.take_due(cartwake.now_us(), 10))
        await cartwake.drained()
        assert len(smtp.accepted) == 1
        cartwake.hydrate()
        assert cartwake.tracker.due_of(1) is None, "the same episode"
