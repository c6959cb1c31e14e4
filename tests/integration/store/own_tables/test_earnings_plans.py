"""How the figures' statements are carried out beside many orders: by which index, and that none goes through all."""

from dataclasses import replace
from typing import Any

import pytest
from fakes import mailed_history
from fakes.mailed_history import WINDOW

from binlog_watcher.store.own_tables import earnings, earnings_statements
from binlog_watcher.store.own_tables.definitions import IN_MEMORY
from binlog_watcher.store.own_tables.figures import Window
from binlog_watcher.store.own_tables.statement import Statement

ROWS, ORDERS = 1_000, 20_000
_NUMBERS = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) "
_TWO_YEARS_S = 63_072_000


@pytest.fixture(scope="module")
def long_history(shared_shop: Any) -> Any:
    """Rows of sixty days, beside orders of two years. Tests only read."""
    shop = shared_shop
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
