"""After a long outage: no flood, no cart lost, the dearest first; and one mail a cart, however long SMTP was down."""

import asyncio
import contextlib
from typing import Any

import pytest
from fakes.mail_server import MailServer
from fakes.recovering import Recovering, abandon, recovering
from fakes.waiting import until

from binlog_watcher.core.log_status import Reason
from binlog_watcher.core.rate_limit import LATE_US
from binlog_watcher.recovery.send import sending_gate
from binlog_watcher.recovery.timers import DUE_BATCH_SIZE

SECOND = 1_000_000
HOUR = 3_600 * SECOND
CARTS, TOO_OLD, A_MINUTE = 300, 20, 60


class Ahead:
    """The time of an instance, run ahead from one timer to the next instead of waited for."""

    def __init__(self, cartwake: Recovering, monkeypatch: pytest.MonkeyPatch) -> None:
        self._cartwake = cartwake
        self.now_us = cartwake.now_us()
        monkeypatch.setattr(cartwake.resources.clock, "now_us", lambda: self.now_us)

    async def run(self) -> int:
        """Until no timer is left; how many microseconds that took."""
        tracker, started_us = self._cartwake.tracker, self.now_us
        while (next_due_us := tracker.next_due()) is not None:
            self.now_us = max(self.now_us, next_due_us)
            self._cartwake.apply()  # the source is heard of
            while due := tracker.take_due(self.now_us, DUE_BATCH_SIZE):
                await self._cartwake.recovery.process(due)
            await self._cartwake.drained()
        return self.now_us - started_us


