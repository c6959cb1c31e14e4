"""What the report says to programs, and on its page."""

import csv
import io
import re
from datetime import date
from decimal import Decimal

import pytest
from fakes.dashboard import figures as usual

from binlog_watcher.commands.report_figures import as_csv, webhooks
from binlog_watcher.commands.report_html import page
from binlog_watcher.commands.report_tables import terminal_table
from binlog_watcher.store.own_tables.figures import Day, Figures, Followed, Period, Split, Sums, Window
from binlog_watcher.store.own_tables.webhook_queue import EventCount, State


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "a\r=1"])
def test_what_a_shop_s_tables_say_is_no_formula_to_a_spreadsheet(text: str) -> None:
    sums = Sums(abandoned=1, value={text: Decimal(5)})
    figures = Figures(
        window=Window(0, 1),
        attribution_days=5,
        now=Period(sums, 0),
        before=None,
        links=Followed(0, 0, 0),
        holdout=Sums(),
        days=(Day(date(2026, 3, 1), sums),),
        splits={"store": (Split(text, sums), Split("en-GB", sums))},
        outcomes=(),
        lateness=None,
        traced=("cart",),
        with_totals=True,
    )
    rows = list(csv.reader(io.StringIO(as_csv(figures), newline="")))
    assert {len(row) for row in rows} == {5}
    cells = {cell for row in rows for cell in row}
    assert {"en-GB", "2026-03-01"} <= cells
    assert not [cell for cell in cells if cell.lstrip().startswith(("=", "+", "-", "@"))]
    assert any(cell.endswith(text.strip().replace("\r", " ")) for cell in cells)


def test_days_without_a_cart_are_empty_places_in_the_page_s_chart() -> None:
    html = page(usual(), "The <Shop>")
    assert 'viewBox="0 0 620 120"' in html  # a window of 30 times 24 hours lies in 31 days
    places = {int(x) // 20 for x in re.findall(r'class="left" x="(\d+)"', html)}
    assert set(range(31)) - places == {0, 13}
    assert "<span>2026-02-18</span><span>2026-03-20</span>" in html
    assert "2026-03-03:" not in html


def test_a_window_without_a_cart_has_no_chart() -> None:
    assert "<svg" not in page(usual([], outcomes=(), lateness=None), "The Shop")


def test_webhooks_are_counted_on_the_page_as_on_the_terminal() -> None:
    counts = [
        EventCount("cart.sent", State.TOLD, 1_204),
        EventCount("cart.sent", State.DEAD, 2),
        EventCount("cart.clicked", State.WAITING, 3),
    ]
    grid = webhooks(counts)
    assert grid.rows == (("cart.clicked", "0", "3", "0"), ("cart.sent", "1,204", "0", "2"))
    assert terminal_table(grid).row_count == 2
    html = page(usual(), "The Shop", counts)
    assert '<th scope="row">cart.sent</th><td>1,204</td><td>0</td><td>2</td>' in html
    assert "Webhooks" not in page(usual(), "The Shop")
