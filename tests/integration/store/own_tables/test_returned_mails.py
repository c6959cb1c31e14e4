"""What follows from bounces: when an address is suppressed, for how long, and that nothing is counted twice."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from fakes.explain import plan_of

from binlog_watcher.store.own_tables import returned_mails
from binlog_watcher.store.own_tables.recipients import OptOuts
from binlog_watcher.store.own_tables.returned_mails import (
    Bounced,
    BounceRules,
    ReturnedCount,
    ReturnedMails,
    returned,
)
from mailer.bounces import Result, Severity

JANE = "jane@example.org"
HARD = [Result(Severity.HARD, ("Jane@example.org",), "5.1.1")]
SOFT = [Result(Severity.SOFT, (JANE,), "5.2.2")]
RULES = BounceRules(hard_count=2, soft_count=3, soft_days=30, suppress_days=180)


class Mails:
    """Mails that were sent to Jane, and what becomes of her address."""

    def __init__(self, shop: Any) -> None:
        self.shop = shop
        self.digest = shop.hasher(JANE)
        self.shop.run("INSERT INTO cart_abandonment_recipient (address_hash) VALUES (%s)", (self.digest,))
        self._last = 0

    def desk(self, rules: BounceRules = RULES) -> ReturnedMails:
        return ReturnedMails(self.shop.database, self.shop.hasher, rules)

    def sent(self) -> int:
        """Another one; its row."""
        self._last += 1
        self.shop.run(
            "INSERT INTO cart_abandonment_log (cart_key, cart_version, status, email_sent, address_hash) "
            "VALUES (%s, 1, 'sent', 1, %s)",
            (str(self._last), self.digest),
        )
        return int(self.shop.run("SELECT MAX(id) FROM cart_abandonment_log")[0][0])

    def suppressed(self) -> tuple[Any, ...] | None:
        """Reason and hint."""
        (row,) = self.shop.run(
            "SELECT suppressed_at IS NOT NULL, reason, address_hint FROM cart_abandonment_recipient"
        )
        return row[1:] if row[0] else None

    def age(self, days: int) -> None:
        """So much time passes."""
        for table, column in (
            ("cart_abandonment_log", "bounced_at"),
            ("cart_abandonment_recipient", "suppressed_at"),
        ):
            self.shop.run(f"UPDATE {table} SET {column} = {column} - INTERVAL {days} DAY")

    def bounces(self) -> list[Any]:
        return [row[0] for row in self.shop.run("SELECT bounce FROM cart_abandonment_log ORDER BY id")]


@pytest.fixture
def mails(shop: Any) -> Mails:
    return Mails(shop)


def test_after_so_many_hard_bounces_an_address_is_suppressed(mails: Mails) -> None:
    desk = mails.desk()
    assert not desk.bounced(mails.sent(), HARD).suppressed
    assert mails.suppressed() is None
    assert desk.bounced(mails.sent(), HARD).suppressed
    assert mails.suppressed() == ("bounced", "j***@example.org")
    assert mails.bounces() == ["hard", "hard"]


def test_a_mail_bounces_once_however_often_it_is_told(mails: Mails) -> None:
    desk, row = mails.desk(), mails.sent()
    for report in (SOFT, SOFT, HARD, HARD, SOFT):
        assert not desk.bounced(row, report).suppressed
    assert mails.bounces() == ["hard"], "what is soft at first may be hard in the end, and stays so"
    assert mails.suppressed() is None


def test_many_reports_at_once_are_one_bounce(mails: Mails) -> None:
    desk, rows = mails.desk(), [mails.sent(), mails.sent()]
    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda row: desk.bounced(row, HARD), rows * 8))
    assert [bounced.suppressed for bounced in told].count(True) == 1


def test_soft_ones_count_for_a_time(mails: Mails) -> None:
    desk = mails.desk()
    for _ in range(2):
        desk.bounced(mails.sent(), SOFT)
    mails.age(31)
    for _ in range(2):
        assert not desk.bounced(mails.sent(), SOFT).suppressed
    assert desk.bounced(mails.sent(), SOFT).suppressed


def test_a_hard_one_counts_as_a_soft_one_too(mails: Mails) -> None:
    desk = mails.desk()
    for report in (SOFT, HARD):
        assert not desk.bounced(mails.sent(), report).suppressed
    assert desk.bounced(mails.sent(), SOFT).suppressed


def test_a_soft_one_brings_no_hard_one_back_that_was_lifted(mails: Mails) -> None:
    desk = mails.desk(replace(RULES, hard_count=1))
    assert desk.bounced(mails.sent(), HARD).suppressed
    mails.shop.run(
        "UPDATE cart_abandonment_recipient SET suppressed_at = NULL, reason = NULL"
    )  # `optout remove`
    assert not desk.bounced(mails.sent(), SOFT).suppressed
    assert desk.bounced(mails.sent(), HARD).suppressed


def test_hard_ones_count_as_long_as_a_suppression_lasts(mails: Mails) -> None:
    desk = mails.desk()
    desk.bounced(mails.sent(), HARD)
    mails.age(181)
    assert not desk.bounced(mails.sent(), HARD).suppressed
    assert mails.desk(replace(RULES, suppress_days=0)).bounced(mails.sent(), HARD).suppressed


def test_zero_never_suppresses(mails: Mails) -> None:
    desk = mails.desk(BounceRules(hard_count=0, soft_count=0))
    for _ in range(4):
        assert not desk.bounced(mails.sent(), HARD).suppressed
        assert not desk.bounced(mails.sent(), SOFT).suppressed


@pytest.mark.parametrize("severity", [Severity.ABOUT_US, Severity.DELIVERED])
def test_what_is_no_bounce_leaves_no_trace(mails: Mails, severity: Severity) -> None:
    desk, row = mails.desk(BounceRules(hard_count=1)), mails.sent()
    said = desk.bounced(row, [Result(severity, (JANE,), "5.7.1")]).said
    assert said is not None
    assert said.severity is severity
    assert mails.bounces() == [None]


def test_where_a_mail_was_forwarded_to_is_not_who_was_mailed(mails: Mails) -> None:
    desk, row = mails.desk(BounceRules(hard_count=1)), mails.sent()
    said = desk.bounced(row, [Result(Severity.HARD, ("old@example.net",), "5.1.1")]).said
    assert said is not None
    assert said.address is None
    assert mails.bounces() == ["soft"]
    assert mails.suppressed() is None


def test_a_report_that_names_nobody_is_about_who_was_mailed(mails: Mails) -> None:
    row = mails.sent()
    assert mails.desk(BounceRules()).bounced(row, [Result(Severity.HARD, (), "5.1.1")]).suppressed
    assert mails.suppressed() == ("bounced", f"recipient of mail {row}")


def test_a_row_that_is_gone_is_no_error(mails: Mails) -> None:
    assert mails.desk().bounced(77, HARD) == Bounced(None)


def test_only_what_is_suppressed_for_bounces_ends(mails: Mails) -> None:
    desk = mails.desk(BounceRules())
    desk.bounced(mails.sent(), HARD)
    mails.age(179)
    assert desk.expire() == 0
    mails.age(2)
    assert mails.desk(BounceRules(suppress_days=0)).expire() == 0
    assert desk.expire() == 1
    assert mails.suppressed() is None
    opt_outs = OptOuts(mails.shop.database, mails.shop.hasher)
    for reason in ("complained", "unsubscribed", "manual"):
        opt_outs.remove(JANE)
        opt_outs.add(JANE, reason=reason)
        mails.age(5_000)
        assert desk.expire() == 0


def test_an_opt_out_stays_one_whatever_bounces(mails: Mails) -> None:
    OptOuts(mails.shop.database, mails.shop.hasher).add(JANE)
    assert not mails.desk(BounceRules()).bounced(mails.sent(), HARD).suppressed
    assert mails.suppressed() == ("manual", "j***@example.org")


def test_a_complaint_takes_the_place_of_a_bounce(mails: Mails) -> None:
    row = mails.sent()
    mails.desk(BounceRules()).bounced(row, HARD)
    opt_outs = OptOuts(mails.shop.database, mails.shop.hasher)
    assert opt_outs.add_recipient_of(row, reason="complained")
    assert mails.suppressed() == ("complained", f"recipient of mail {row}")


def test_mails_are_counted_by_day_and_sort(mails: Mails) -> None:
    desk = mails.desk()
    for kind in ("hard", "soft", "hard"):
        desk.count(kind)
    mails.shop.run("UPDATE cart_abandonment_returned SET day = day - INTERVAL 3 DAY WHERE kind = 'soft'")
    now_us = mails.shop.clock.now_us()
    with mails.shop.database.session() as session:
        assert returned(session, now_us) == [ReturnedCount("hard", 2)]
        assert returned(session, now_us - 4 * 86_400_000_000) == [
            ReturnedCount("hard", 2),
            ReturnedCount("soft", 1),
        ]


def test_the_statements_of_a_report_go_by_an_index(mails: Mails) -> None:
    for _ in range(300):
        mails.digest = mails.shop.hasher(f"user{mails._last}@example.com")
        mails.sent()
    mails.shop.run("ANALYZE TABLE cart_abandonment_log, cart_abandonment_recipient")
    for statement in (
        returned_mails.mailed(7),
        returned_mails.note_bounce(7, Severity.HARD),
        returned_mails.suppress(mails.digest, "j***@example.org", RULES, Severity.HARD),
    ):
        plan = plan_of(mails.shop, statement)
        assert all(table["key"] for table in plan), plan
        assert all(int(table["rows"]) <= 10 for table in plan), plan
