"""What stands on the dashboard: numbers, words and bars."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from fakes.dashboard import (
    AT_S,
    EMPTY,
    MANY_CURRENCIES,
    MINUTE,
    NOTHING_UNDER_WAY,
    NOW,
    NOW_US,
    TROUBLED,
    day,
    figures,
    log,
    row,
    settings,
    standing,
)

from binlog_watcher.admin import shown
from binlog_watcher.admin.problems import OBSTACLES, Grade, problems
from binlog_watcher.admin.strip import strip
from binlog_watcher.admin.views import MOST_TIMERS, OUTCOMES, month_of, rows_of, strip_of
from binlog_watcher.core.log_status import Reason, Status
from binlog_watcher.service import readiness
from binlog_watcher.store.own_tables.overview import UnderWay
from binlog_watcher.store.own_tables.webhook_queue import Standing
from binlog_watcher.telemetry.metrics_server import Obstacle


class TestShown:
    @pytest.mark.parametrize(
        ("us", "wanted"),
        [
            (-5, "0 ms"), (0, "0 ms"), (380_000, "380 ms"), (2_400_000, "2.4 s"), (9_000_000, "9 s"),
            (31_000_000, "31 s"), (74_000_000, "1 min 14 s"), (3_600_000_000, "1 h"), (90_061_000_000, "1 d 1 h"),
        ],
    )  # fmt: skip
    def test_spans(self, us: int, wanted: str) -> None:
        assert shown.span(us) == wanted

    def test_money_is_never_added_across_currencies(self) -> None:
        assert shown.purse({"CHF": Decimal(1), "EUR": Decimal("1234.5"), "USD": Decimal(0)}) == [
            "€1,234.50",
            "CHF\xa01.00",
        ]
        assert shown.money(Decimal("1234.5"), "JPY") == "¥1,234"
        assert shown.money(Decimal("1234.5"), None) == "1,234.50"

    def test_shares(self) -> None:
        assert [shown.share(*each) for each in ((0, 5), (1, 200), (1, 5), (1, 0))] == [
            "0 %",
            "0.5 %",
            "20 %",
            "",
        ]

    def test_moments_of_other_days_have_their_date(self) -> None:
        assert shown.moment(NOW_US, NOW_US) == "14:07:42"
        assert shown.moment(NOW_US - 86_400_000_000, NOW_US) == "19 Mar, 14:07"

    def test_keys(self) -> None:
        assert shown.key("erased:" + "0" * 32) == "(erased)"
        assert shown.key("x" * 99) == "x" * 39 + "…"


class TestDays:
    def test_days_without_a_cart_stand_there_too(self) -> None:
        days = month_of(figures([day(NOW.date(), 10, 5, 1)]), AT_S).days
        assert len(days) == 30
        assert (days[0].name, days[-1].name, days[-1].iso) == ("19 Feb", "20 Mar", "2026-03-20")
        assert [one.numbers for one in days] == [(0, 0, 0)] * 29 + [(10, 5, 1)]

    def test_what_is_older_is_left_out(self) -> None:
        old = day(NOW.date() - timedelta(days=30), 1000, 0, 0)
        days = month_of(figures([old, day(NOW.date(), 3, 3, 3)]), AT_S).days
        assert max(one.numbers[0] for one in days) == 3
        assert month_of(figures([old]), AT_S).days == []


class TestMarks:
    def test_timers_of_one_slot_stand_higher(self) -> None:
        marks = strip([NOW_US - 5, NOW_US, NOW_US + MINUTE, NOW_US + 11 * MINUTE], NOW_US, 10 * MINUTE)
        assert [(mark.title, mark.height) for mark in marks] == [
            ("2 due now", 100.0),
            ("1 due in 1 min", 67.5),
        ]


class TestMonth:
    def test_today_is_the_last_day_of_the_figures(self) -> None:
        found = month_of(
            figures([day(NOW.date() - timedelta(days=1), 20, 12, 6), day(NOW.date(), 10, 5, 2)]), AT_S
        )
        assert [(tile.name, list(tile.values), tile.below) for tile in found.tiles] == [
            ("Abandoned", ["10"], "30 in 30 days"),
            ("Mailed", ["5"], "17 in 30 days"),
            ("Recovered", ["2"], "8 in 30 days, 5 by a click"),
            ("Revenue", ["€142.70"], "€570.80 in 30 days"),
        ]
        assert [(step.name, step.number, step.share, step.percent) for step in found.funnel] == [
            ("Abandoned", "30", "", 100.0), ("Mailed", "17", "57 %", 56.67), ("Clicked", "5", "17 %", 16.67),
            ("Recovered", "8", "27 %", 26.67),
        ]  # fmt: skip
        assert found.lateness[0] == ("Half within", "380 ms")

    def test_a_shop_without_anything_yet(self) -> None:
        found = month_of(EMPTY, AT_S)
        assert found.is_empty
        assert [list(tile.values) for tile in found.tiles] == [["0"]] * 4
        assert (found.lateness, found.rate, found.lost) == ([], "", [])

    def test_each_currency_is_told_by_itself(self) -> None:
        assert month_of(MANY_CURRENCIES, AT_S).tiles[3].values == [
            "¥9,876,543,210",
            "€123,456,789.10",
            "CHF\xa012.30",
        ]


class TestStrip:
    def test_the_next_ones_have_a_name(self) -> None:
        found = strip_of(standing())
        assert (found.within, found.armed, found.in_hand) == ("22", "184", 2)
        assert [(timer.key, timer.due_in) for timer in found.timers[:2]] == [
            ("4117", "9 s"),
            ("4118", "31 s"),
        ]

    def test_more_than_are_shown_have_a_plus(self) -> None:
        crowd = [(number, NOW_US - 1) for number in range(MOST_TIMERS)]
        found = strip_of(standing(upcoming=crowd, armed=70_000))
        assert (found.within, found.timers[0].due_in) == (f"{MOST_TIMERS}+", "now")


class TestRows:
    def test_every_status_has_a_word(self) -> None:
        assert set(OUTCOMES) == set(Status)

    def test_addresses_in_errors_are_masked_and_reasons_are_sentences(self) -> None:
        error = "550 <jane@example.com>:\n no such user"
        rows = rows_of(
            [
                row(1, "failed", error=error),
                row(2, "skipped", Reason.OPTED_OUT),
                row(3, "sent", attempts=3),
                row(4, "retry", error="451 later", next_attempt_us=NOW_US + MINUTE),
                row(5, "odd", "of another tool", total=None, at_us=None),
            ],
            NOW_US,
        )
        assert [one.why for one in rows] == [
            "550 <j***@example.com>: no such user", "The address had opted out", "After 3 attempts",
            "451 later; again at 14:08:42", "Reason of another tool",
        ]  # fmt: skip
        assert (rows[4].outcome, rows[4].total, rows[4].at) == ("odd", "", "")


class TestProblems:
    def test_none(self) -> None:
        assert problems(settings(), None, standing(), log(), None) == []

    def test_the_worst_stands_first_with_what_to_do(self) -> None:
        found = problems(
            settings(PROMISES_CONFIRMED=""), Obstacle("smtp", "the SMTP server takes no mail from us"),
            standing(resets={"purged": 3, "failover": 2}, lag_us=90_000_000), TROUBLED, None,
        )  # fmt: skip
        assert [one.grade for one in found] == [
            Grade.BAD,
            Grade.WARN,
            Grade.WARN,
            Grade.WARN,
            Grade.WARN,
            Grade.NOTE,
        ]
        said = "\n".join(f"{one.said} {one.todo}" for one in found)
        for words in (
            "takes no mail from us", "1 mail has an unknown outcome", "Row 70: look for <cartwake.70",
            "3 mails were given up, the newest since: 550 5.7.1 <j***@example.com> rejected",
            "5 times since the start: purged (3), failover (2)", "1 min 30 s behind", "PROMISES_CONFIRMED=",
        ):  # fmt: skip
            assert words in said
        assert "jane@" not in said

    def test_an_outage_of_gemini_does_not_hide_behind_the_template(self) -> None:
        (found,) = problems(settings(), None, standing(texts_fail=True), log(), None)
        assert (found.grade, "gemini.out" in found.todo) == (Grade.WARN, True)

    def test_many_rows_have_one_command(self) -> None:
        many = replace(TROUBLED, letters=[])
        todo = [one.todo for one in problems(settings(), None, None, many, None)]
        assert todo == [
            "`cartwake retry --unknown` sends them once more.",
            "`cartwake report` lists them; `cartwake retry --failed` tries them again.",
        ]

    def test_what_nobody_takes_up(self) -> None:
        late = replace(NOTHING_UNDER_WAY, overdue_claims=1, overdue_retries=2)
        (found,) = problems(settings(), None, None, log(under_way=late), None)
        assert found.said.startswith("3 begun mails wait")
        assert isinstance(late, UnderWay)

    def test_events_that_nobody_took(self) -> None:
        (found,) = problems(settings(), None, None, log(webhooks=Standing(0, 3, 0)), None)
        assert (found.grade, found.said.partition(":")[0]) == (Grade.WARN, "3 events were given up")
        assert "2xx" in found.todo

    def test_events_that_wait_for_long(self) -> None:
        assert problems(settings(), None, None, log(webhooks=Standing(3, 0, 60)), None) == []
        (found,) = problems(settings(), None, None, log(webhooks=Standing(3, 0, 61)), None)
        assert found.said == "3 events wait for WEBHOOK_URL, the oldest for 1 h 1 min."
        assert "cartwake doctor --only webhooks" in found.todo

    def test_many_bounces(self) -> None:
        (found,) = problems(settings(), None, None, log(bounced=30), None, mailed=1000)
        assert found.said == "30 of 1,000 mails in 30 days bounced for good (3.0 %)."
        for bounced, mailed in ((9, 100), (20, 1000), (30, 0)):
            assert problems(settings(), None, None, log(bounced=bounced), None, mailed=mailed) == []

    def test_a_database_that_is_away(self) -> None:
        (found,) = problems(settings(), None, None, None, "no <a.b@example.com> here")
        assert (found.grade, found.said) == (Grade.BAD, "The log can't be read: no <a***@example.com> here")

    def test_every_word_of_readyz_has_a_sentence(self) -> None:
        for obstacle in (readiness.STANDBY, readiness.STARTING, readiness.STOPPING):
            (found,) = problems(settings(), obstacle, None, None, None)
            assert found.grade is Grade.NOTE
        assert set(OBSTACLES) == {"standby", "starting", "stopping", "binlog", "stuck", "write", "smtp"}
        (unheard_of,) = problems(settings(), Obstacle("new", "of it"), None, None, None)
        assert unheard_of.said == "No mail can go out just now (new: of it)."
        (binlog,) = problems(
            settings(), Obstacle("binlog", "nothing was heard of it; is MySQL there?"), None, None, None
        )
        assert binlog.said.endswith("is MySQL there?")

    def test_a_dry_run(self) -> None:
        (found,) = problems(settings(DRY_RUN="true"), None, None, None, None)
        assert "none is sent" in found.said
