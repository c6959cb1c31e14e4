"""What becomes of a mail when SMTP refuses, hangs up or falls silent, and when MySQL is gone at the worst moment."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import structlog
from fakes.mail_server import MailServer, fall_silent, hang_up
from fakes.mysql_proxy import MysqlProxy
from fakes.recovering import abandon, recovering
from fakes.waiting import until

from binlog_watcher.core.decision import Skip
from binlog_watcher.core.log_status import Reason, Status
from binlog_watcher.errors import DatabaseUnavailableError
from binlog_watcher.recovery.send import deciding_again, sending_gate
from binlog_watcher.recovery.send.attempts import MAX_ATTEMPTS
from binlog_watcher.service import mail_server
from binlog_watcher.service import pipeline as pipeline_module
from binlog_watcher.store.own_tables import tables
from binlog_watcher.store.own_tables.log_rows import Outcome

MINUTE = 60_000_000
MYSQL_ONLY = pytest.mark.parametrize("server", ["mysql"], indirect=True)
"""Where the other server could make no difference, its time is saved."""


pytestmark = pytest.mark.usefixtures("impatient")


@pytest.fixture(autouse=True)
def decided_again_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """So are the waits of mails that are decided again."""
    monkeypatch.setattr(deciding_again, "UNREAD_US", 50_000)
    monkeypatch.setattr(deciding_again, "AGAIN_US", 50_000)


def make_due(shop: Any, cartwake: Any, key: int) -> None:
    """Let the time pass that a retry waits."""
    shop.run("UPDATE cart_abandonment_log SET next_attempt_at = UTC_TIMESTAMP(6) - INTERVAL 1 SECOND")
    cartwake.drop_timer(key)


# --- SMTP says no -----------------------------------------------------------------------------------------------


@MYSQL_ONLY
@pytest.mark.parametrize(
    "answer", ["451 4.2.1 try later", "421 4.3.2 closing", hang_up], ids=["451", "421", "hangs up"]
)
async def test_a_temporary_refusal_is_tried_again_with_growing_pauses_and_the_same_message_id(
    shop: Any, smtp: MailServer, answer: Any
) -> None:
    (address,) = abandon(shop, [1])
    smtp.answer("RCPT", address, answer, answer)
    async with recovering(shop, smtp) as cartwake:
        pauses, ids = [], set()
        for _ in range(2):
            await cartwake.recover(1)
            (row,) = shop.log()
            assert (row["status"], row["email_sent"], row["sent_at"]) == ("retry", 0, None)
            assert row["error"]
            ids.add(row["message_id"])
            due_us = cartwake.tracker.due_of(1)
            assert due_us is not None
            pauses.append((due_us - cartwake.now_us() + MINUTE // 2) // MINUTE)
            make_due(shop, cartwake, 1)
        assert pauses == [1, 2]
        await cartwake.recover(1)
        (row,) = shop.log()
        assert (row["status"], row["email_sent"], row["attempts"], row["error"]) == ("sent", 1, 3, None)
    (mail,) = smtp.mails_to(address)
    assert ids | {row["message_id"]} == {mail["Message-ID"]}


@MYSQL_ONLY
async def test_after_the_last_attempt_it_is_given_up(shop: Any, smtp: MailServer) -> None:
    abandon(shop, [1])
    smtp.answer("RCPT", "*", *["451 later"] * (MAX_ATTEMPTS + 1))
    async with recovering(shop, smtp) as cartwake:
        for attempt in range(1, MAX_ATTEMPTS + 1):
            await cartwake.recover(1)
            (row,) = shop.log()
            assert row["attempts"] == attempt
            assert row["status"] == ("retry" if attempt < MAX_ATTEMPTS else "failed")
            make_due(shop, cartwake, 1)
        assert await cartwake.recover(1) == {1: Skip(Reason.HANDLED)}


async def test_a_final_refusal_is_not_tried_again(shop: Any, smtp: MailServer) -> None:
    abandon(shop, [1, 2])
    smtp.answer("RCPT", "user1@example.com", "550 5.1.1 no such user")
    smtp.answer("DATA", "user2@example.com", "554 5.7.1 looks like spam")
    async with recovering(shop, smtp) as cartwake:
        await cartwake.recover(1, 2)
        assert sorted(cartwake.rows()) == [("1", "failed", "bounced", 0), ("2", "failed", None, 0)]
        assert await cartwake.recover(1, 2) == {1: Skip(Reason.HANDLED), 2: Skip(Reason.HANDLED)}
        assert cartwake.tracker.armed == 0


@pytest.mark.parametrize("end", [hang_up, fall_silent], ids=["hangs up", "falls silent"])
async def test_a_server_lost_after_the_message_leaves_it_unknown_and_it_is_never_resent(
    shop: Any, smtp: MailServer, monkeypatch: pytest.MonkeyPatch, end: Any
) -> None:
    monkeypatch.setattr(
        pipeline_module, "smtp", lambda settings: replace(mail_server.smtp(settings), data_timeout=0.3)
    )
    abandon(shop, [1])
    shop.user(2, "user1@example.com")
    shop.add(2, 3)
    smtp.answer("DATA", "user1@example.com", end)
    async with recovering(shop, smtp) as cartwake:
        await cartwake.recover(1)
        assert cartwake.rows() == [("1", "unknown", None, None)]
        assert await cartwake.recover(1) == {1: Skip(Reason.HANDLED)}
        # It counts as mailed: another cart with this address waits for the end of the cool-down.
        decisions = await cartwake.recover(2)
        assert decisions[2].reason is Reason.COOLDOWN
    # The one that hung up had taken the message before.
    assert len(smtp.accepted) == (end is hang_up)


@MYSQL_ONLY
async def test_a_silent_server_before_the_message_costs_a_retry(shop: Any, smtp: MailServer) -> None:
    abandon(shop, [1])
    smtp.answer("RCPT", "*", fall_silent)
    async with recovering(shop, smtp, SMTP_TIMEOUT_SECONDS="0.3") as cartwake:
        await cartwake.recover(1)
        assert cartwake.rows() == [("1", "retry", None, 0)]


@MYSQL_ONLY
async def test_a_slow_mail_holds_up_its_own_connection_only(shop: Any, smtp: MailServer) -> None:
    abandon(shop, range(1, 21))
    gate = asyncio.Event()

    async def slow(_server: object) -> str:
        await gate.wait()
        return "250 OK"

    smtp.answer("DATA", "user7@example.com", slow)
    async with recovering(shop, smtp, SMTP_CONNECTIONS="2") as cartwake:
        recovery = asyncio.create_task(cartwake.recover(*range(1, 21)))
        await until(lambda: len(smtp.accepted) == 19)
        gate.set()
        await recovery
        assert {row[1] for row in cartwake.rows()} == {"sent"}


async def test_a_refused_login_stops_all_and_it_goes_on_by_itself_once_the_password_works(
    shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending_gate, "STOPPED_US", 300_000)
    monkeypatch.setattr(sending_gate, "HELD_US", 50_000)
    addresses = abandon(shop, range(1, 11))
    async with (
        MailServer(password="another one").running() as smtp,
        recovering(shop, smtp, SMTP_USER="shop", SMTP_PASSWORD="the password") as cartwake,
    ):
        with structlog.testing.capture_logs() as logs:
            await cartwake.recover(*range(1, 11))
            assert {row[1] for row in cartwake.rows()} == {"retry"}
            assert {row[2] for row in cartwake.rows()} == {"smtp_stopped"}
            cartwake.follow()
            # Asked again a few times, one login each, and no cart uses up an attempt meanwhile.
            asked = smtp.logins
            await until(lambda: smtp.logins >= asked + 3)
        assert {row["attempts"] for row in shop.log()} == {0}
        assert len([entry for entry in logs if entry["event"] == "sender.stopped"]) == 1
        assert [entry for entry in logs if entry["event"] == "sender.still_stopped"]
        assert "the password" not in str(logs)
        smtp.password = "the password"
        await until(lambda: {row[1] for row in cartwake.rows()} == {"sent"})
        assert [len(smtp.mails_to(address)) for address in addresses] == [1] * 10


async def test_a_server_that_cannot_be_reached_costs_no_attempt_and_is_asked_until_it_answers(
    shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending_gate, "HELD_US", 50_000)
    monkeypatch.setattr(sending_gate, "UNREACHABLE_US", 50_000)
    abandon(shop, [1, 2])
    async with MailServer().running() as smtp:
        pass  # its port is free again
    async with recovering(shop, smtp) as cartwake:
        await cartwake.recover(1, 2)
        assert sorted(cartwake.rows()) == [
            ("1", "retry", "smtp_stopped", 0),
            ("2", "retry", "smtp_stopped", 0),
        ]
        assert {row["attempts"] for row in shop.log()} == {0}, "a connection that fails is nobody's attempt"
        cartwake.follow()
        async with smtp.running():
            await until(lambda: len(smtp.accepted) == 2)
            await cartwake.drained()
    assert sorted(cartwake.rows()) == [("1", "sent", None, 1), ("2", "sent", None, 1)]


@MYSQL_ONLY
def test_a_reply_in_any_encoding_can_be_written(shop: Any) -> None:
    abandon(shop, [1])
    shop.run("ALTER TABLE cart_abandonment_log DEFAULT CHARACTER SET latin1")
    episodes = shop.instance()
    ids = shop.claim(episodes, 1).ids
    episodes.finish([Outcome(ids[1], Status.FAILED, error="550 \udce9 ユーザーがいません 📪" + "x" * 1000)])
    (row,) = shop.log()
    assert row["status"] == "failed"
    assert row["error"].startswith("550 ? ユーザーがいません 📪")


def test_the_owners_table_in_latin1_takes_any_reply(bare_shop: Any) -> None:
    shop = bare_shop()
    shop.run(
        "CREATE TABLE cart_abandonment_log (id INT AUTO_INCREMENT PRIMARY KEY, user_id INT, cart_total DECIMAL(10,2), "
        "email_sent BOOLEAN DEFAULT FALSE, created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP) DEFAULT CHARSET=latin1"
    )
    tables.migrate(shop.database, shop.shop)
    test_a_reply_in_any_encoding_can_be_written(shop)


async def test_an_outcome_that_cannot_be_written_holds_up_no_other(
    shop: Any, smtp: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    addresses = abandon(shop, range(1, 6))
    async with recovering(shop, smtp) as cartwake:
        composer: Any = cartwake.composer
        build = composer.build

        def with_long_id(claimed: Any, *more: Any) -> Any:
            mail = build(claimed, *more)
            return (
                replace(mail, message_id="<" + "x" * 300 + "@example.com>") if claimed.cart.key == 3 else mail
            )

        monkeypatch.setattr(composer, "build", with_long_id)
        await cartwake.recover(*range(1, 6))
        assert {row[1] for row in cartwake.rows()} == {"sent"}
    assert [len(smtp.mails_to(address)) for address in addresses] == [1] * 5


# --- MySQL gone -------------------------------------------------------------------------------------------------


@pytest.fixture
def proxy(shop: Any) -> Iterator[MysqlProxy]:
    with MysqlProxy(shop.server.host, shop.server.port).running() as running:
        yield running


@MYSQL_ONLY
@pytest.mark.timeout(300)
@pytest.mark.parametrize("reply_lost", [False, True], ids=["packet lost", "reply lost"])
async def test_mysql_gone_at_every_single_packet_loses_and_doubles_nothing(
    shop: Any, smtp: MailServer, proxy: MysqlProxy, reply_lost: bool
) -> None:
    """Load, claim, fence, outcome: whichever packet is the last, each cart gets its one mail and its row says so."""
    async with recovering(shop, smtp, MYSQL_PORT=str(proxy.port), SMTP_CONNECTIONS="2") as cartwake:
        cartwake.follow()
        users, packets, nth, sprung = 0, 0, 0, 0
        while nth <= packets:
            keys = range(users + 1, users + 4)
            users += 3
            addresses = abandon(shop, keys)
            before = proxy.packets
            if nth:
                proxy.trap(b"", reply_lost=reply_lost, nth=nth)
            await cartwake.recovery.process(cartwake.take(*keys))

            def done(last: int = users) -> bool:
                if proxy.sprung.is_set():
                    proxy.mend()
                return len([row for row in cartwake.rows() if row[1] == "sent"]) == last

            await until(done)
            proxy.mend()
            assert [len(smtp.mails_to(address)) for address in addresses] == [1, 1, 1], f"packet {nth}"
            await cartwake.drained()
            if not nth:
                packets = proxy.packets - before
            sprung += proxy.sprung.is_set()
            nth += 1
        assert sprung > 15
        assert len(cartwake.rows()) == users
        assert cartwake.tracker.in_hand == 0


async def test_a_long_outage_between_hand_over_and_outcome(
    shop: Any, smtp: MailServer, proxy: MysqlProxy
) -> None:
    (address,) = abandon(shop, [1])

    async def cut(_server: object) -> str:
        proxy.cut()
        return "250 OK"

    smtp.answer("DATA", address, cut)
    async with recovering(shop, smtp, MYSQL_PORT=str(proxy.port)) as cartwake:
        with structlog.testing.capture_logs() as logs:
            recovery = asyncio.create_task(cartwake.recover(1))
            await until(lambda: len([e for e in logs if e["event"] == "outcome.not_written"]) >= 2)
        assert cartwake.rows() == [("1", "sending", None, 0)]
        assert not recovery.done()
        proxy.mend()
        await recovery
        assert cartwake.rows() == [("1", "sent", None, 1)]
    assert len(smtp.mails_to(address)) == 1


@MYSQL_ONLY
async def test_no_more_mails_than_connections_are_without_an_outcome_in_the_log(
    shop: Any, smtp: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash makes them unknown, however many were accepted while outcomes could not be written."""
    addresses = abandon(shop, range(1, 21))
    async with recovering(shop, smtp, SMTP_CONNECTIONS="2") as cartwake:
        finish, tries, gone = cartwake.resources.episodes.finish, [0], [True]

        def unwritten(outcomes: Any) -> None:
            tries[0] += 1
            if gone[0]:
                raise DatabaseUnavailableError("gone for a while")
            finish(outcomes)

        monkeypatch.setattr(cartwake.resources.episodes, "finish", unwritten)
        recovery = asyncio.create_task(cartwake.recover(*range(1, 21)))
        await until(lambda: tries[0] >= 3)
        assert len(smtp.accepted) == 2
        assert sorted(row[1] for row in cartwake.rows()) == ["claimed"] * 18 + ["sending"] * 2
        gone[0] = False
        await recovery
        assert {row[1] for row in cartwake.rows()} == {"sent"}
    assert [len(smtp.mails_to(address)) for address in addresses] == [1] * 20


async def test_a_server_that_turned_read_only_is_waited_for(shop: Any, smtp: MailServer) -> None:
    abandon(shop, [1])
    async with recovering(shop, smtp) as cartwake:
        account = f"cartwake_{shop.name}"
        shop.run(f"CREATE USER {account}@'%' IDENTIFIED BY 'made-up'")
        shop.run(f"GRANT ALL ON {shop.name}.* TO {account}@'%'")
        try:
            async with recovering(shop, smtp, MYSQL_USER=account, MYSQL_PASSWORD="made-up") as ordinary:
                shop.run("SET GLOBAL read_only = ON")
                with structlog.testing.capture_logs() as logs:
                    await ordinary.recover(1)
                assert "recovery.postponed" in {entry["event"] for entry in logs}
                assert cartwake.rows() == []
                shop.run("SET GLOBAL read_only = OFF")
                ordinary.follow()
                await until(lambda: cartwake.rows() == [("1", "sent", None, 1)])
        finally:
            shop.run("SET GLOBAL read_only = OFF")
            shop.run(f"DROP USER {account}@'%'")
