"""An address whose mailbox is refused for good is suppressed after BOUNCE_LIMIT carts, apart from opt-outs."""

import json
from decimal import Decimal
from typing import Any

import pytest
import structlog
from fakes.explain import plan_of
from fakes.mail_server import MailServer
from fakes.recovering import Recovering, abandon, recovering

from binlog_watcher.commands.optout import optouts
from binlog_watcher.commands.report import read_report
from binlog_watcher.commands.report_tables import shown
from binlog_watcher.store.own_tables import outcomes
from binlog_watcher.store.own_tables.overview import Suppressed

GONE = "550 5.1.1 <user1@example.com>: Recipient address rejected: User unknown"


async def leave_another(cartwake: Recovering, minutes_ago: float) -> tuple[Any, ...]:
    """A newer cart of user 1; what became of it."""
    cartwake.shop.add(1, 2, minutes_ago=minutes_ago)
    await cartwake.recover(1)
    row: tuple[Any, ...] = cartwake.rows()[-1]
    return row


async def test_the_next_cart_after_so_many_bounces_gets_no_mail(shop: Any, smtp: MailServer) -> None:
    (address,) = abandon(shop, [1], minutes_ago=120)
    smtp.answer("RCPT", address, *[GONE] * 10)
    async with recovering(shop, smtp) as cartwake:
        with structlog.testing.capture_logs() as logs:
            await cartwake.recover(1)
            assert cartwake.rows() == [("1", "failed", "bounced", 0)]
            assert optouts(cartwake.settings).list() == []
            assert await leave_another(cartwake, 100) == ("1", "failed", "bounced", 0)
            assert await leave_another(cartwake, 80) == ("1", "skipped", "bounced", 0)
        assert "recipient.suppressed" in {entry["event"] for entry in logs}
        (entry,) = optouts(cartwake.settings).list()
        assert (entry.hint, entry.reason) == ("u***@example.com", "bounced")
        report = read_report(cartwake.settings, days=Decimal(1), limit=20)
        assert report is not None
        assert report.suppressed == [Suppressed("bounced", 1)]
        assert "addresses not mailed: 0 opted out, 1 bounced (cartwake optout list)" in shown(report)
        assert json.loads(report.json())["suppressed"] == [{"reason": "bounced", "addresses": 1}]
        # The shop asked its customer.
        smtp.answers.clear()
        assert optouts(cartwake.settings).remove(address)
        assert await leave_another(cartwake, 60) == ("1", "sent", None, 1)
        assert optouts(cartwake.settings).list() == []
    assert len(smtp.mails_to(address)) == 1


async def test_a_mail_that_went_out_in_between_begins_the_count_anew(shop: Any, smtp: MailServer) -> None:
    (address,) = abandon(shop, [1], minutes_ago=120)
    async with recovering(shop, smtp, EMAIL_COOLDOWN_HOURS="0") as cartwake:
        smtp.answer("RCPT", address, GONE)
        await cartwake.recover(1)
        assert (await leave_another(cartwake, 110))[1] == "sent"
        # Rows carry whole seconds.
        shop.run("UPDATE cart_abandonment_log SET created_at = created_at - INTERVAL 10 SECOND")
        shop.run("UPDATE cart_abandonment_recipient SET last_mail_at = last_mail_at - INTERVAL 5 SECOND")
        smtp.answer("RCPT", address, GONE)
        assert await leave_another(cartwake, 100) == ("1", "failed", "bounced", 0)
        assert (await leave_another(cartwake, 80))[1] == "sent"


@pytest.mark.parametrize(
    ("limit", "replies", "last"),
    [
        ("1", [GONE], "skipped"),
        ("0", [GONE] * 3, "failed"),
        ("2", ["552 5.2.2 mailbox full"] * 3, "failed"),
        ("2", ["554 5.7.1 looks like spam"] * 3, "failed"),
    ],
)
@pytest.mark.parametrize("server", ["mysql"], indirect=True)
async def test_what_counts_and_how_often(
    shop: Any, smtp: MailServer, limit: str, replies: list[str], last: str
) -> None:
    (address,) = abandon(shop, [1], minutes_ago=120)
    smtp.answer("RCPT", address, *replies)
    async with recovering(shop, smtp, BOUNCE_LIMIT=limit) as cartwake:
        await cartwake.recover(1)
        await leave_another(cartwake, 100)
        assert (await leave_another(cartwake, 80))[1] == last
        assert len(optouts(cartwake.settings).list()) == (last == "skipped")


async def test_an_opt_out_is_kept_whatever_bounces(shop: Any, smtp: MailServer) -> None:
    (address,) = abandon(shop, [1], minutes_ago=120)
    smtp.answer("RCPT", address, GONE)
    async with recovering(shop, smtp, BOUNCE_LIMIT="1") as cartwake:
        await cartwake.recover(1)
        assert optouts(cartwake.settings).add(address), "an opt-out takes the place of a bounce"
        assert [entry.reason for entry in optouts(cartwake.settings).list()] == ["manual"]
        assert not optouts(cartwake.settings).add(address)
        assert await leave_another(cartwake, 100) == ("1", "skipped", "opted_out", 0)


@pytest.mark.parametrize("server", ["mysql"], indirect=True)
async def test_who_opts_out_while_the_mail_bounces_has_opted_out(shop: Any, smtp: MailServer) -> None:
    (address,) = abandon(shop, [1])

    async def opts_out(_server: object) -> str:
        assert optouts(cartwake.settings).add(address)
        return GONE

    smtp.answer("RCPT", address, opts_out)
    async with recovering(shop, smtp, BOUNCE_LIMIT="1") as cartwake:
        await cartwake.recover(1)
        assert [entry.reason for entry in optouts(cartwake.settings).list()] == ["manual"]


async def test_both_statements_go_by_an_index(shop: Any, smtp: MailServer) -> None:
    abandon(shop, range(1, 301))
    async with recovering(shop, smtp) as cartwake:
        for first in range(1, 301, 100):
            await cartwake.recover(*range(first, first + 100))
        shop.run("UPDATE cart_abandonment_log SET status = IF(MOD(id, 2), 'failed', status)")
        (digest,) = shop.run("SELECT address_hash FROM cart_abandonment_recipient LIMIT 1")[0]
        shop.run("ANALYZE TABLE cart_abandonment_log, cart_abandonment_recipient")
        statements = (
            outcomes.suppress_bounced(digest, "u***@example.com", 2),
            outcomes.give_back(cartwake.resources.episodes.owner, [3, 5, 7], cartwake.now_us()),
        )
        for statement in statements:
            plan = plan_of(shop, statement)
            assert all(table["key"] for table in plan), plan
            assert all(int(table["rows"]) <= 10 for table in plan), plan
