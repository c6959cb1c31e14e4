"""`cartwake retry`: what was given up is tried again, what is unknown goes out once more, nothing more than that."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fakes.mail_server import MailServer, hang_up
from fakes.recovering import Recovering, abandon, recovering
from fakes.waiting import until

from binlog_watcher.commands.retry import RetryReport, retry_rows
from binlog_watcher.core.decision import Skip, Wait
from binlog_watcher.core.log_status import Reason, Status
from binlog_watcher.core.owners import BETWEEN
from binlog_watcher.errors import CartwakeError
from binlog_watcher.recovery.send import deciding_again
from binlog_watcher.recovery.send.attempts import MAX_ATTEMPTS
from binlog_watcher.settings.settings import Settings
from binlog_watcher.store.own_tables import dead_letters
from binlog_watcher.store.own_tables.log_rows import Episode, Outcome

MINUTE = 60_000_000
HOUR = 60 * MINUTE
MYSQL_ONLY = pytest.mark.parametrize("server", ["mysql"], indirect=True)
"""Where the other server could make no difference, its time is saved."""


def retry(cartwake: Recovering, *statuses: Status, ids: tuple[int, ...] = ()) -> RetryReport:
    return retry_rows(cartwake.settings, statuses=statuses, ids=ids)


async def reconcile(cartwake: Recovering) -> None:
    """What the running service does every CHECK_INTERVAL_SECONDS."""
    await cartwake.reconciler(since_us=cartwake.now_us()).run_once()
    await cartwake.drained()


async def left_unknown(cartwake: Recovering, smtp: MailServer, key: int = 1) -> str:
    """Let the connection break after the message; the Message-ID that the server has seen."""
    smtp.answer("DATA", "*", hang_up)
    await cartwake.recover(key)
    row = next(row for row in cartwake.shop.log() if row["cart_key"] == str(key))
    assert (row["status"], row["email_sent"]) == ("unknown", None)
    smtp.accepted.clear()
    return str(row["message_id"])


# --- failed -----------------------------------------------------------------------------------------------------


async def test_a_failed_row_has_all_its_attempts_again_and_the_running_service_takes_it_up(
    shop: Any, smtp: MailServer
) -> None:
    (address,) = abandon(shop, [1])
    smtp.answer("RCPT", address, "550 5.1.1 no such user", *["451 later"] * (MAX_ATTEMPTS - 1))
    async with recovering(shop, smtp) as cartwake:
        await cartwake.recover(1)
        report = retry(cartwake, Status.FAILED, Status.UNKNOWN)
        assert (report.failed, report.unknown, report.refused) == ([shop.log()[0]["id"]], [], {})
        (row,) = shop.log()
        assert (row["status"], row["attempts"], row["email_sent"]) == ("retry", 0, 0)
        assert row["owner"].endswith(BETWEEN), "the shop's, in no instance's hands"
        for _ in range(MAX_ATTEMPTS):
            await reconcile(cartwake)
            shop.run("UPDATE cart_abandonment_log SET next_attempt_at = UTC_TIMESTAMP(6)")
            cartwake.drop_timer(1)
        (row,) = shop.log()
        assert (row["status"], row["attempts"]) == ("sent", MAX_ATTEMPTS)
    assert len(smtp.mails_to(address)) == 1


async def test_rows_are_named_or_taken_by_state(shop: Any, smtp: MailServer) -> None:
    abandon(shop, [1, 2, 3, 4])
    for key in (1, 2, 3):
        smtp.answer("RCPT", f"user{key}@example.com", "550 no")
    async with recovering(shop, smtp) as cartwake:
        await cartwake.recover(1, 2, 3, 4)
        ids = {int(row["cart_key"]): row["id"] for row in shop.log()}
        report = retry(cartwake, ids=(ids[2], ids[4], 999))
        assert (report.failed, report.exit_code) == ([ids[2]], 1)
        assert report.lines() == [
            *sorted([
                f"row {ids[4]} stays as it is: it is sent, neither failed nor unknown",
                "row 999 stays as it is: there is no such row",
            ]),
            "put back: 1 row (1 failed, 0 unknown)",
            "no service follows this database: the next `cartwake run` sends them, or `cartwake reconcile`",
        ]  # fmt: skip
        again = retry(cartwake, ids=(ids[2],))
        assert (again.exit_code, again.lines()[-1]) == (1, "nothing was put back")
        assert "it is retry" in again.refused[ids[2]]
        shop.alive(cartwake.resources.episodes)
        rest = retry(cartwake, Status.FAILED)
        assert (sorted(rest.failed), rest.exit_code) == (sorted([ids[1], ids[3]]), 0)
        assert rest.lines()[-1] == "the running service sends them within 60 seconds"
        nothing = retry(cartwake, Status.FAILED, Status.UNKNOWN)
        assert (nothing.lines(), nothing.exit_code) == (["nothing to retry"], 0)


@MYSQL_ONLY
async def test_a_dry_run_puts_nothing_back(shop: Any, smtp: MailServer) -> None:
    abandon(shop, [1])
    smtp.answer("RCPT", "*", "550 no")
    async with recovering(shop, smtp) as cartwake:
        await cartwake.recover(1)
        dry = Settings(**{**dict(cartwake.settings), "dry_run": True})
        report = retry_rows(dry, statuses=[Status.FAILED])
        assert report.lines() == [
            "dry run: 1 row (1 failed, 0 unknown) would be put back, nothing was written"
        ]
        assert shop.log()[0]["status"] == "failed"


@MYSQL_ONLY
async def test_where_cartwake_never_ran(bare_shop: Any, smtp: MailServer) -> None:
    async with recovering(bare_shop(), smtp, active_hours=None, DRY_RUN="true") as cartwake:
        with pytest.raises(CartwakeError, match="never ran"):
            retry(cartwake, Status.FAILED)


async def test_rows_that_could_not_be_mailed_stay_as_they_are(shop: Any, smtp: MailServer) -> None:
    abandon(shop, [1, 2, 3])
    smtp.answer("RCPT", "*", *["550 no"] * 3)
    async with recovering(shop, smtp) as cartwake:
        await cartwake.recover(1, 2, 3)
        ids = {int(row["cart_key"]): row["id"] for row in shop.log()}
        of = "UPDATE cart_abandonment_log SET {} WHERE id = %s"
        shop.run(of.format("last_activity_at = UTC_TIMESTAMP(6) - INTERVAL 73 HOUR"), (ids[1],))
        shop.run(of.format("reason = 'imported'"), (ids[2],))
        shop.add(3, 4, minutes_ago=40)
        await cartwake.recover(3)  # the newer cart is mailed
        report = retry(cartwake, Status.FAILED, ids=(ids[2],))
        assert (report.failed, report.exit_code) == ([], 1)
        assert "MAX_CART_AGE_HOURS" in report.refused[ids[1]]
        assert "before Cartwake" in report.refused[ids[2]]
        assert "logged again" in report.refused[ids[3]]
        assert "2 rows stay as they are" in report.lines()[1]
        assert sorted(row[1] for row in cartwake.rows()) == ["failed", "failed", "failed", "sent"]


# --- unknown ----------------------------------------------------------------------------------------------------


async def test_an_unknown_mail_goes_out_again_under_its_id_whatever_its_own_cooldown(
    shop: Any, smtp: MailServer
) -> None:
    (address,) = abandon(shop, [1])
    shop.user(2, address)
    shop.add(2, 3)
    async with recovering(shop, smtp) as cartwake:
        message_id = await left_unknown(cartwake, smtp)
        assert (await cartwake.recover(2))[2].reason is Reason.COOLDOWN
        report = retry(cartwake, Status.UNKNOWN)
        assert len(report.unknown) == 1
        assert cartwake.rows() == [("1", "retry", None, None)]
        cartwake.drop_timer(2)
        assert (await cartwake.recover(2))[2].reason is Reason.COOLDOWN, "not for any other mail"
        await reconcile(cartwake)
        assert cartwake.rows() == [("1", "sent", None, 1)]
        assert await cartwake.recover(1) == {1: Skip(Reason.HANDLED)}
    (mail,) = smtp.mails_to(address)
    assert mail["Message-ID"] == message_id


async def test_it_goes_out_at_the_next_start_not_at_the_end_of_the_cooldown(
    shop: Any, smtp: MailServer
) -> None:
    abandon(shop, [1])
    async with recovering(shop, smtp) as cartwake:
        await left_unknown(cartwake, smtp)
        retry(cartwake, Status.UNKNOWN)
    async with recovering(shop, smtp) as cartwake:
        cartwake.hydrate()
        due_us = cartwake.tracker.due_of(1)
        assert due_us is not None
        assert due_us <= cartwake.now_us()


async def test_an_order_meanwhile_stops_it(shop: Any, smtp: MailServer) -> None:
    abandon(shop, [1])
    async with recovering(shop, smtp) as cartwake:
        await left_unknown(cartwake, smtp)
        retry(cartwake, Status.UNKNOWN)
        shop.order(1)
        await reconcile(cartwake)
        assert cartwake.rows() == [("1", "skipped", "bought_meanwhile", None)]
    assert smtp.accepted == []


async def test_what_holds_it_up_on_the_way_is_not_its_own_cooldown(
    shop: Any, smtp: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    (address,) = abandon(shop, [1])
    monkeypatch.setattr(deciding_again, "AGAIN_US", 0)
    async with recovering(shop, smtp) as cartwake:
        message_id = await left_unknown(cartwake, smtp)
        retry(cartwake, Status.UNKNOWN)
        fence = cartwake.resources.episodes.fence
        monkeypatch.setattr(cartwake.resources.episodes, "fence", lambda *_, **__: set())
        await reconcile(cartwake)
        (row,) = shop.log()
        assert (row["status"], row["reason"]) == ("retry", "activity")
        monkeypatch.setattr(cartwake.resources.episodes, "fence", fence)
        smtp.answer("RCPT", address, "451 later")
        cartwake.drop_timer(1)
        await cartwake.recover(1)
        (row,) = shop.log()
        assert (row["status"], row["attempts"]) == ("retry", 1)
        shop.run("UPDATE cart_abandonment_log SET next_attempt_at = UTC_TIMESTAMP(6)")
        cartwake.drop_timer(1)
        await cartwake.recover(1)
        assert cartwake.rows() == [("1", "sent", None, 1)]
    (mail,) = smtp.mails_to(address)
    assert mail["Message-ID"] == message_id


async def test_a_later_mail_to_the_address_holds_it_back(shop: Any, smtp: MailServer) -> None:
    abandon(shop, [1])
    async with recovering(shop, smtp) as cartwake:
        await left_unknown(cartwake, smtp)
        retry(cartwake, Status.UNKNOWN)
        shop.run(
            "UPDATE cart_abandonment_recipient SET last_mail_at = UTC_TIMESTAMP(6) - INTERVAL 1 MICROSECOND"
        )
        wait = (await cartwake.recover(1))[1]
        assert isinstance(wait, Wait)
        assert wait.reason is Reason.COOLDOWN
    assert smtp.accepted == []


async def test_a_later_mail_between_decision_and_claim_holds_it_back(
    shop: Any, smtp: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    abandon(shop, [1])
    async with recovering(shop, smtp) as cartwake:
        await left_unknown(cartwake, smtp)
        retry(cartwake, Status.UNKNOWN)
        claim = cartwake.resources.episodes.claim

        def after_another_mail(*episodes: Any, **rest: Any) -> Any:
            shop.run("UPDATE cart_abandonment_recipient SET last_mail_at = UTC_TIMESTAMP(6)")
            return claim(*episodes, **rest)

        monkeypatch.setattr(cartwake.resources.episodes, "claim", after_another_mail)
        await cartwake.recover(1)
        assert [row[1] for row in cartwake.rows()] == ["retry"]
    assert smtp.accepted == []


async def test_a_new_address_has_a_cooldown_of_its_own(shop: Any, smtp: MailServer) -> None:
    abandon(shop, [1, 2])
    async with recovering(shop, smtp) as cartwake:
        await left_unknown(cartwake, smtp)
        await cartwake.recover(2)
        retry(cartwake, Status.UNKNOWN)
        shop.run("UPDATE users SET email = 'user2@example.com' WHERE id = 1")
        # Even were both mails of one and the same microsecond.
        shop.run(
            "UPDATE cart_abandonment_recipient SET last_mail_at = "
            "(SELECT sent_at FROM cart_abandonment_log WHERE cart_key = '1')"
        )
        assert (await cartwake.recover(1))[1].reason is Reason.COOLDOWN
    assert len(smtp.accepted) == 1


async def test_a_newer_cart_is_mailed_in_its_place_when_the_cooldown_ends(
    shop: Any, smtp: MailServer
) -> None:
    (address,) = abandon(shop, [1])
    async with recovering(shop, smtp) as cartwake:
        await left_unknown(cartwake, smtp)
        retry(cartwake, Status.UNKNOWN)
        shop.add(1, 4, minutes_ago=40)
        assert (await cartwake.recover(1))[1].reason is Reason.COOLDOWN, "the newer one is another mail"
        shop.run("UPDATE cart_abandonment_recipient SET last_mail_at = UTC_TIMESTAMP(6) - INTERVAL 25 HOUR")
        cartwake.drop_timer(1)
        await cartwake.recover(1)
        assert cartwake.rows() == [("1", "skipped", "superseded", None), ("1", "sent", None, 1)]
    assert len(smtp.mails_to(address)) == 1


# --- at once, and told late -------------------------------------------------------------------------------------


async def test_that_a_mail_may_have_arrived_is_not_forgotten(shop: Any, smtp: MailServer) -> None:
    """Whatever becomes of the row: it may be why the customer has bought meanwhile."""
    abandon(shop, [1, 2])
    smtp.answer("DATA", "*", hang_up, hang_up)
    async with recovering(shop, smtp) as cartwake:
        await cartwake.recover(1, 2)
        assert {row["status"] for row in shop.log()} == {"unknown"}
        shop.order(1)
        smtp.answer("RCPT", "user2@example.com", "550 no")
        retry(cartwake, Status.UNKNOWN)
        assert {row["email_sent"] for row in shop.log()} == {None}
        await reconcile(cartwake)
        assert sorted(cartwake.rows()) == [
            ("1", "skipped", "bought_meanwhile", None), ("2", "failed", None, None),
        ]  # fmt: skip
        assert all(row["sent_at"] for row in shop.log())


async def test_two_retries_at_once_and_two_instances_make_one_mail(shop: Any, smtp: MailServer) -> None:
    (address,) = abandon(shop, [1])
    async with recovering(shop, smtp) as one, recovering(shop, smtp) as two:
        await left_unknown(one, smtp)
        gate = threading.Barrier(2)

        def at_once(cartwake: Recovering) -> int:
            gate.wait()
            return len(retry(cartwake, Status.UNKNOWN).unknown)

        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(at_once, (one, two))) == [0, 1]
        due = [cartwake.take(1) for cartwake in (one, two)]
        for cartwake, carts in zip((one, two), due, strict=True):
            await cartwake.recovery.process(carts)
        await one.drained()
        await two.drained()
        assert one.rows() == [("1", "sent", None, 1)]
    assert len(smtp.mails_to(address)) == 1


def sent(log_id: int, at_us: int) -> Outcome:
    return Outcome(log_id, Status.SENT, at_us=at_us)


async def test_the_old_owner_tells_late_that_it_was_sent_and_no_second_mail_goes_out(
    shop: Any, smtp: MailServer
) -> None:
    abandon(shop, [1])
    async with recovering(shop, smtp) as old, recovering(shop, smtp) as heir:
        await left_unknown(old, smtp)
        (log_id,) = retry(heir, Status.UNKNOWN).unknown
        old.resources.episodes.finish([sent(log_id, old.now_us())])
        assert heir.rows() == [("1", "sent", None, 1)]
        await reconcile(heir)
        assert await heir.recover(1) == {1: Skip(Reason.HANDLED)}
    assert smtp.accepted == []


async def test_told_between_claim_and_fence_it_still_stops_the_second_mail(
    shop: Any, smtp: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    abandon(shop, [1])
    async with recovering(shop, smtp) as old, recovering(shop, smtp) as heir:
        await left_unknown(old, smtp)
        (log_id,) = retry(heir, Status.UNKNOWN).unknown
        fence = heir.resources.episodes.fence

        def late(*mails: Any, **rest: Any) -> Any:
            old.resources.episodes.finish([sent(log_id, old.now_us())])
            return fence(*mails, **rest)

        monkeypatch.setattr(heir.resources.episodes, "fence", late)
        await heir.recover(1)
        assert heir.rows() == [("1", "sent", None, 1)]
    assert smtp.accepted == []


async def test_told_during_the_second_hand_over_there_is_no_third(shop: Any, smtp: MailServer) -> None:
    (address,) = abandon(shop, [1])
    async with recovering(shop, smtp) as old, recovering(shop, smtp) as heir:
        await left_unknown(old, smtp)
        (log_id,) = retry(heir, Status.UNKNOWN).unknown

        async def late(_server: object) -> str:
            old.resources.episodes.finish([sent(log_id, old.now_us())])
            return "451 later"

        smtp.answer("RCPT", address, late)
        await heir.recover(1)
        assert heir.rows() == [("1", "sent", None, 1)]
        heir.drop_timer(1)
        assert await heir.recover(1) == {1: Skip(Reason.HANDLED)}
    assert smtp.accepted == []


async def test_that_it_failed_told_late_changes_nothing(shop: Any, smtp: MailServer) -> None:
    (address,) = abandon(shop, [1])
    async with recovering(shop, smtp) as old, recovering(shop, smtp) as heir:
        await left_unknown(old, smtp)
        (log_id,) = retry(heir, Status.UNKNOWN).unknown
        for status in (Status.FAILED, Status.UNKNOWN, Status.RETRY):
            old.resources.episodes.finish([Outcome(log_id, status, at_us=old.now_us())])
        assert heir.rows() == [("1", "retry", None, None)]
        await reconcile(heir)
        assert heir.rows() == [("1", "sent", None, 1)]
    assert len(smtp.mails_to(address)) == 1


def test_an_outcome_told_late_does_not_shorten_the_cooldown_of_a_later_mail(shop: Any) -> None:
    abandon(shop, [1])
    episodes = shop.instance()
    log_id = shop.claim(episodes, 1).ids[1]
    digest = shop.hasher("user1@example.com")
    last = "SELECT last_mail_at FROM cart_abandonment_recipient"
    shop.run("UPDATE cart_abandonment_recipient SET last_mail_at = '2030-01-02 03:04:05.000006'")
    (before,) = shop.run(last)
    now_us = shop.clock.now_us()
    episodes.finish([Outcome(log_id, Status.SENT, at_us=now_us, address_hash=digest)])
    assert shop.run(last) == [before]


async def test_an_instance_that_may_yet_tell_is_waited_for(shop: Any) -> None:
    abandon(shop, [1])
    silent = shop.instance()
    alive = shop.alive(silent)
    log_id = shop.claim(silent, 1).ids[1]
    shop.run(
        "UPDATE cart_abandonment_log SET status = 'sending', lease_until = UTC_TIMESTAMP(6) - INTERVAL 1 SECOND"
    )
    assert shop.instance().settle_unknown(shop.clock.now_us()) == 1
    assert shop.log()[0]["reason"] == "unreported"

    def put_back() -> Any:
        with shop.database.transaction() as session:
            return dead_letters.put_back(session, [log_id], 0)

    assert "may yet tell" in put_back().refused[log_id]
    alive.close()
    await until(lambda: put_back().was == {log_id: Status.UNKNOWN})  # MySQL frees its lock a moment later


async def test_a_newer_row_that_is_just_being_claimed_is_waited_for(shop: Any) -> None:
    abandon(shop, [1])
    episodes = shop.instance()
    log_id = shop.claim(episodes, 1).ids[1]
    episodes.finish([Outcome(log_id, Status.FAILED, error="550 no")])
    shop.add(1, 4, minutes_ago=40)
    inserted, go_on = threading.Event(), threading.Event()
    other = shop.instance()
    in_transaction = other._database.in_transaction

    class Slow:
        def in_transaction(self, work: Any) -> Any:
            def and_wait(session: Any) -> Any:
                done = work(session)
                inserted.set()
                assert go_on.wait(20)
                return done

            return in_transaction(and_wait)

    other._database = Slow()
    with ThreadPoolExecutor(2) as pool:
        loader = shop.loader(shop.instance())
        cart = loader.load([1]).carts[1]
        episode = Episode(cart, cart.version, cart.version, "USD", cart.total * 0)
        claimed = pool.submit(
            other.claim, [episode], lease_us=HOUR, cooldown_us=0, now_us=shop.clock.now_us()
        )
        assert inserted.wait(20)

        def put_back() -> Any:
            return shop.database.in_transaction(lambda session: dead_letters.put_back(session, [log_id], 0))

        back = pool.submit(put_back)
        waiting = (
            "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE DB = DATABASE() "
            "AND INFO LIKE 'SELECT %FOR UPDATE'"
        )
        await until(lambda: shop.run(waiting) == [(1,)])
        go_on.set()
        assert claimed.result(20).ids.keys() == {1}
        assert "logged again" in back.result(20).refused[log_id]
    assert [(row["status"]) for row in shop.log()] == ["failed", "claimed"]
