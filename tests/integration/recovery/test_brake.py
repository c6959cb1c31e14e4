"""A server that refuses everybody alike, or loses every mail, does not burn the carts one after the other."""

from typing import Any

import pytest
import structlog
from fakes.mail_server import Answer, MailServer, hang_up
from fakes.recovering import Recovering, abandon, recovering
from fakes.waiting import until

from binlog_watcher.recovery.send import brake, sending_gate
from binlog_watcher.recovery.send.brake import End
from mailer.refusals import About, known

CARTS = 20
MYSQL_ONLY = pytest.mark.parametrize("server", ["mysql"], indirect=True)
FOR_ALL = 10_000


@pytest.fixture(autouse=True)
def impatient_brake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(brake, "PROBE_US", 100_000)
    monkeypatch.setattr(brake, "LONGEST_PROBE_US", 200_000)
    monkeypatch.setattr(brake, "PROBE_TAKES_US", 50_000)
    monkeypatch.setattr(sending_gate, "HELD_US", 50_000)


class Counted:
    """What a server answers to everybody until it is mended; ``asked``: how often."""

    def __init__(self, smtp: MailServer, stage: str, answer: Answer) -> None:
        self.asked = 0
        self._smtp = smtp
        self._answer = answer
        smtp.answer(stage, "*", *[self] * FOR_ALL)

    async def __call__(self, server: Any) -> str:
        self.asked += 1
        return self._answer if isinstance(self._answer, str) else await self._answer(server)

    def mend(self) -> None:
        self._smtp.answers.clear()


def stopped(cartwake: Recovering) -> bool:
    return cartwake.pipeline.sender_stopped


def statuses(cartwake: Recovering) -> set[str]:
    return {row[1] for row in cartwake.rows()}


async def send_the_rest(cartwake: Recovering) -> None:
    """Timers, and the reconciliation for rows that have none."""
    since_us = cartwake.now_us()
    await until(lambda: not stopped(cartwake))
    shop = cartwake.shop
    shop.run("UPDATE cart_abandonment_log SET next_attempt_at = UTC_TIMESTAMP(6) WHERE status = 'retry'")
    await cartwake.reconciler(since_us=since_us).run_once()
    await until(lambda: statuses(cartwake) <= {"sent", "unknown", "skipped"})


@pytest.mark.parametrize(
    ("stage", "reply"),
    [
        ("DATA", "554 5.2.252 SendAsDenied; hello@shop.example.com not allowed to send as sales@example.com"),
        ("DATA", "552 quota exceeded"),
        ("DATA", "550 5.4.5 Daily user sending limit exceeded"),
        ("DATA", "554 Message rejected: Email address is not verified."),
        ("RCPT", "554 5.7.1 Service unavailable; [192.0.2.1] blocked using zen.spamhaus.org"),
        ("RCPT", "550 max emails per hour exceeded"),
    ],
)
@MYSQL_ONLY
async def test_a_server_that_refuses_everybody_alike_burns_no_cart(
    shop: Any, smtp: MailServer, stage: str, reply: str
) -> None:
    addresses = abandon(shop, range(1, CARTS + 1))
    refusing = Counted(smtp, stage, reply)
    async with recovering(shop, smtp) as cartwake:
        with structlog.testing.capture_logs() as logs:
            await cartwake.recover(*range(1, CARTS + 1))
            assert stopped(cartwake)
            assert statuses(cartwake) <= {"retry"}, "what failed before it was seen is given back"
            # So many recipients as the words need, and what was under way on the other connections.
            enough = (End.US if known(reply.partition(" ")[2]) is About.US else End.REFUSED).value
            assert enough <= refusing.asked < enough + 4
            (alarm,) = [entry for entry in logs if entry["event"] == "sender.stopped"]
            assert alarm["log_level"] == "error"
            assert reply[:20] in alarm["error"]
            cartwake.follow()
            asked = refusing.asked
            await until(lambda: refusing.asked >= asked + 4)
            assert statuses(cartwake) <= {"retry", "claimed", "sending"}
            refusing.mend()
            await send_the_rest(cartwake)
        assert "sender.resumed" in {entry["event"] for entry in logs}
        assert statuses(cartwake) == {"sent"}
    assert [len(smtp.mails_to(address)) for address in addresses] == [1] * CARTS