@pytest.mark.parametrize("server", ["mysql"], indirect=True)  # the order is ours, not the server's
async def test_three_hundred_carts_that_fell_due_during_an_outage(
    shop: Any, smtp: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    addresses = abandon(shop, range(1, CARTS + 1))
    abandon(shop, range(1001, 1001 + TOO_OLD), minutes_ago=60 * 72.5)
    # Each has a total of its own, and was left at a moment that has nothing to do with it.
    shop.run(
        "UPDATE cart SET quantity = 1 + (user_id * 7919) %% 9973, created_at = created_at - INTERVAL "
        "(user_id * 613) %% (70 * 3600) SECOND WHERE user_id <= %s",
        (CARTS,),
    )
    (price,) = shop.run("SELECT price FROM products WHERE id = 1")[0]
    total = {f"user{key}@example.com": (1 + key * 7919 % 9973) * price for key in range(1, CARTS + 1)}
    async with recovering(
        shop, smtp, MAX_EMAILS_PER_MINUTE=str(A_MINUTE), MAX_CART_AGE_HOURS="72"
    ) as cartwake:
        ahead = Ahead(cartwake, monkeypatch)
        cartwake.hydrate()
        assert cartwake.tracker.armed == CARTS
        took_us = await ahead.run()
        log = cartwake.rows()
        decisions = await cartwake.recover(1001)
    assert decisions[1001].reason is Reason.TOO_OLD
    assert len(smtp.accepted) == CARTS
    assert [len(smtp.mails_to(address)) for address in addresses] == [1] * CARTS
    assert {row[1:] for row in log} == {("sent", None, 1)}
    # One a second, the first at once. The bucket may have saved a little up before its clock was stopped.
    assert (CARTS - 1) * SECOND - LATE_US <= took_us <= (CARTS + 5) * SECOND
    # The dearest of all that wait, from the second batch on; every fourth turn is that of the cart that waits longest.
    order = [total[envelope.rcpt_tos[0]] for envelope in smtp.accepted]
    behind = [sum(amount > one for amount in order[turn:]) for turn, one in enumerate(order)]
    assert {ahead for turn, ahead in enumerate(behind) if turn % 4 != 3 and turn > 0} == {0}
    assert behind[0] < DUE_BATCH_SIZE


async def test_smtp_down_over_two_versions_of_a_cart_is_one_mail_when_it_returns(
    shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending_gate, "HELD_US", 50_000)
    monkeypatch.setattr(sending_gate, "UNREACHABLE_US", 50_000)
    (address,) = abandon(shop, [1])
    async with MailServer().running() as smtp:
        pass  # its port is free again: nobody listens
    async with recovering(shop, smtp) as cartwake:
        await cartwake.recover(1)
        shop.add(1, 4, minutes_ago=31)  # the customer came back, and left again
        cartwake.drop_timer(1)
        await cartwake.recover(1)
        assert cartwake.rows() == [("1", "retry", "smtp_stopped", 0)], "nothing is begun while nobody listens"
        async with smtp.running():
            shop.run(
                "UPDATE cart_abandonment_log SET next_attempt_at = UTC_TIMESTAMP(6) WHERE status = 'retry'"
            )
            # All ways at once: a start, the safety net, and the timers.
            cartwake.hydrate()
            reconciler = cartwake.reconciler(since_us=cartwake.now_us() - 10 * HOUR)
            cartwake.follow()
            await reconciler.run_once()
            await until(lambda: bool(smtp.accepted))
            await cartwake.drained()
            cartwake.hydrate()
            await reconciler.run_once()
            assert (cartwake.tracker.armed, cartwake.tracker.in_hand) == (0, 0)
        assert cartwake.rows() == [("1", "skipped", "superseded", 0), ("1", "sent", None, 1)]
    (mail,) = smtp.mails_to(address)
    plain = mail.get_body(("plain",))
    assert plain is not None
    for (name,) in shop.run("SELECT name FROM products WHERE id IN (1, 4)"):
        assert name in plain.get_content()
    assert mail["Message-ID"] == shop.log()[1]["message_id"]


async def test_smtp_down_while_both_versions_wait_for_their_retry(shop: Any, smtp: MailServer) -> None:
    """Each version is refused several times; a retry of the older one never comes back."""
    (address,) = abandon(shop, [1])
    smtp.answer("RCPT", address, *["451 later"] * 4)
    async with recovering(shop, smtp) as cartwake:
        for products in ((), (4,)):
            for product in products:
                shop.add(1, product, minutes_ago=31)
            for _ in range(2):
                await cartwake.recover(1)
                shop.run(
                    "UPDATE cart_abandonment_log SET next_attempt_at = UTC_TIMESTAMP(6) WHERE status = 'retry'"
                )
                cartwake.drop_timer(1)
        assert smtp.accepted == []
        await cartwake.reconciler(since_us=cartwake.now_us()).run_once()
        await cartwake.drained()
        assert cartwake.rows() == [("1", "skipped", "superseded", 0), ("1", "sent", None, 1)]
        assert [row["attempts"] for row in shop.log()] == [2, 3]
    assert len(smtp.mails_to(address)) == 1


async def test_smtp_that_goes_down_behind_the_fence_costs_no_attempt(
    shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connections that stood are dead, and there is no new one: nothing is sent until it answers again."""
    monkeypatch.setattr(sending_gate, "HELD_US", 50_000)
    monkeypatch.setattr(sending_gate, "UNREACHABLE_US", 50_000)
    abandon(shop, range(1, 9))
    smtp, loop = MailServer(), asyncio.get_running_loop()
    async with contextlib.AsyncExitStack() as up:
        await up.enter_async_context(smtp.running())
        async with recovering(shop, smtp) as cartwake:
            await cartwake.recover(1, 2, 3, 4)
            assert len(smtp.accepted) == 4
            fence = cartwake.resources.episodes.fence

            def goes_down(*arguments: Any, **options: Any) -> Any:
                passed = fence(*arguments, **options)
                asyncio.run_coroutine_threadsafe(up.aclose(), loop).result(30)
                return passed

            with monkeypatch.context() as patch:
                patch.setattr(cartwake.resources.episodes, "fence", goes_down)
                await cartwake.recover(5, 6, 7, 8)
            held = sorted(row for row in cartwake.rows() if row[1] == "retry")
            assert held == [(str(key), "retry", "smtp_stopped", 0) for key in (5, 6, 7, 8)]
            assert cartwake.pipeline.sender_stopped
            assert {row["attempts"] for row in shop.log()[4:]} == {0}
            async with smtp.running():
                cartwake.follow()
                await until(lambda: len(smtp.accepted) == 8)
                await cartwake.drained()
            assert [(row["status"], row["attempts"]) for row in shop.log()] == [("sent", 1)] * 8


async def test_smtp_that_goes_down_on_connections_just_opened_costs_no_attempt(
    shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes in the midst of the first transactions, when no connection has been of use yet."""
    monkeypatch.setattr(sending_gate, "HELD_US", 50_000)
    monkeypatch.setattr(sending_gate, "UNREACHABLE_US", 50_000)
    addresses = abandon(shop, range(1, 5))
    smtp, going = MailServer(), set[asyncio.Task[None]]()
    async with contextlib.AsyncExitStack() as up:
        await up.enter_async_context(smtp.running())

        async def goes_down(_server: object) -> str:
            if not going:
                going.add(asyncio.create_task(up.aclose()))
            await asyncio.Event().wait()
            return "never"

        for address in addresses:
            smtp.answer("RCPT", address, goes_down)
        async with recovering(shop, smtp) as cartwake:
            await cartwake.recover(1, 2, 3, 4)
            assert going
            held = [(str(key), "retry", "smtp_stopped", 0) for key in (1, 2, 3, 4)]
            assert sorted(cartwake.rows()) == held
            assert cartwake.pipeline.sender_stopped
            assert {row["attempts"] for row in shop.log()} == {0}
            smtp.answers.clear()
            async with smtp.running():
                cartwake.follow()
                await until(lambda: len(smtp.accepted) == 4)
                await cartwake.drained()
            assert [(row["status"], row["attempts"]) for row in shop.log()] == [("sent", 1)] * 4
