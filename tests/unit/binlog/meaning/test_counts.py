"""Which changes are activity, where a preset says so: an UPDATE that leaves the cart as it was is none."""

import pytest
from fakes.binlog_events import INT, VARCHAR, rows, table_map

from binlog_watcher.binlog.meaning.effects import Effects, watched_tables
from binlog_watcher.binlog.meaning.tables import Tables
from binlog_watcher.binlog.protocol.wire import DecodeError, Kind
from binlog_watcher.core.events import CartChanged, Change, Event
from binlog_watcher.errors import ConfigError
from binlog_watcher.shop.presets import parse_schema, preset_text

COUNTS = 'counts = ["PRODUCT_ID", "quantity"]'
IGNORE = 'ignore = "seen"'
OLD: list[int | str | None] = [1, 7, 3, 2, "a"]
COLUMNS = {"id": INT, "user_id": INT, "product_id": INT, "quantity": INT, "seen": VARCHAR}


def preset(*lines: str) -> str:
    return preset_text("sample").replace(
        'quantity = "quantity"', "\n".join(['quantity = "quantity"', *lines]), 1
    )


def applied(line: str, *images: list[int | str | None], columns: dict[str, int] = COLUMNS) -> list[Event]:
    schema = parse_schema(preset(line), "my.toml")
    tables = Tables("shop", watched_tables(schema), lambda _: pytest.fail("all is in the table map"))
    tables.map(9, table_map(9, "cart", columns)[19 + 8 : -4])
    effects = Effects()
    assert (
        tables.apply(Kind.UPDATE_ROWS, rows(Kind.UPDATE_ROWS, 9, *images)[19:-4], effects) == len(images) / 2
    )
    return effects.events(5)


@pytest.mark.parametrize("line", [COUNTS, IGNORE])
@pytest.mark.parametrize(
    ("new", "expected"),
    [
        ([1, 7, 3, 2, "b"], []),
        ([1, 7, 3, 2, None], []),
        ([1, 7, 3, 4, "a"], [(7, Change.UPDATE)]),
        ([1, 7, 3, None, "a"], [(7, Change.UPDATE)]),
        ([1, 7, 5, 2, "b"], [(7, Change.UPDATE)]),
        ([1, 8, 3, 2, "a"], [(7, Change.DELETE), (8, Change.UPDATE)]),  # whose it is always counts
    ],
)
def test_an_update_counts_by_what_it_changed(
    line: str, new: list[int | str | None], expected: list[tuple[int, Change]]
) -> None:
    assert applied(line, OLD, new) == [CartChanged(key, change, 5) for key, change in expected]


def test_each_row_of_an_event_counts_for_itself() -> None:
    other: list[int | str | None] = [2, 8, 3, 2, "a"]
    events = applied(COUNTS, OLD, [*OLD[:4], "b"], other, [*other[:3], 5, "b"])
    assert events == [CartChanged(8, Change.UPDATE, 5)]


def test_a_column_that_is_not_there_is_told_and_one_to_ignore_may_be_missing() -> None:
    with pytest.raises(DecodeError, match="has no column gift"):
        applied('counts = ["gift"]', OLD, OLD)
    assert applied('ignore = ["gone"]', OLD, [*OLD[:4], "b"]) == [CartChanged(7, Change.UPDATE, 5)]


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ((COUNTS, IGNORE), "my.toml: cart.ignore: give either counts or ignore, not both"),
        ((COUNTS, 'updated = "touched"'), "my.toml: cart.updated: moves with any change, also with one that does not"),
    ],
)  # fmt: skip
def test_what_does_not_go_together(lines: tuple[str, ...], problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_schema(preset(*lines), "my.toml")
    assert any(line.startswith(problem) for line in caught.value.problems), caught.value.problems
