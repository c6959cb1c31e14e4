"""What the report says to programs."""

import csv
import io
from datetime import date
from decimal import Decimal

import pytest

from binlog_watcher.commands.report_figures import as_csv
from binlog_watcher.store.own_tables.figures import Day, Figures, Followed, Period, Split, Sums, Window


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
