"""`cartwake erase`: nothing in our tables names the person afterwards, totals stay, and nobody is mailed twice."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from fakes.command_line import cartwake as run_cartwake
from fakes.mail_server import MailServer
from fakes.recovering import Recovering, abandon, meanwhile, recovering, settings_of
from fakes.running_service import following
from fakes.waiting import until

from binlog_watcher.answers.erase import ErasedReport, erase_old, erase_person
from binlog_watcher.answers.person import Whom
from binlog_watcher.commands.export import export
from binlog_watcher.commands.report import read_report
from binlog_watcher.commands.retry import retry_rows
from binlog_watcher.core.erased_keys import is_erased
from binlog_watcher.core.log_status import Status
from binlog_watcher.errors import CartwakeError, ConfigError
from binlog_watcher.settings.settings import Settings
from binlog_watcher.store.own_tables import recipients, visits
from binlog_watcher.store.own_tables.log_rows import Outcome
from binlog_watcher.store.own_tables.recipients import OptOuts

JANE, BOB = 987654321, 123456789
JANES, BOBS = f"user{JANE}@example.com", f"user{BOB}@example.com"
MYSQL_ONLY = pytest.mark.parametrize("server", ["mysql"], indirect=True)
"""Where the other server could make no difference, its time is saved."""

OWN_TABLES = (
    "SELECT TABLE_NAME FROM information_schema.TABLES "
    "WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE LIKE %s AND TABLE_NAME LIKE %s"
)
VIEWS = ("cart_abandonment_daily", "cart_abandonment_mails_daily", "cart_abandonment_tiers")
BY = pytest.mark.parametrize(
    "whom", [Whom(address=JANES), Whom(customer=str(JANE))], ids=["address", "customer"]
)


def dump(shop: Any) -> str:
    """All of our tables as text."""
    tables = [name for (name,) in shop.run(OWN_TABLES, ("%BASE%", "cart_abandonment%"))]
    assert len(tables) == 7
    return "\n".join(f"{name}: {row}" for name in tables for row in shop.run(f"SELECT * FROM {name}"))


def names(shop: Any, user: int) -> list[str]:
    """What of a person stands in our tables in clear."""
    text = dump(shop)
    return [what for what in (f"user{user}", str(user), "Jane Doe", "u***") if what in text]


def totals(shop: Any, settings: Settings) -> dict[str, Any]:
    """What reports and views show, but for what is listed row by row."""
    report = read_report(settings, days=Decimal(400), limit=100)
    assert report is not None
    listed = {"at", "since", "retries", "letters", "service_runs"}
    found = {name: value for name, value in json.loads(report.json()).items() if name not in listed}
    found["figures"] = {
        name: value for name, value in found["figures"].items() if name not in {"since", "until"}
    }
    return found | {view: sorted(map(str, shop.run(f"SELECT * FROM {view}"))) for view in VIEWS}


async def history(shop: Any, smtp: MailServer, cartwake: Recovering) -> None:
    """Jane and Bob each have a mail that was sent, one that was refused, clicks, and an order that followed."""
    abandon(shop, [JANE, BOB])
    await cartwake.recover(JANE, BOB)
    for user in (JANE, BOB):
        smtp.answer("RCPT", f"user{user}@example.com", f"550 5.7.1 <user{user}@example.com> not wanted")
        shop.add(user, 2, minutes_ago=50)
    shop.run("UPDATE cart_abandonment_recipient SET last_mail_at = last_mail_at - INTERVAL 2 DAY")
    await cartwake.recover(JANE, BOB)
    assert sorted(row["status"] for row in shop.log()) == ["failed", "failed", "sent", "sent"]
    # Whatever a mail server says; an older Cartwake wrote it as it was.
    shop.run(
        "UPDATE cart_abandonment_log SET error = CONCAT('550 <user', user_id, '@example.com>') WHERE error <> ''"
    )
    for row in shop.log():
        for flag in (None, None, "scanner"):
            visits.record(cartwake.resources.database, row["id"], "cart", 0, flag, max_age_s=None)
    shop.run(
        "UPDATE cart_abandonment_log SET created_at = created_at - INTERVAL 1 HOUR, sent_at = sent_at - INTERVAL 1 HOUR"
    )
    for user in (JANE, BOB):
        shop.order(user)
    optouts = OptOuts(cartwake.resources.database, cartwake.resources.hasher)
    optouts.add(JANES)
    shop.run(
        "INSERT INTO cart_abandonment_cart (shop, cart_key, active_at) VALUES (%s, %s, UTC_TIMESTAMP(6))",
        (cartwake.resources.episodes.shop_id, str(JANE)),
    )


@BY
async def test_nothing_names_the_person_any_more_and_the_totals_stay(
    shop: Any, smtp: MailServer, whom: Whom
) -> None:
    async with recovering(shop, smtp) as cartwake:
        await history(shop, smtp, cartwake)
        assert names(shop, JANE) == [f"user{JANE}", str(JANE), "u***"]
        before, bobs = totals(shop, cartwake.settings), [r for r in dump(shop).splitlines() if str(BOB) in r]
        assert before["figures"]["period"]["recovered"] == 2
        report = erase_person(cartwake.settings, whom)
        assert (report.done.rows, report.done.notes, report.done.hints, report.done.clicks) == (2, 1, 1, 4)
        assert names(shop, JANE) == []
        assert [row for row in dump(shop).splitlines() if str(BOB) in row] == bobs
        assert totals(shop, cartwake.settings) == before
        erased = [row for row in shop.log() if is_erased(row["cart_key"])]
        assert {(row["user_id"], row["error"], row["message_id"]) for row in erased} == {(None, None, None)}
        again = erase_person(cartwake.settings, whom)
        assert (again.done.rows, again.done.notes, again.before) == (0, 0, 2)
        assert next(again.lines()).startswith("Cartwake holds nothing more about")
        assert totals(shop, cartwake.settings) == before


async def test_a_cart_that_was_handled_is_not_mailed_again(shop: Any, smtp: MailServer) -> None:
    abandon(shop, [JANE])
    async with recovering(shop, smtp, EMAIL_COOLDOWN_HOURS="0") as cartwake:
        await cartwake.recover(JANE)
        erase_person(cartwake.settings, Whom(customer=str(JANE)))
        await cartwake.recover(JANE)
        cartwake.hydrate()
        assert not cartwake.tracker.knows(JANE)
        assert len(smtp.mails_to(JANES)) == 1
        report = retry_rows(cartwake.settings, ids=[shop.log()[0]["id"]])
        assert report.exit_code == 1
        # What is put in later is a cart of somebody who came back, and no opt-out stands against it.
        shop.add(JANE, 3, minutes_ago=40)
        await cartwake.recover(JANE)
        assert len(smtp.mails_to(JANES)) == 2
        assert erase_person(cartwake.settings, Whom(customer=str(JANE))).done.rows == 1
        assert names(shop, JANE) == []


@MYSQL_ONLY
async def test_an_erased_row_that_failed_is_no_dead_letter_to_try_again(shop: Any, smtp: MailServer) -> None:
    abandon(shop, [JANE])
    smtp.answer("RCPT", JANES, "550 no")
    async with recovering(shop, smtp) as cartwake:
        await cartwake.recover(JANE)
        erase_person(cartwake.settings, Whom(customer=str(JANE)))
        report = retry_rows(cartwake.settings, statuses=[Status.FAILED])
        assert (report.failed, list(report.refused.values())) == ([], ["it was erased (docs/privacy.md)"])


@MYSQL_ONLY
async def test_the_links_of_a_mail_that_was_sent_go_on_working_and_leave_no_trace(
    shop: Any, smtp: MailServer
) -> None:
    abandon(shop, [JANE])
    async with recovering(shop, smtp, EMAIL_COOLDOWN_HOURS="0") as cartwake:
        await cartwake.recover(JANE)
        database, (log_id,) = cartwake.resources.database, [row["id"] for row in shop.log()]
        erase_person(cartwake.settings, Whom(address=JANES))
        assert visits.record(database, log_id, "cart", 0, None, max_age_s=None), "it leads back"
        assert shop.run("SELECT * FROM cart_abandonment_click") == []
        assert visits.leave_cart(database, log_id, versions_are_times=True)
        assert recipients.suppress_recipient_of(database, log_id)
        assert names(shop, JANE) == []
        shop.add(JANE, 3, minutes_ago=40)
        await cartwake.recover(JANE)
        assert len(smtp.mails_to(JANES)) == 1


@pytest.mark.parametrize("stage", ["compose", "fence"])
async def test_a_mail_that_is_being_prepared_does_not_pass_the_fence(
    shop: Any, smtp: MailServer, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    abandon(shop, [JANE])
    async with recovering(shop, smtp) as cartwake:
        async with meanwhile(monkeypatch, cartwake, stage, JANE):
            report = erase_person(cartwake.settings, Whom(customer=str(JANE)))
            assert (report.done.rows, report.done.closed) == (1, 1)
        assert smtp.accepted == []
        assert [(row["status"], row["reason"], row["error"]) for row in shop.log()] == [
            ("skipped", "erased", None)
        ]
        assert names(shop, JANE) == []
        cartwake.drop_timer(JANE)
        await cartwake.recover(JANE)
        assert smtp.accepted == []


async def test_a_timer_of_a_running_service_mails_nobody_who_was_erased(shop: Any, smtp: MailServer) -> None:
    """What was read before is refused by the claim, or found handled when the timer fires."""
    settings = settings_of(shop, smtp, ABANDONMENT_THRESHOLD_MINUTES="0.1", CHECK_INTERVAL_SECONDS="1")
    for user in (JANE, BOB):
        shop.user(user, f"user{user}@example.com")
    async with following(settings) as service:
        for user in (JANE, BOB):
            shop.add(user, 1, minutes_ago=0)
        await until(lambda: service.tracker.armed == 2)
        shop.run("UPDATE cart SET quantity = 2")
        await until(lambda: len(shop.run("SELECT * FROM cart_abandonment_cart")) == 2)
        report = erase_person(settings, Whom(address=JANES))
        assert report.done.marked == 1
        await until(lambda: len(smtp.mails_to(BOBS)) == 1)
        await until(lambda: service.tracker.armed == service.tracker.in_hand == 0)
    assert smtp.mails_to(JANES) == []
    assert [(row["status"], row["reason"]) for row in shop.log() if is_erased(row["cart_key"])] == [
        ("skipped", "declined")
    ]
    assert names(shop, JANE) == []


@MYSQL_ONLY
async def test_a_cart_that_was_read_before_it_was_erased_is_not_claimed(shop: Any, smtp: MailServer) -> None:
    abandon(shop, [JANE])
    async with recovering(shop, smtp) as cartwake:
        claim = cartwake.resources.episodes.claim

        def erased_first(*arguments: Any, **more: Any) -> Any:
            erase_person(cartwake.settings, Whom(address=JANES))
            return claim(*arguments, **more)

        cartwake.resources.episodes.claim = erased_first  # type: ignore[method-assign] # between reading and claiming
        await cartwake.recover(JANE)
    assert smtp.accepted == []
    assert [(row["status"], row["reason"]) for row in shop.log()] == [("skipped", "declined")]


@MYSQL_ONLY
async def test_a_mail_that_is_being_handed_over_is_waited_for_and_not_tried_again(
    shop: Any, smtp: MailServer
) -> None:
    abandon(shop, [JANE])
    smtp.answer("RCPT", JANES, "451 later")
    async with recovering(shop, smtp) as cartwake:
        await cartwake.recover(JANE)
        shop.run("UPDATE cart_abandonment_log SET status = 'sending'")
        (log_id,) = [row["id"] for row in shop.log()]
        report = erase_person(cartwake.settings, Whom(customer=str(JANE)))
        assert (report.done.busy, report.done.rows, report.exit_code) == ([log_id], 0, 1)
        assert any(f"Row {log_id} stays" in line for line in report.lines())
        # The server refuses it for now, and it comes up again.
        shop.run("UPDATE cart_abandonment_log SET status = 'retry' WHERE id = %s", (log_id,))
        shop.run(
            "UPDATE cart_abandonment_log SET next_attempt_at = UTC_TIMESTAMP(6) WHERE id = %s", (log_id,)
        )
        cartwake.drop_timer(JANE)
        await cartwake.reconciler(since_us=cartwake.now_us()).run_once()
        await cartwake.drained()
        assert smtp.accepted == []
        again = erase_person(cartwake.settings, Whom(customer=str(JANE)))
        assert (again.exit_code, again.done.rows, again.done.marked) == (0, 1, 0)
        assert names(shop, JANE) == []


@MYSQL_ONLY
async def test_an_outcome_that_is_told_late_writes_no_address_into_an_erased_row(
    shop: Any, smtp: MailServer
) -> None:
    abandon(shop, [JANE])
    async with recovering(shop, smtp) as cartwake:
        await cartwake.recover(JANE)
        (row,) = shop.log()
        shop.run("UPDATE cart_abandonment_log SET status = 'unknown', email_sent = NULL")
        erase_person(cartwake.settings, Whom(customer=str(JANE)))
        cartwake.resources.episodes.finish(
            [Outcome(row["id"], Status.FAILED, error=f"550 <{JANES}> unknown")]
        )
        assert names(shop, JANE) == []


@MYSQL_ONLY
async def test_another_version_under_the_same_name_is_no_error(shop: Any, smtp: MailServer) -> None:
    """An instance that read a cart before it was erased may log it once more as skipped."""
    abandon(shop, [JANE])
    async with recovering(shop, smtp) as cartwake:
        await cartwake.recover(JANE)
        shop.run(
            "INSERT INTO cart_abandonment_log (cart_key, user_id, cart_version, status, email_sent, created_at) "
            "SELECT 'copy', user_id, cart_version, 'skipped', 0, created_at FROM cart_abandonment_log"
        )
        erase_person(cartwake.settings, Whom(address=JANES))
        shop.run(
            "UPDATE cart_abandonment_log SET cart_key = %s, user_id = %s WHERE status = 'skipped'",
            (str(JANE), JANE),
        )
        assert erase_person(cartwake.settings, Whom(customer=str(JANE))).done.rows == 1
        assert names(shop, JANE) == []


@MYSQL_ONLY
async def test_rows_of_the_account_with_an_earlier_address_go_too(shop: Any, smtp: MailServer) -> None:
    abandon(shop, [JANE])
    async with recovering(shop, smtp, EMAIL_COOLDOWN_HOURS="0") as cartwake:
        await cartwake.recover(JANE)
        shop.run("UPDATE users SET email = 'jane@new.example.org' WHERE id = %s", (JANE,))
        shop.add(JANE, 2, minutes_ago=40)
        await cartwake.recover(JANE)
        assert erase_person(cartwake.settings, Whom(address="Jane@NEW.example.org")).done.rows == 2
        assert names(shop, JANE) == []


@MYSQL_ONLY
async def test_who_was_erased_from_the_shop_first_is_found_by_what_the_log_knows(
    shop: Any, smtp: MailServer
) -> None:
    abandon(shop, [JANE])
    async with recovering(shop, smtp) as cartwake:
        await cartwake.recover(JANE)
        shop.run("DELETE FROM cart")
        shop.run("DELETE FROM users")
        assert erase_person(cartwake.settings, Whom(address=JANES)).done.rows == 1
        assert names(shop, JANE) == []


async def test_a_dry_run_tells_the_same_numbers_and_writes_nothing(shop: Any, smtp: MailServer) -> None:
    async with recovering(shop, smtp) as cartwake:
        await history(shop, smtp, cartwake)
        before = dump(shop)
        told = erase_person(cartwake.settings, Whom(address=JANES), dry_run=True)
        by_setting = Settings(**{**dict(cartwake.settings), "dry_run": True})
        assert erase_person(by_setting, Whom(address=JANES)) == told
        assert dump(shop) == before
        assert next(told.lines()).startswith(
            "Dry run: nothing was written. Of this address would be erased: 2 rows"
        )
        assert erase_person(cartwake.settings, Whom(address=JANES)).done == told.done


@MYSQL_ONLY
async def test_what_makes_no_sense_is_refused(bare_shop: Any, smtp: MailServer) -> None:
    shop = bare_shop()
    with pytest.raises(CartwakeError, match="never ran"):
        erase_person(settings_of(shop, smtp), Whom(address=JANES))
    async with recovering(shop, smtp, active_hours=None) as cartwake:
        for customer in ("0", "", "jane", "-1"):
            with pytest.raises(ConfigError, match="no customer's id"):
                erase_person(cartwake.settings, Whom(customer=customer))
        with pytest.raises(Exception, match="address"):
            erase_person(cartwake.settings, Whom(address="nobody"))
        with pytest.raises(ConfigError, match="which store"):
            erase_person(cartwake.settings, Whom(address=JANES, store="de"))
        with pytest.raises(ConfigError, match="at least 8 days"):
            erase_old(cartwake.settings, 7)
        nothing = erase_person(cartwake.settings, Whom(address=JANES))
        assert next(nothing.lines()).startswith("Cartwake holds nothing about this address")


async def test_old_rows_are_erased_by_hand(shop: Any, smtp: MailServer) -> None:
    abandon(shop, [JANE, BOB])
    async with recovering(shop, smtp) as cartwake:
        await cartwake.recover(JANE, BOB)
        shop.run(
            "UPDATE cart_abandonment_log SET created_at = created_at - INTERVAL 9 DAY WHERE user_id = %s",
            (JANE,),
        )
        before = totals(shop, cartwake.settings)
        assert erase_old(cartwake.settings, 9, dry_run=True).done.rows == 1
        report: ErasedReport = erase_old(cartwake.settings, 9)
        assert (report.done.rows, erase_old(cartwake.settings, 9).done.rows) == (1, 0)
        assert (names(shop, JANE), f"{BOB}" in dump(shop)) == ([], True)
        assert totals(shop, cartwake.settings) == before
        cartwake.drop_timer(JANE)
        await cartwake.recover(JANE)
        assert len(smtp.mails_to(JANES)) == 1


@MYSQL_ONLY
async def test_the_command_line_asks_first(shop: Any, smtp: MailServer, tmp_path: Path) -> None:
    abandon(shop, [JANE])
    async with recovering(shop, smtp) as cartwake:
        await cartwake.recover(JANE)
    environ = {
        "MYSQL_HOST": "127.0.0.1", "MYSQL_PORT": str(shop.server.port), "MYSQL_USER": shop.server.user,
        "MYSQL_PASSWORD": shop.server.password, "MYSQL_DATABASE": shop.name, "MYSQL_TLS": "off",
    }  # fmt: skip

    def call(*arguments: str) -> Any:
        return run_cartwake(environ, *arguments, folder=tmp_path)

    asked = call("erase", "--address", JANES)
    assert (asked.returncode, "Dry run: nothing was written" in asked.stdout) == (130, True)
    assert names(shop, JANE) != []
    dry = call("erase", "--address", JANES, "--dry-run")
    assert (dry.returncode, "1 row of the log" in dry.stdout) == (0, True)
    told = json.loads(call("export", "--customer", str(JANE)).stdout)
    assert [row["user_id"] for row in told["tables"]["cart_abandonment_log"]] == [JANE]
    done = call("erase", "--address", JANES, "--yes")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0].startswith("Erased of this address: 1 row of the log")
    assert "Not touched: the shop's own tables" in done.stdout
    assert JANES not in done.stdout
    assert names(shop, JANE) == []
    assert export(cartwake.settings, Whom(address=JANES)).tables["cart_abandonment_log"][0]["user_id"] is None
    assert call("erase", "--address", JANES, "--older-than", "30").returncode == 2
    assert call("export").returncode == 2