async def test_what_failed_in_the_run_waits_for_its_retry_with_all_its_attempts(
    shop: Any, smtp: MailServer
) -> None:
    abandon(shop, range(1, 8))
    Counted(smtp, "DATA", "554 5.2.252 not allowed to send as")
    async with recovering(shop, smtp, SMTP_CONNECTIONS="1") as cartwake:
        # The newest episode of a cart is what counts: an older one is not tried again.
        await cartwake.recover(1)
        (first,) = shop.log()
        assert first["status"] == "failed"
        shop.add(1, 2, minutes_ago=31)
        await cartwake.recover(1)
        await cartwake.recover(*range(2, 8))
        by_status = {row["id"]: (row["status"], row["attempts"]) for row in shop.log()}
        assert by_status.pop(first["id"]) == ("failed", 1)
        assert {status for status, _ in by_status.values()} == {"retry"}
        assert sorted(attempts for _, attempts in by_status.values())[: End.REFUSED.value] == [0] * 5
        assert {row["reason"] for row in shop.log() if row["status"] == "retry"} == {"smtp_stopped"}


@MYSQL_ONLY
async def test_a_server_that_hangs_up_on_every_message_leaves_three_unknown_and_no_mail_goes_twice(
    shop: Any, smtp: MailServer
) -> None:
    addresses = abandon(shop, range(1, CARTS + 1))
    losing = Counted(smtp, "DATA", hang_up)
    async with recovering(shop, smtp, SMTP_CONNECTIONS="1") as cartwake:
        await cartwake.recover(*range(1, CARTS + 1))
        unknown = [row for row in cartwake.rows() if row[1] == "unknown"]
        assert len(unknown) == losing.asked == End.LOST.value
        assert statuses(cartwake) == {"unknown", "retry"}
        cartwake.follow()
        await until(lambda: losing.asked > End.LOST.value)
        losing.mend()
        await send_the_rest(cartwake)
        assert statuses(cartwake) == {"unknown", "sent"}
        lost = sum(row[1] == "unknown" for row in cartwake.rows())
        assert losing.asked == lost, "each probe is a mail of its own"
    # The server took what it lost the connection for.
    assert [len(smtp.mails_to(address)) for address in addresses] == [1] * CARTS


@MYSQL_ONLY
async def test_refused_mailboxes_hold_up_nobody(shop: Any, smtp: MailServer) -> None:
    abandon(shop, range(1, CARTS + 1))
    for key in range(1, CARTS):
        smtp.answer("RCPT", f"user{key}@example.com", "550 5.1.1 no such user")
    async with recovering(shop, smtp) as cartwake:
        await cartwake.recover(*range(1, CARTS + 1))
        assert not stopped(cartwake)
        assert sorted(cartwake.rows()) == sorted(
            [(str(key), "failed", "bounced", 0) for key in range(1, CARTS)] + [(str(CARTS), "sent", None, 1)]
        )


@MYSQL_ONLY
async def test_while_the_brake_is_on_who_buys_gets_no_mail(shop: Any, smtp: MailServer) -> None:
    addresses = abandon(shop, range(1, 11))
    refusing = Counted(smtp, "RCPT", "550 max emails per hour exceeded")
    async with recovering(shop, smtp) as cartwake:
        await cartwake.recover(*range(1, 11))
        for key in range(1, 6):
            shop.order(key)
            cartwake.drop_timer(key)
        refusing.mend()
        cartwake.follow()
        await cartwake.reconciler(since_us=cartwake.now_us()).run_once()
        await send_the_rest(cartwake)
        assert {row[1] for row in cartwake.rows() if int(row[0]) > 5} == {"sent"}
    assert [len(smtp.mails_to(address)) for address in addresses] == [0] * 5 + [1] * 5
