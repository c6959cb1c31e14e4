"""The figures of a fixed history, computed by hand; and the views say the same."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from fakes import mailed_history
from fakes.mailed_history import WINDOW

from binlog_watcher.answers.figures_told import as_json
from binlog_watcher.commands.report_figures import as_csv
from binlog_watcher.core.erased_keys import ErasedKeys
from binlog_watcher.core.log_status import Reason
from binlog_watcher.store.own_tables import earnings, erasure, tables
from binlog_watcher.store.own_tables.figures import Figures, Outcome, Sums
from binlog_watcher.store.shop_tables.shop import Shop

THRESHOLD_US = 1_800_000_000


def known(shop: Any) -> Any:
    """The shop, whose orders have states, currencies and refunds, and the views of it."""
    shop.shop = Shop(shop.database, mailed_history.schema())
    with shop.database.session() as session:
        tables.create_views(session, shop.shop)
    return shop


@pytest.fixture(scope="module")
def history(shared_shop: Any) -> Any:
    """For tests that only read."""
    mailed_history.write(shared_shop)
    return known(shared_shop)


@pytest.fixture
def own_history(shop: Any) -> Any:
    """For a test that changes it."""
    mailed_history.write(shop)
    return known(shop)


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


def test_a_log_of_the_fourth_layout_is_read(own_history: Any) -> None:
    before = read(own_history)
    for view in ("bought", "recovered", "left_again", "lost", "carts"):
        own_history.run(f"DROP VIEW cart_abandonment_{view}")
    own_history.run(
        "ALTER TABLE cart_abandonment_log DROP COLUMN store, DROP COLUMN language, DROP COLUMN ordered, "
        "DROP COLUMN left_again, DROP COLUMN recovered, DROP COLUMN recovered_in, DROP COLUMN recovered_click, "
        "DROP KEY cartwake_user"
    )
    own_history.run("UPDATE cart_abandonment_meta SET value = '4' WHERE name = 'schema_version'")
    found = read(own_history)
    assert found.now == before.now
    tables.migrate(own_history.database, own_history.shop)
    assert read(own_history).now == before.now
    assert own_history.run("SELECT COUNT(*) FROM cart_abandonment_lost") == [(7,)]


def test_an_order_without_a_total_comes_to_that_of_the_cart_in_its_own_money(shop: Any) -> None:
    """The cart's euros are not called dollars because the order was one in dollars."""
    shop.run(mailed_history.ORDERS)
    known(shop)
    history = mailed_history.History(shop)
    history.cart(1, 5, "100")
    history.order(1, 4, None, currency="USD")  # 100 EUR
    history.cart(2, 5, "50")
    history.order(2, 4, "40", currency="USD")  # 40 USD: the order says both
    clicked = history.cart(3, 5, "20")
    history.click(clicked, 4.9)
    history.order(3, 4, None, currency=None)  # 20 EUR, after a click
    history.cart(4, 5, "30", currency="USD")
    history.order(
        4, 4, None, currency="EUR", refunded="5"
    )  # 30 USD: what is given back of an unknown sum is unknown
    figures = read(shop)
    sums = figures.now.sums
    assert (sums.recovered_other, sums.other_money) == (3, money(EUR="100", USD="70"))
    assert (sums.recovered_click, sums.click_money) == (1, money(EUR="20"))
    by_currency = {split.value: split.sums.recovered_money for split in figures.splits["currency"]}
    assert by_currency == {"EUR": money(EUR="120", USD="40"), "USD": money(USD="30")}  # by that of the cart
    rows = shop.run("SELECT currency, SUM(amount) FROM cart_abandonment_recovered GROUP BY currency")
    assert dict(rows) == sums.recovered_money
    assert erase(shop, "user_id IN (1, 4)") == 2
    assert read(shop) == figures


def erase(shop: Any, condition: str) -> int:
    ids = [log_id for (log_id,) in shop.run(f"SELECT id FROM cart_abandonment_log WHERE {condition}")]
    return int(
        shop.database.in_transaction(
            lambda session: erasure.erase_rows(
                session, shop.shop.queries, ErasedKeys("salt"), ids, reason=Reason.ERASED, days=5
            )
        ).rows
    )


def test_figures_are_the_same_after_erasing(own_history: Any) -> None:
    """A few at a time: first a clicked mail whose order would then be the later mail's, at last everybody."""
    before = read(own_history)
    assert erase(own_history, "user_id = 8 AND created_at < '2026-03-15'") == 1
    assert read(own_history) == before
    assert erase(own_history, "user_id IN (7, 16, 1)") == 5
    assert read(own_history) == before
    assert erase(own_history, "user_id IS NOT NULL") == 17
    assert own_history.run("SELECT COUNT(*) FROM cart_abandonment_log WHERE user_id IS NOT NULL") == [(0,)]
    after = read(own_history)
    assert after == before
    assert as_json(after) == as_json(before)
    assert as_csv(after) == as_csv(before)
    assert own_history.run("SELECT COUNT(*) FROM cart_abandonment_lost") == [(7,)]


def test_orders_that_are_looked_up_row_by_row_tell_the_same(
    history: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    joined = read(history)
    monkeypatch.setattr(earnings, "ORDERS_A_ROW", 0)
    assert read(history) == joined
