"""The figures of a fixed history, computed by hand; and the views say the same."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from fakes import mailed_history
from fakes.mailed_history import WINDOW

from binlog_watcher.answers.figures_told import as_json
from binlog_watcher.commands.report_figures import as_csv
from binlog_watcher.core.erased_keys import ErasedKeys
from binlog_watcher.core.log_status import Reason
from binlog_watcher.store.own_tables import earnings, earnings_statements, erasure, tables
from binlog_watcher.store.own_tables.definitions import IN_MEMORY
from binlog_watcher.store.own_tables.figures import Figures, Outcome, Sums, Window
from binlog_watcher.store.own_tables.statement import Statement
from binlog_watcher.store.shop_tables.shop import Shop

THRESHOLD_US = 1_800_000_000


@pytest.fixture
def history(shop: Any) -> Any:
    mailed_history.write(shop)
    shop.shop = Shop(shop.database, mailed_history.schema())
    with shop.database.session() as session:
        tables.create_views(session, shop.shop)
    return shop


def read(shop: Any, **more: Any) -> Figures:
    found = earnings.read_figures(shop.database, shop.shop, WINDOW, days=5, threshold_us=THRESHOLD_US, **more)
    assert found is not None
    return found


def money(**amounts: str) -> Mapping[str, Decimal]:
    return {code: Decimal(amount) for code, amount in amounts.items()}


def test_what_was_left_mailed_recovered_and_lost(history: Any) -> None:
    figures = read(history)
    sums = figures.now.sums
    # 22 rows of the ten days, but for the superseded one
    assert (sums.carts, sums.abandoned) == (22, 21)
    # all of these but the two of the holdout, who opted out, bounced at once, and the unknown one
    assert sums.mailed == 16
    assert sums.value == money(EUR="722", USD="40")
    # 1, 2, 6, 7 and 8 twice each, 9, 18, 3, 12, 14, 15
    assert sums.ordered == 13
    assert sums.ordered_value == money(EUR="396", USD="40")
    assert (sums.left_again, sums.left_again_value) == (1, money(EUR="33"))
    # 4, 5, 11, 10, 13, 19 and the second of 16
    assert (sums.lost, sums.lost_value) == (7, money(EUR="293"))
    assert (sums.recovered_click, sums.click_money) == (3, money(EUR="110", USD="44"))
    assert (sums.recovered_other, sums.other_money) == (4, money(EUR="138.50"))
    assert sums.recovered_money == money(EUR="248.50", USD="44")


def test_the_rate_has_all_orders_of_the_shop_in_its_denominator(history: Any) -> None:
    figures = read(history)
    assert figures.now.orders == 14
    assert figures.now.abandonment_rate == pytest.approx(7 / (7 + 14))
    assert figures.before is not None
    assert (figures.before.sums.abandoned, figures.before.sums.recovered, figures.before.orders) == (1, 1, 1)
    assert figures.before.sums.recovered_money == money(EUR="99")
    assert figures.before.abandonment_rate == 0
    assert read(history, before=False).before is None


def test_what_it_is_split_by(history: Any) -> None:
    figures = read(history)

    def of(dimension: str) -> dict[str, Sums]:
        return {split.value: split.sums for split in figures.splits[dimension]}

    assert {tier: sums.recovered for tier, sums in of("tier").items()} == {"0": 5, "10": 2}
    assert {code: sums.abandoned for code, sums in of("currency").items()} == {"EUR": 20, "USD": 1}
    assert {store: sums.lost for store, sums in of("store").items()} == {"": 6, "de": 1}
    assert {code: sums.mailed for code, sums in of("language").items()} == {"": 15, "de_DE": 1}
    assert list(of("step")) == ["1"]
    assert figures.outcomes[0] == Outcome("sent", None, 16)
    assert Outcome("skipped", "holdout", 2) in figures.outcomes
    assert (figures.holdout.abandoned, figures.holdout.ordered) == (2, 1)
    assert figures.funnel == (("abandoned", 21), ("mailed", 16), ("clicked", 3), ("recovered", 7))
    assert sum(day.sums.recovered for day in figures.days) == 7
    assert [day.day.isoformat() for day in figures.days] == [
        "2026-03-11", "2026-03-14", "2026-03-15", "2026-03-16", "2026-03-18",
    ]  # fmt: skip
    assert figures.traced == ("customer",)
    assert figures.with_totals


def test_the_views_say_the_same(history: Any) -> None:
    sums = read(history).now.sums
    since = mailed_history.ago(10)

    def count(view: str) -> int:
        ((found,),) = history.run(
            f"SELECT COUNT(*) FROM cart_abandonment_carts c JOIN {view} v ON v.log_id = c.log_id "
            "WHERE c.created_at >= %s",
            (since,),
        )
        return int(found)

    assert count("cart_abandonment_carts") == sums.abandoned
    assert count("cart_abandonment_bought") == sums.ordered
    assert count("cart_abandonment_left_again") == sums.left_again
    assert count("cart_abandonment_lost") == sums.lost
    recovered = history.run(
        "SELECT r.currency, SUM(r.amount) FROM cart_abandonment_recovered r "
        "JOIN cart_abandonment_log l ON l.id = r.log_id WHERE l.created_at >= %s GROUP BY r.currency ORDER BY 1",
        (since,),
    )
    assert dict(recovered) == sums.recovered_money
    assert history.run("SELECT COUNT(*) FROM cart_abandonment_orders WHERE bought_at >= %s", (since,)) == [
        (14,)
    ]


def test_a_log_of_the_fourth_layout_is_read(history: Any) -> None:
    before = read(history)
    for view in ("bought", "recovered", "left_again", "lost", "carts"):
        history.run(f"DROP VIEW cart_abandonment_{view}")
    history.run(
        "ALTER TABLE cart_abandonment_log DROP COLUMN store, DROP COLUMN language, DROP COLUMN ordered, "
        "DROP COLUMN left_again, DROP COLUMN recovered, DROP COLUMN recovered_in, DROP COLUMN recovered_click, "
        "DROP KEY cartwake_user"
    )
    history.run("UPDATE cart_abandonment_meta SET value = '4' WHERE name = 'schema_version'")
    found = read(history)
    assert found.now == before.now
    tables.migrate(history.database, history.shop)
    assert read(history).now == before.now
    assert history.run("SELECT COUNT(*) FROM cart_abandonment_lost") == [(7,)]


def erase(shop: Any, condition: str) -> int:
    ids = [log_id for (log_id,) in shop.run(f"SELECT id FROM cart_abandonment_log WHERE {condition}")]
    return int(
        shop.database.in_transaction(
            lambda session: erasure.erase_rows(
                session, shop.shop.queries, ErasedKeys("salt"), ids, reason=Reason.ERASED, days=5
            )
        ).rows
    )


def test_figures_are_the_same_after_erasing(history: Any) -> None:
    """A few at a time: first a clicked mail whose order would then be the later mail's, at last everybody."""
    before = read(history)
    assert erase(history, "user_id = 8 AND created_at < '2026-03-15'") == 1
    assert read(history) == before
    assert erase(history, "user_id IN (7, 16, 1)") == 5
    assert read(history) == before
    assert erase(history, "user_id IS NOT NULL") == 17
    assert history.run("SELECT COUNT(*) FROM cart_abandonment_log WHERE user_id IS NOT NULL") == [(0,)]
    after = read(history)
    assert after == before
    assert as_json(after) == as_json(before)
    assert as_csv(after) == as_csv(before)
    assert history.run("SELECT COUNT(*) FROM cart_abandonment_lost") == [(7,)]


