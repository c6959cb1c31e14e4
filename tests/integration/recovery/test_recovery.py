"""From a due cart to its row in the log, with real MySQL, MariaDB and SMTP: activity, orders and limits on the way."""

import asyncio
import contextlib
import io
import logging
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import structlog
from fakes.mail_server import MailServer
from fakes.recovering import Recovering, abandon, recovering
from fakes.waiting import until

from binlog_watcher.core.decision import Send, Skip, Wait
from binlog_watcher.core.events import CartChanged, Change
from binlog_watcher.core.log_status import Reason
from binlog_watcher.core.rate_limit import TokenBucket
from binlog_watcher.core.tracker import DueCart
from binlog_watcher.recovery import recovery as recovery_module
from binlog_watcher.recovery.outbox import MAX_ATTEMPTS
from binlog_watcher.store.own_tables import recipients
from binlog_watcher.telemetry.handlers import TerminalHandler
from binlog_watcher.telemetry.logs import configure_logging
from mailer import sender as sender_module
from recommender import Recommender

HOUR = 3_600_000_000
MINUTE = 60_000_000


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits of seconds that only bridge an outage are shorter here."""
    monkeypatch.setattr(recovery_module, "UNAVAILABLE_US", 100_000)


# --- the common path --------------------------------------------------------------------------------------------


async def test_a_batch_becomes_one_mail_and_one_row_each(shop: Any, smtp: MailServer) -> None:
    addresses = abandon(shop, range(1, 31))
    async with recovering(shop, smtp) as cartwake:
        decisions = await cartwake.recover(*range(1, 31))
        assert {type(decision) for decision in decisions.values()} == {Send}
        assert cartwake.rows() == [(row["cart_key"], "sent", None, 1) for row in shop.log()]
        assert sorted(row["cart_key"] for row in shop.log()) == sorted(str(n) for n in range(1, 31))
        assert [len(smtp.mails_to(address)) for address in addresses] == [1] * 30
        ids = {row["message_id"] for row in shop.log()}
        assert ids == {mail["Message-ID"] for address in addresses for mail in smtp.mails_to(address)}
        assert cartwake.tracker.in_hand == cartwake.tracker.armed == 0
        # Asked again, they are handled.
        again = await cartwake.recover(*range(1, 31))
        assert set(again.values()) == {Skip(Reason.HANDLED)}
    assert len(smtp.accepted) == 30


async def test_statements_do_not_grow_with_the_batch(shop: Any, smtp: MailServer) -> None:
    abandon(shop, range(1, 112))
    counts = []
    async with recovering(shop, smtp, SMTP_CONNECTIONS="1") as cartwake:
        assert cartwake.pipeline.outbox is not None
        cartwake._tasks[0].cancel()  # load, decide and claim only: the mails stay in the outbox
        for keys in (range(1, 2), range(2, 12), range(12, 112)):
            before = cartwake.resources.database.statements
            await cartwake.recovery.process(cartwake.take(*keys))
            counts.append(cartwake.resources.database.statements - before)
        assert len([row for row in cartwake.rows() if row[1] == "claimed"]) == 111
    assert counts[0] == counts[1] == counts[2], counts


async def test_retries_and_outcomes_cost_no_statement_each(shop: Any, smtp: MailServer) -> None:
    abandon(shop, range(1, 61))
    async with recovering(shop, smtp) as cartwake:
        smtp.answer("RCPT", "*", *["451 later"] * 60)
        await cartwake.recover(*range(1, 61))
        assert {row[1] for row in cartwake.rows()} == {"retry"}
        shop.run("UPDATE cart_abandonment_log SET next_attempt_at = UTC_TIMESTAMP(6) - INTERVAL 1 SECOND")
        database, episodes = cartwake.resources.database, cartwake.resources.episodes
        carts = cartwake.resources.loader.load(list(range(1, 61))).carts
        decided = [cartwake.recovery._episode(cart, cart.version or 0) for cart in carts.values()]
        counts = []
        for some in (decided[:1], decided[1:]):
            before = database.statements
            claims = episodes.claim(some, lease_us=HOUR, cooldown_us=0, now_us=cartwake.now_us())
            assert len(claims.ids) == len(some)
            counts.append(database.statements - before)
        assert counts[0] == counts[1], counts
        assert {row["status"] for row in shop.log()} == {"claimed"}


# --- activity and orders between the timer and the hand-over ----------------------------------------------------


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


@contextlib.asynccontextmanager
async def meanwhile(
    monkeypatch: pytest.MonkeyPatch, cartwake: Recovering, stage: str, *keys: int
) -> AsyncIterator[None]:
    """The recovery of these carts stands still at a stage for the block, and has come to its end after it."""
    reached, go_on = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    match stage:
        case "compose":
            press: Any = cartwake.pipeline.press
            original = press.compose

            async def compose(*arguments: Any) -> Any:
                reached.set()
                await go_on.wait()
                return await original(*arguments)

            monkeypatch.setattr(press, "compose", compose)
        case "fence":
            episodes: Any = cartwake.resources.episodes
            fence = episodes.fence

            def fenced(*arguments: Any, **more: Any) -> Any:
                loop.call_soon_threadsafe(reached.set)
                asyncio.run_coroutine_threadsafe(go_on.wait(), loop).result(30)
                return fence(*arguments, **more)

            monkeypatch.setattr(episodes, "fence", fenced)

    recovery = asyncio.create_task(cartwake.recover(*keys))
    async with asyncio.timeout(30):
        await reached.wait()
    yield
    go_on.set()
    await recovery


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


async def test_a_press_that_breaks_mails_nothing_twice_and_loses_nothing(
    shop: Any, smtp: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery_module, "CHUNK", 2)
    abandon(shop, range(1, 7))
    async with recovering(shop, smtp, RETRY_FIRST_SECONDS="0.2") as cartwake:
        press: Any = cartwake.pipeline.press
        compose, calls = press.compose, 0

        async def breaks(chunk: Any, now_us: int) -> Any:
            nonlocal calls
            calls += 1
            if calls == 2:
                raise OSError("no memory for another process")
            return await compose(chunk, now_us)

        monkeypatch.setattr(press, "compose", breaks)
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
        cartwake.order(1)  # cancels the timer, so that the cart can be taken now
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


# --- cool-down, shared addresses, limits ------------------------------------------------------------------------


async def test_two_users_with_one_address_get_one_mail_and_the_other_waits_to_the_second(
    shop: Any, smtp: MailServer
) -> None:
    for user_id in (1, 2):
        shop.user(user_id, "shared@example.com")
        shop.add(user_id, user_id)
    async with recovering(shop, smtp) as cartwake:
        await cartwake.recover(1, 2)
        (row,) = shop.log()
        sent_us = int(
            shop.run("SELECT ROUND(UNIX_TIMESTAMP(sent_at) * 1000000) FROM cart_abandonment_log")[0][0]
        )
        waiting = ({1, 2} - {int(row["cart_key"])}).pop()
        cartwake.order(waiting)  # drops the timer of "address busy", so that the cart can be taken now
        decisions = await cartwake.recover(waiting)
        assert decisions[waiting] == Wait(sent_us + 24 * HOUR, Reason.COOLDOWN)
        due_us = cartwake.tracker.due_of(waiting)
        assert due_us is not None
        assert 0 <= due_us - (sent_us + 24 * HOUR) <= 1_000_000
        assert len(shop.log()) == 1
    assert len(smtp.accepted) == 1


async def test_only_claims_use_up_the_limit_and_the_dearest_cart_goes_first(
    shop: Any, smtp: MailServer
) -> None:
    addresses = abandon(shop, range(1, 7))
    shop.user(7, None)
    shop.add(7, 1)  # is logged as skipped and needs no token
    shop.run("UPDATE cart SET quantity = user_id WHERE user_id < 7")
    async with recovering(shop, smtp, MAX_EMAILS_PER_MINUTE="60") as cartwake:
        cartwake.recovery._limiter = TokenBucket(60, cartwake.now_us(), burst=2)
        await cartwake.recover(*range(1, 8))
        assert sorted(row[0] for row in cartwake.rows() if row[1] == "sent") == ["5", "6"]
        assert ("7", "skipped", "no_address", 0) in cartwake.rows()
        waits = {key: cartwake.tracker.due_of(key) or 0 for key in (1, 2, 3, 4)}
        assert min(waits, key=waits.__getitem__) == 4
        assert len(set(waits.values())) == 4, "one at a time"
        cartwake.follow()
        await until(lambda: len(smtp.accepted) == 6, 30)
    assert [len(smtp.mails_to(address)) for address in addresses] == [1] * 6


async def test_a_cheap_cart_does_not_starve_behind_dear_ones(shop: Any, smtp: MailServer) -> None:
    abandon(shop, [1], minutes_ago=60)
    abandon(shop, range(2, 22), minutes_ago=31)
    shop.run("UPDATE cart SET quantity = 50 WHERE user_id > 1")
    async with recovering(shop, smtp, MAX_EMAILS_PER_MINUTE="60") as cartwake:
        cartwake.recovery._limiter = TokenBucket(60, cartwake.now_us(), burst=4)
        await cartwake.recover(*range(1, 22))
        assert len(cartwake.rows()) == 4
        assert ("1", "sent", None, 1) in cartwake.rows()


async def test_a_token_is_given_back_when_the_claim_fails(shop: Any, smtp: MailServer) -> None:
    abandon(shop, [1])
    async with recovering(shop, smtp, MAX_EMAILS_PER_MINUTE="1") as cartwake:
        shop.run("RENAME TABLE cart_abandonment_recipient TO elsewhere")
        await cartwake.recover(1)
        assert cartwake.rows() == []
        shop.run("RENAME TABLE elsewhere TO cart_abandonment_recipient")
        cartwake.follow()
        await until(lambda: len(smtp.accepted) == 1)


async def test_roles_rollout_activation_and_age(shop: Any, smtp: MailServer) -> None:
    abandon(shop, [1, 2])
    abandon(shop, [3], minutes_ago=60 * 80)
    abandon(shop, [4], minutes_ago=60 * 20)
    shop.run("UPDATE users SET role = ' Wholesale ' WHERE id = 2")
    async with recovering(shop, smtp, EXCLUDE_ROLES="wholesale", active_hours=10) as cartwake:
        decisions = await cartwake.recover(1, 2, 3, 4)
        assert isinstance(decisions[1], Send)
        assert [decisions[key].reason for key in (2, 3, 4)] == [
            "role",
            "before_activation",
            "before_activation",
        ]
        assert cartwake.rows() == [("2", "skipped", "role", 0), ("1", "sent", None, 1)]


async def test_a_cart_too_old_closes_its_open_row(shop: Any, smtp: MailServer) -> None:
    abandon(shop, [1])
    async with recovering(shop, smtp) as cartwake:
        smtp.answer("RCPT", "*", "451 later")
        await cartwake.recover(1)
        shop.run("UPDATE cart SET created_at = created_at - INTERVAL 80 HOUR")
        shop.run(
            "UPDATE cart_abandonment_log SET cart_version = cart_version - 288000000000, "
            "next_attempt_at = UTC_TIMESTAMP(6) - INTERVAL 1 SECOND"
        )
        cartwake.order(1)
        decisions = await cartwake.recover(1)
        assert decisions[1].reason is Reason.TOO_OLD
        assert cartwake.rows() == [("1", "skipped", "too_old", 0)]


async def test_raising_the_rollout_never_mails_episodes_that_were_skipped(
    shop: Any, smtp: MailServer
) -> None:
    abandon(shop, range(1, 21))
    async with recovering(shop, smtp, ROLLOUT_PERCENT="30") as cartwake:
        await cartwake.recover(*range(1, 21))
        first = cartwake.rows()
        assert {row[1] for row in first} == {"sent", "skipped"}
    async with recovering(shop, smtp, ROLLOUT_PERCENT="100") as cartwake:
        await cartwake.recover(*range(1, 21))
        assert cartwake.rows() == first


async def test_a_dry_run_reports_each_episode_once_and_writes_nothing(shop: Any, smtp: MailServer) -> None:
    abandon(shop, [1])
    shop.user(2, "not an address")
    shop.add(2, 1)
    async with recovering(shop, smtp, DRY_RUN="true") as cartwake:
        with structlog.testing.capture_logs() as logs:
            await cartwake.recover(1, 2)
            assert await cartwake.recover(1, 2) == {}, "a reconciliation finds nothing new"
        assert [entry["to"] for entry in logs if entry["event"] == "recovery.would_send"] == [
            "u***@example.com"
        ]
        assert len([entry for entry in logs if entry["event"] == "recovery.finished"]) == 1
    assert shop.log() == []
    assert shop.run("SELECT COUNT(*) FROM cart_abandonment_recipient") == [(0,)]
    assert smtp.accepted == []


# --- one bad cart ------------------------------------------------------------------------------------------------


def aside(logs: list[Any]) -> list[tuple[int, str]]:
    return [(entry["user"], entry["what"]) for entry in logs if entry["event"] == "recovery.set_aside"]


async def test_a_recommender_that_breaks_costs_the_recommendations_only(
    shop: Any, smtp: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    abandon(shop, [1, 2])

    def broken(*_: object) -> None:
        raise RuntimeError("no matrix")

    monkeypatch.setattr(Recommender, "recommend_many", broken)
    async with recovering(shop, smtp) as cartwake:
        with structlog.testing.capture_logs() as logs:
            await cartwake.recover(1, 2)
        assert {row[1] for row in cartwake.rows()} == {"sent"}
        (entry,) = [entry for entry in logs if entry["event"] == "recommender.failed"]
        assert entry["log_level"] == "warning"
        assert (
            cartwake.pipeline.metrics.registry.get_sample_value(
                "cartwake_fallbacks_total", {"part": "recommender"}
            )
            == 2
        )
    assert len(smtp.accepted) == 2


async def test_a_cart_that_cannot_be_rendered_fails_alone(
    shop: Any, smtp: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    abandon(shop, [1, 2, 3])
    async with recovering(shop, smtp) as cartwake:
        composer: Any = cartwake.recovery._composer
        render = composer.render

        def picky(cart: Any, *more: Any) -> Any:
            if cart.key == 2:
                raise ZeroDivisionError("a template of the shop's own")
            return render(cart, *more)

        monkeypatch.setattr(composer, "render", picky)
        await cartwake.recover(1, 2, 3)
        assert sorted(row[:2] for row in cartwake.rows()) == [("1", "sent"), ("2", "failed"), ("3", "sent")]
        assert (
            "ZeroDivisionError"
            in shop.run("SELECT error FROM cart_abandonment_log WHERE cart_key = '2'")[0][0]
        )
        assert cartwake.tracker.in_hand == 0


async def test_a_total_that_no_column_holds_is_left_out_alone(shop: Any, smtp: MailServer) -> None:
    abandon(shop, [1, 2, 3])
    shop.run("ALTER TABLE cart MODIFY quantity BIGINT")
    shop.run("UPDATE cart SET quantity = 4000000000000000000 WHERE user_id = 2")
    async with recovering(shop, smtp) as cartwake:
        with structlog.testing.capture_logs() as logs:
            await cartwake.recover(1, 2, 3)
        assert sorted(row[:2] for row in cartwake.rows()) == [("1", "sent"), ("3", "sent")]
        assert aside(logs) == [(2, "unwritable")]
        assert not [entry for entry in logs if entry.get("outcome") == "taken"]
        # Nobody else took it, and the reconciliation is not to find it every minute.
        assert (cartwake.tracker.due_of(2) or 0) > cartwake.now_us() + MINUTE


async def test_a_skip_that_cannot_be_written_holds_up_no_other(shop: Any, smtp: MailServer) -> None:
    abandon(shop, [1, 2, 3])
    shop.run("UPDATE users SET email = NULL WHERE id > 1")
    shop.run("ALTER TABLE cart MODIFY quantity BIGINT")
    shop.run("UPDATE cart SET quantity = 4000000000000000000 WHERE user_id = 2")
    async with recovering(shop, smtp) as cartwake:
        await cartwake.recover(1, 2, 3)
        assert sorted(cartwake.rows()) == [("1", "sent", None, 1), ("3", "skipped", "no_address", 0)]
        assert cartwake.tracker.in_hand == 0


@pytest.mark.parametrize("price", ["1e300", "-5", "NULL"])
async def test_a_price_that_is_none_holds_up_no_other(shop: Any, smtp: MailServer, price: str) -> None:
    abandon(shop, [1])
    abandon(shop, [2], product=2)
    shop.run("ALTER TABLE products MODIFY price DOUBLE NULL")
    shop.run(f"UPDATE products SET price = {price} WHERE id = 2")
    async with recovering(shop, smtp) as cartwake:
        with structlog.testing.capture_logs() as logs:
            await cartwake.recover(1, 2)
        assert cartwake.rows() == [("1", "sent", None, 1)]
        assert aside(logs) == [(2, "unreadable")]


@pytest.fixture
def said() -> Iterator[io.StringIO]:
    """What the service would print at the level DEBUG."""
    level, stream = logging.getLogger().level, io.StringIO()
    configure_logging("DEBUG", stream=stream)
    yield stream
    # structlog stays as it is: the loggers have cached its processors, which capture_logs() changes in place.
    root = logging.getLogger()
    root.setLevel(level)
    for handler in [handler for handler in root.handlers if isinstance(handler, TerminalHandler)]:
        root.removeHandler(handler)
    logging.captureWarnings(capture=False)


async def test_addresses_are_nowhere_in_the_log(shop: Any, smtp: MailServer, said: io.StringIO) -> None:
    abandon(shop, [1, 2])
    shop.user(3, "broken@@example.com")
    shop.add(3, 1)
    async with recovering(shop, smtp) as cartwake:
        smtp.answer("RCPT", "user1@example.com", "550 5.1.1 <user1@example.com>: no such user")
        smtp.answer("RCPT", "user2@example.com", "451 4.2.1 <user2@example.com>: mailbox busy")
        await cartwake.recover(1, 2, 3)
    errors = shop.run("SELECT error FROM cart_abandonment_log WHERE error IS NOT NULL")
    assert len(errors) == 2
    assert "recovery.finished" in said.getvalue()
    for text in (said.getvalue(), str(errors)):
        assert not re.findall(r"(?:user\d|broken)@\S*", text)


async def test_one_line_per_outcome(shop: Any, smtp: MailServer) -> None:
    abandon(shop, range(1, 5))
    shop.user(5, None)
    shop.add(5, 1)
    smtp.answer("RCPT", "user2@example.com", "550 no")
    smtp.answer("RCPT", "user3@example.com", "451 later")
    async with recovering(shop, smtp) as cartwake:
        with structlog.testing.capture_logs() as logs:
            await cartwake.recover(*range(1, 6))
        finished = sorted(
            (entry["user"], entry["outcome"]) for entry in logs if entry["event"] == "recovery.finished"
        )
        assert finished == [(1, "sent"), (2, "failed"), (3, "retry"), (4, "sent"), (5, "skipped")]
        levels = {
            entry["outcome"]: entry["log_level"] for entry in logs if entry["event"] == "recovery.finished"
        }
        assert levels == {"sent": "info", "failed": "error", "retry": "error", "skipped": "info"}


# --- another instance --------------------------------------------------------------------------------------------


async def test_the_claims_of_a_dead_instance_are_taken_over_at_once(shop: Any, smtp: MailServer) -> None:
    abandon(shop, [1])
    shop.claim(shop.instance(), 1)  # an instance without presence: dead
    async with recovering(shop, smtp) as cartwake:
        await cartwake.recover(1)
        assert cartwake.rows() == [("1", "sent", None, 1)]
        assert shop.log()[0]["attempts"] == 1


async def test_crashes_use_up_no_attempt(shop: Any, smtp: MailServer) -> None:
    (address,) = abandon(shop, [1])
    for _ in range(MAX_ATTEMPTS + 1):
        shop.claim(shop.instance(), 1)  # takes it over from the one before, and dies
    smtp.answer("RCPT", address, "451 later")
    async with recovering(shop, smtp) as cartwake:
        await cartwake.recover(1)
        assert cartwake.rows() == [("1", "retry", None, 0)]
        assert shop.log()[0]["attempts"] == 1


async def test_an_empty_cart_that_a_dead_instance_claimed_is_closed(shop: Any, smtp: MailServer) -> None:
    abandon(shop, [1])
    shop.claim(shop.instance(), 1)
    shop.run("DELETE FROM cart")
    async with recovering(shop, smtp) as cartwake:
        await cartwake.recover(1)
        assert cartwake.rows() == [("1", "skipped", "emptied", 0)]
        assert cartwake.resources.episodes.open_rows(cartwake.now_us()) == []


async def test_a_mail_past_the_fence_when_its_instance_died_is_never_sent_again(
    shop: Any, smtp: MailServer
) -> None:
    abandon(shop, [1])
    dead = shop.instance()
    ids = shop.claim(dead, 1).ids
    shop.run("UPDATE cart_abandonment_log SET status = 'sending' WHERE id = %s", (ids[1],))
    async with recovering(shop, smtp) as cartwake:
        assert await cartwake.recover(1) == {1: Skip(Reason.HANDLED)}
        await cartwake.reconciler(since_us=cartwake.now_us()).run_once()
        assert cartwake.rows() == [("1", "unknown", "unreported", None)]
        assert await cartwake.recover(1) == {1: Skip(Reason.HANDLED)}
    assert smtp.accepted == []


async def test_two_instances_mail_each_cart_once(shop: Any, smtp: MailServer) -> None:
    addresses = abandon(shop, range(1, 41))
    async with recovering(shop, smtp) as one, recovering(shop, smtp) as two:
        for cartwake in (one, two):
            # Alive, as far as the other can tell.
            await asyncio.to_thread(shop.alive, cartwake.resources.episodes)
        await asyncio.gather(one.recover(*range(1, 41)), two.recover(*range(40, 0, -1)))
    assert [len(smtp.mails_to(address)) for address in addresses] == [1] * 40
    assert len(shop.log()) == 40
