"""From a due cart to its mail and its row in the log, with real MySQL, MariaDB and SMTP; what the log lines say."""

import io
import logging
import re
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from fakes.mail_server import MailServer
from fakes.recovering import abandon, recovering

from binlog_watcher.core.decision import Send, Skip
from binlog_watcher.core.log_status import Reason
from binlog_watcher.telemetry.handlers import TerminalHandler
from binlog_watcher.telemetry.logs import configure_logging

HOUR = 3_600_000_000
MINUTE = 60_000_000


pytestmark = pytest.mark.usefixtures("impatient")


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
        decided = [cartwake.mailing._episode_of(cart, cart.version or 0) for cart in carts.values()]
        counts = []
        for some in (decided[:1], decided[1:]):
            before = database.statements
            claims = episodes.claim(some, lease_us=HOUR, cooldown_us=0, now_us=cartwake.now_us())
            assert len(claims.ids) == len(some)
            counts.append(database.statements - before)
        assert counts[0] == counts[1], counts
        assert {row["status"] for row in shop.log()} == {"claimed"}


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
            (entry["cart"], entry["outcome"]) for entry in logs if entry["event"] == "recovery.finished"
        )
        assert finished == [(1, "sent"), (2, "failed"), (3, "retry"), (4, "sent"), (5, "skipped")]
        rows = dict(shop.run("SELECT cart_key, id FROM cart_abandonment_log"))
        told = [entry for entry in logs if entry["event"] in {"recovery.detected", "recovery.finished"}]
        assert len(told) == 4 + 5
        assert {str(entry["cart"]): entry["log_id"] for entry in told} == rows, "each line leads to its row"
        levels = {
            entry["outcome"]: entry["log_level"] for entry in logs if entry["event"] == "recovery.finished"
        }
        assert levels == {"sent": "info", "failed": "error", "retry": "error", "skipped": "info"}


async def test_an_id_that_only_a_bigint_unsigned_holds_is_mailed_like_any_other(
    shop: Any, smtp: MailServer
) -> None:
    customer = (1 << 63) + 5
    for table, column in (("users", "id"), ("cart", "user_id"), ("orders", "user_id")):
        shop.run(f"ALTER TABLE {table} MODIFY {column} BIGINT UNSIGNED")
    abandon(shop, [customer])
    async with recovering(shop, smtp) as cartwake:
        await cartwake.recover(customer)
        assert cartwake.rows() == [(str(customer), "sent", None, 1)]
    assert [row["user_id"] for row in shop.log()] == [None]
    shop.run(
        "INSERT INTO orders (user_id, total_amount, created_at) VALUES (%s, 1, NOW() + INTERVAL 1 HOUR)",
        (customer,),
    )
    assert shop.run("SELECT conversions FROM cart_abandonment_mails_daily") == [(1,)], (
        "it is known by its cart"
    )
