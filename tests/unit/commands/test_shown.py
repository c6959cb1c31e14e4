"""What the commands tell, on a terminal."""

import io
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from rich.console import Console
from rich.table import Table

from binlog_watcher.answers.wording import WHY, in_words
from binlog_watcher.commands import optout, recommend
from binlog_watcher.commands.reconcile import Found, OncePass
from binlog_watcher.commands.retry import RetryReport
from binlog_watcher.commands.schema import Example, SchemaReport, presets_shown
from binlog_watcher.core.decision import Holdout, Send, Skip, Wait
from binlog_watcher.core.log_status import Reason, Status
from binlog_watcher.store.own_tables.dead_letters import PutBack
from binlog_watcher.store.own_tables.recipients import OptOut
from recommender import Choice, Product, Recommendation, Weights

SINCE, UNTIL = datetime(2026, 11, 26, 8, tzinfo=UTC), datetime(2026, 11, 26, 9, 30, tzinfo=UTC)


def printed(parts: Iterable[Table | str]) -> str:
    console = Console(file=io.StringIO(), width=200)
    for part in parts:
        console.print(part, highlight=False)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"dry_run": True}, "dry run: nothing was written or sent"),
        ({"service_runs": True}, "it mails them itself, nothing was sent from here"),
        ({"mailed": 3, "unknown": 1}, "mailed: 3, outcome unknown: 1"),
        ({"waiting": 2}, "waiting for a cool-down or another try: 2"),
    ],
)
def test_a_pass_tells_what_came_of_it(changes: dict[str, int | bool], words: str) -> None:
    report = OncePass(SINCE, UNTIL, dry_run=False, service_runs=False, read=7)
    for name, value in changes.items():
        setattr(report, name, value)
    text = printed(report.shown())
    assert "from 2026-11-26 08:00 to 2026-11-26 09:30 UTC: 7" in text
    assert words in text
    assert "should have been mailed" not in text


def test_a_pass_lists_what_it_found() -> None:
    report = OncePass(SINCE, UNTIL, dry_run=True, service_runs=False, found=[Found(42, "send", "9.50")])
    table, summary = report.shown()
    assert isinstance(table, Table)
    assert "42" in printed([table])
    assert "abandoned and not in the log: 1" in str(summary)


def test_rows_put_back_and_rows_that_stay() -> None:
    report = RetryReport(frozenset({1, 9}), service_runs=True, dry_run=False, check_interval_s=60)
    report.add(PutBack({1: Status.FAILED, 2: Status.UNKNOWN}, {9: "it was mailed", 10: "too old"}))
    assert report.lines() == [
        "row 9 stays as it is: it was mailed",
        "1 rows stay as they are: too old, logged again since, or another preset's (cartwake report)",
        "put back: 2 rows (1 failed, 1 unknown)",
        "the running service sends them within 60 seconds",
    ]
    assert report.exit_code == 1, "a row that was named stays"


@pytest.mark.parametrize(("named", "says"), [(set(), "nothing to retry"), ({1}, "nothing was put back")])
def test_nothing_to_put_back(named: set[int], says: str) -> None:
    report = RetryReport(frozenset(named), service_runs=False, dry_run=False, check_interval_s=60)
    assert report.lines() == [says]
    assert report.exit_code == 0


def test_decisions_in_words() -> None:
    due_us = int(SINCE.timestamp() * 1_000_000)
    assert in_words(Send(due_us, due_us)) == "send (due since 2026-11-26 08:00:00 UTC)"
    assert in_words(Wait(due_us, Reason.COOLDOWN)) == (
        f"wait until 2026-11-26 08:00:00 UTC (cooldown): {WHY[Reason.COOLDOWN]}"
    )
    assert in_words(Skip(Reason.ROLE)) == f"no mail (role): {WHY[Reason.ROLE]}"
    assert in_words(Holdout(due_us)).startswith("no mail (holdout)")


def test_opted_out_addresses_are_listed_masked() -> None:
    text = printed([optout.shown([OptOut("u***@example.com", SINCE, "manual")])])
    assert "u***@example.com" in text
    assert "2026-11-26 08:00" in text


def test_recommendations_with_their_scores() -> None:
    found = Recommendation(Product(7, "Laptop Sleeve", "", Decimal("19.00"), "Accessories"), 0.25)
    text = printed([recommend.shown([found])])
    for word in ("0.250", "7", "Laptop Sleeve", "Accessories", "19.00"):
        assert word in text
    assert "SIMILARITY_THRESHOLD" in str(recommend.shown([]))
    tried = recommend.Explained([], 7, Choice(Weights(), "they did best", ((Weights(), 0.25),)))
    parts = recommend.explained(tried)
    assert "learnt from 7 orders" in str(parts[1])
    assert parts[2] == "why: they did best"
    assert isinstance(parts[3], Table)
    assert parts[3].row_count == 1


def test_a_preset_beside_its_database() -> None:
    example = Example("1", "7 a***@b.example", "1 x [Tea]", "9.00 EUR", "none", "none", "send")
    report = SchemaReport(
        origin="sample",
        database="shop",
        shape="flat",
        tables=[("cart", "rows of carts", "key = user_id")],
        selects=[("cart.select", "key, [at]")],
        warnings=["no index on [created_at]"],
        examples=[example],
        activated=True,
    )
    text = printed(report.shown())
    for words in ("sample: flat, fits shop", "key = user_id", "cart.select gives key, [at]", "1 x [Tea]",
                  "could be better: no index on [created_at]", "what would be decided now"):  # fmt: skip
        assert words in text
    assert "if Cartwake had always been there" not in text


def test_a_shop_without_carts() -> None:
    report = SchemaReport("sample", "shop", "flat", [], [], [], [], activated=False)
    assert "There are no carts to show." in printed(report.shown())


def test_the_presets_that_come_along() -> None:
    text = printed([presets_shown()])
    for name in ("sample", "prestashop-8", "magento-2", "opencart-3", "opencart-4"):
        assert name in text
