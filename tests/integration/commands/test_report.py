"""`cartwake report`: what the log says, and what a human has to do about it."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from fakes.mail_server import MailServer, hang_up
from fakes.recovering import Recovering, abandon, recovering, settings_of
from rich.console import Console

from binlog_watcher.commands.report import StatusReport, read_report
from binlog_watcher.commands.report_tables import shown
from binlog_watcher.recovery.send.attempts import MAX_ATTEMPTS
from binlog_watcher.service.resources import register
from binlog_watcher.store.own_tables.group import Clock, GroupTables


def read(cartwake: Recovering, *, limit: int = 20) -> StatusReport:
    report = read_report(cartwake.settings, days=Decimal(1), limit=limit)
    assert report is not None
    return report


def printed(report: StatusReport) -> str:
    console = Console(width=220)
    with console.capture() as capture:
        for part in shown(report):
            console.print(part)
    return capture.get()


async def test_what_became_of_the_carts(shop: Any, smtp: MailServer) -> None:
    abandon(shop, range(1, 8))
    shop.user(8, None)
    shop.add(8, 1)
    smtp.answer("RCPT", "user2@example.com", "451 4.2.1 <user2@example.com> is over quota")
    smtp.answer("RCPT", "user3@example.com", "550 5.1.1 <user3@example.com>: no such user")
    smtp.answer("DATA", "user4@example.com", hang_up)
    async with recovering(shop, smtp) as cartwake:
        await cartwake.recover(*range(1, 9))
        ids = {int(row["cart_key"]): row["id"] for row in shop.log()}
        shop.run(
            "UPDATE cart_abandonment_log SET created_at = created_at - INTERVAL 30 HOUR WHERE cart_key = '5'"
        )
        rows_before = shop.run("SELECT * FROM cart_abandonment_log")
        meta_before = shop.run("SELECT * FROM cart_abandonment_meta ORDER BY name")
        report = read(cartwake)
        assert shop.run("SELECT * FROM cart_abandonment_log") == rows_before
        assert shop.run("SELECT * FROM cart_abandonment_meta ORDER BY name") == meta_before
    figures = report.figures
    assert figures is not None
    assert [(one.status, one.reason, one.carts) for one in figures.outcomes] == [
        ("sent", None, 3), ("failed", "bounced", 1), ("retry", None, 1), ("skipped", "no_address", 1),
        ("unknown", None, 1),
    ]  # fmt: skip
    assert (figures.now.sums.abandoned, figures.now.sums.mailed) == (7, 3)
    assert figures.before is not None
    assert figures.before.sums.mailed == 1
    assert figures.lateness is not None
    assert figures.lateness.mails == 3
    half_an_hour = 1800 * 1_000_000
    assert half_an_hour <= figures.lateness.median_us <= figures.lateness.worst_us < half_an_hour + 60_000_000
    assert (report.under_way.claimed, report.under_way.overdue_retries, report.service_runs) == (0, 0, False)
    (waiting,) = report.retries
    assert (waiting.id, waiting.cart, waiting.attempts) == (ids[2], "2", 1)
    assert waiting.next_attempt_at is not None
    assert timedelta(seconds=30) < waiting.next_attempt_at - report.at <= timedelta(seconds=60)
    assert "u***@example.com" in (waiting.why or "")
    assert [letter.id for letter in report.letters] == sorted((ids[3], ids[4]), reverse=True)
    by_id = {letter.id: letter for letter in report.letters}
    failed, unknown = by_id[ids[3]], by_id[ids[4]]
    assert (failed.cart, failed.user_id, failed.currency, failed.attempts) == ("3", 3, "USD", 1)
    assert f"cartwake retry --id {failed.id}" in failed.todo
    assert "correct the customer's address" in failed.todo
    assert unknown.message_id is not None
    assert unknown.message_id in unknown.todo
    assert unknown.at is not None
    for text in (printed(report), report.json()):
        assert "user2@example.com" not in text
        assert "user3@example.com" not in text
        assert "no such user" in text
    assert json.loads(report.json())["letters"][0]["todo"] == report.letters[0].todo


@pytest.mark.parametrize("server", ["mysql"], indirect=True)
async def test_no_more_rows_than_were_asked_for(shop: Any, smtp: MailServer) -> None:
    abandon(shop, range(1, 7))
    smtp.answer("RCPT", "*", *["550 no"] * 3, *["451 later"] * 3)
    async with recovering(shop, smtp, SMTP_CONNECTIONS="1") as cartwake:
        await cartwake.recover(*range(1, 7))
        report = read(cartwake, limit=2)
    assert (len(report.letters), report.dead) == (2, 3)
    assert (len(report.retries), report.retries_waiting) == (2, 3)
    dead = [row["id"] for row in shop.log() if row["status"] == "failed"]
    assert [letter.id for letter in report.letters] == sorted(dead, reverse=True)[:2]
    assert "Dead letters: 2 of 3" in printed(report)


async def test_it_tells_what_stands_still(shop: Any, smtp: MailServer) -> None:
    abandon(shop, [1, 2, 3])
    smtp.answer("RCPT", "*", "451 later")
    async with recovering(shop, smtp) as cartwake:
        await cartwake.recover(1)
        shop.claim(cartwake.resources.episodes, 2, 3)
        shop.run(
            "UPDATE cart_abandonment_log SET next_attempt_at = UTC_TIMESTAMP(6) - INTERVAL 3 HOUR "
            "WHERE status = 'retry'"
        )
        shop.run(
            "UPDATE cart_abandonment_log SET lease_until = UTC_TIMESTAMP(6) - INTERVAL 1 SECOND WHERE cart_key = '2'"
        )
        report = read(cartwake)
        work = report.under_way
        assert (work.claimed, work.overdue_claims, work.overdue_retries) == (2, 1, 1)
        text = printed(report)
        assert "no service follows this database" in text
        assert "retries overdue: 1, by 3.0 h" in text
        assert "claims past their lease: 1" in text
        shop.alive(cartwake.resources.episodes)
        assert read(cartwake).service_runs


@pytest.mark.parametrize("server", ["mysql"], indirect=True)
async def test_what_to_do_about_rows_that_cannot_be_put_back(shop: Any, smtp: MailServer) -> None:
    abandon(shop, [1, 2, 3, 4])
    smtp.answer("RCPT", "*", *["550 no"] * 4)
    async with recovering(shop, smtp) as cartwake:
        await cartwake.recover(1, 2, 3, 4)
        of = "UPDATE cart_abandonment_log SET {} WHERE cart_key = %s"
        shop.run(of.format("last_activity_at = UTC_TIMESTAMP(6) - INTERVAL 73 HOUR"), (1,))
        shop.run(of.format("reason = 'imported'"), (2,))
        shop.run(of.format(f"attempts = {MAX_ATTEMPTS}, error = '451 later'"), (4,))
        shop.add(3, 4, minutes_ago=40)
        await cartwake.recover(3)
        todo = {letter.cart: letter.todo for letter in read(cartwake).letters}
    assert todo.keys() == {"1", "3", "4"}, "another tool's rows are not ours to mend"
    assert todo["1"].startswith("nothing: its cart is older than MAX_CART_AGE_HOURS")
    assert todo["3"].startswith("nothing: the cart was logged again since")
    assert todo["4"].startswith("once the mail server takes mail again: cartwake retry --id")


async def test_before_the_first_run_and_right_after_it(bare_shop: Any, smtp: MailServer) -> None:
    shop = bare_shop()
    async with recovering(shop, smtp, active_hours=None, DRY_RUN="true") as cartwake:
        assert read_report(cartwake.settings, days=Decimal(1), limit=20) is None
    async with recovering(shop, smtp, active_hours=None, include_older_us=3_600_000_000) as cartwake:
        report = read(cartwake)
    assert report.figures is not None
    assert (report.figures.outcomes, report.figures.days, report.figures.lateness) == ((), (), None)
    assert (report.retries, report.letters) == ([], [])
    assert report.activated - report.mailed_if_due_after == timedelta(hours=1)
    text = printed(report)
    assert "no cart was abandoned in this time" in text
    assert "no dead letters" in text
    assert json.loads(report.json())["dead"] == 0


async def test_lateness_goes_by_the_threshold_of_the_service_not_of_the_asking_shell(
    shop: Any, smtp: MailServer
) -> None:
    abandon(shop, [1])
    async with recovering(shop, smtp) as cartwake:
        register(cartwake.resources)
        await cartwake.recover(1)
        figures = read(cartwake).figures
        asking = cartwake.settings.model_copy(update={"abandonment_threshold_minutes": Decimal(10_000)})
        other = read_report(asking, days=Decimal(1), limit=20)
    assert figures is not None
    assert figures.lateness is not None
    assert figures.lateness.median_us > 1_000_000
    assert other is not None
    assert other.figures is not None
    assert other.figures.lateness == figures.lateness


@pytest.mark.parametrize("server", ["mysql"], indirect=True)
def test_instances_that_share_a_topic_are_told_by_what_they_have_noted(shop: Any, smtp: MailServer) -> None:
    settings = settings_of(shop, smtp, KAFKA_BROKERS="127.0.0.1:9092", KAFKA_TOPIC="carts")

    def instances() -> StatusReport:
        report = read_report(settings, days=Decimal(1), limit=1)
        assert report is not None
        return report

    assert instances().instances == []
    now_us = shop.clock.now_us()
    for member, clocks in {
        "one": [Clock("carts[0]", now_us, 3), Clock("carts[1]", now_us - 60_000_000, 4)],
        "two": [Clock("carts[2]", now_us, 5)],
    }.items():
        tables = GroupTables(shop.database, "cartwake", member)
        tables.create()
        tables.write_clocks(clocks, 0)
    report = instances()
    assert [(one.name, one.partitions, one.timers) for one in report.instances] == [
        ("one", ["carts[0]", "carts[1]"], 7), ("two", ["carts[2]"], 5),
    ]  # fmt: skip
    assert "one: 2 partitions, 7 timers, known up to 6" in printed(report)
    assert json.loads(report.json())["instances"][1]["timers"] == 5