def test_orders_that_are_looked_up_row_by_row_tell_the_same(
    history: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    joined = read(history)
    monkeypatch.setattr(earnings, "ORDERS_A_ROW", 0)
    assert read(history) == joined


ROWS, ORDERS = 1_000, 20_000
_NUMBERS = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) "
_TWO_YEARS_S = 63_072_000


@pytest.fixture
def long_history(shop: Any) -> Any:
    """Rows of sixty days, beside orders of two years."""
    shop.run(
        "INSERT INTO cart_abandonment_log (user_id, cart_key, cart_version, status, email_sent, attempts, cart_total, "
        f"currency, sent_at, created_at) {_NUMBERS}SELECT i, i, i, 'sent', 1, 1, i, 'EUR', %s - INTERVAL i HOUR, "
        "%s - INTERVAL i HOUR FROM n",
        (mailed_history.ago(0), mailed_history.ago(0)),
    )
    shop.run(
        f"INSERT INTO orders (user_id, total_amount, created_at) {_NUMBERS}SELECT (a.i * 20 + b.i) %% 5000, 9, "
        f"%s - INTERVAL ({ORDERS + 20} - a.i * 20 - b.i) * {_TWO_YEARS_S // ORDERS} SECOND "
        "FROM n a JOIN n b WHERE b.i <= 20 ORDER BY a.i, b.i",
        (mailed_history.ago(0),),
    )
    shop.run("ANALYZE TABLE cart_abandonment_log, orders")
    return shop


def plan(shop: Any, statement: Statement) -> list[tuple[str, str, str | None]]:
    """(table, how it is read, by which index) of each step; tables by their alias."""
    prefix, sql = ("", statement.sql)
    if sql.startswith(IN_MEMORY):
        prefix, sql = IN_MEMORY, sql.removeprefix(IN_MEMORY)
    with shop.database.session() as session:
        steps = session.records(f"{prefix}EXPLAIN FORMAT=TRADITIONAL {sql}", statement.parameters)
    return [(str(step["table"]), str(step["type"]).lower(), step["key"]) for step in steps]


def reading(shop: Any, *, days: int = 30, in_memory: bool = True) -> earnings_statements.Reading:
    window = Window.last(WINDOW.until_us, days=days)
    return earnings_statements.Reading(
        shop.shop.queries, 5, window.before_us, window.since_us, window.until_us, erasable=True, in_memory=in_memory
    )  # fmt: skip


def test_orders_are_read_in_the_order_of_their_ids_where_these_lie_close(long_history: Any) -> None:
    asked = reading(long_history)
    with long_history.database.session() as session:
        before, within, first, last = session.row(*asked.orders())
        assert (first, last) == session.row(
            "SELECT MIN(id), (SELECT MAX(id) FROM orders) FROM orders WHERE created_at >= %(rows_from)s",
            asked.parameters,
        )
    counted = earnings.Counted(int(before + within), int(before), int(within), first, last)
    best = counted.best_way(asked)
    of_orders = [step for step in plan(long_history, best.followed()) if step[0] == "o"]
    assert of_orders == [("o", "range", "PRIMARY")]
    with long_history.database.session() as session:
        assert session.rows(*best.followed()) == session.rows(*asked.followed())
    sparse = replace(counted, last_id=first + 4 * int(before + within))
    assert sparse.best_way(asked) == asked
    assert replace(counted, first_id=None, last_id=None).best_way(asked) == asked


def test_no_statement_goes_through_all_orders(long_history: Any) -> None:
    """Those of the span are read once by their index, or those of few carts looked up."""
    asked, few = reading(long_history), reading(long_history, days=1, in_memory=False)
    for statement in (asked.followed(), asked.orders()):
        of_orders = [step for step in plan(long_history, statement) if step[0] == "o"]
        assert of_orders == [("o", "range", "created_at")]
    of_orders = [step for step in plan(long_history, few.followed()) if step[0] == "o"]
    assert ("o", "ref", "user_id") in of_orders
    assert not [step for step in of_orders if step[1] in {"all", "index"}]
    # nor are carts that were left again looked up one by one
    steps = plan(long_history, asked.left_again())
    assert "cartwake_episode" not in {index for _, _, index in steps}
    assert {(table, index) for table, how, index in steps if how == "eq_ref"} == {
        ("s", "PRIMARY"),
        ("l", "PRIMARY"),
    }
