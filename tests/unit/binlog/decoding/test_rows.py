"""Rows of events, byte by byte: bitmaps, NULLs, columns that are absent or unwanted, pairs of an UPDATE."""

import struct
from collections.abc import Sequence

import pytest
from fakes.binlog_events import lenenc
from hypothesis import given
from hypothesis import strategies as st
from pymysqlreplication.constants import FIELD_TYPE

from binlog_watcher.binlog.decoding.row_image import Image, Row
from binlog_watcher.binlog.decoding.rows import RowPlan
from binlog_watcher.binlog.decoding.table_map import Column
from binlog_watcher.binlog.decoding.values import ABSENT, OPAQUE
from binlog_watcher.binlog.protocol.wire import DecodeError

ID = Column(FIELD_TYPE.LONG, b"", "id", unsigned=False)
BIG = Column(FIELD_TYPE.LONGLONG, b"", "big", unsigned=True)
SMALL = Column(FIELD_TYPE.SHORT, b"", "small", unsigned=True)
TINY = Column(FIELD_TYPE.TINY, b"", "tiny", unsigned=False)
MEDIUM = Column(FIELD_TYPE.INT24, b"", "medium", unsigned=True)
NAME = Column(FIELD_TYPE.VARCHAR, b"\x28\x00", "name", charset="utf8mb4")
NOTE = Column(FIELD_TYPE.VARCHAR, b"\xff\xff", "note", charset="utf8mb4")
WHEN = Column(FIELD_TYPE.TIMESTAMP2, b"\0", "at")
BLOB = Column(FIELD_TYPE.BLOB, b"\2", "blob")
JSON = Column(FIELD_TYPE.JSON, b"\4", "j")

Cell = int | str | bytes | None
"""One column's value; bytes: its raw image, whatever it means."""


def bits(flags: Sequence[bool]) -> bytes:
    return sum(1 << at for at, flag in enumerate(flags) if flag).to_bytes((len(flags) + 7) // 8, "little")


def cell(column: Column, value: Cell) -> bytes:
    match value:
        case None:
            return b""
        case int():
            size = {FIELD_TYPE.TINY: 1, FIELD_TYPE.SHORT: 2, FIELD_TYPE.INT24: 3, FIELD_TYPE.LONG: 4}
            return value.to_bytes(size.get(column.type, 8), "little", signed=not column.unsigned)
        case str():
            raw = value.encode()
            return len(raw).to_bytes(2 if column is NOTE else 1, "little") + raw
        case bytes():
            return value


def image(columns: Sequence[Column], values: Sequence[Cell], held: Sequence[bool] | None = None) -> bytes:
    """The row's image: a bitmap of NULLs among the columns that are held, then the values."""
    kept = [pair for at, pair in enumerate(zip(columns, values, strict=True)) if held is None or held[at]]
    return bits([value is None for _, value in kept]) + b"".join(cell(*pair) for pair in kept)


def head(columns: Sequence[Column], *held: Sequence[bool] | None) -> bytes:
    everything = [True] * len(columns)
    return lenenc(len(columns)) + b"".join(bits(everything if one is None else one) for one in held)


def single(plan: RowPlan, data: bytes) -> list[Row]:
    """The rows of an event that has something before them."""
    return list(plan.single(b"before" + data, 6))


# --- rows of fixed size -------------------------------------------------------------------------------------------

FIXED = (TINY, BIG, SMALL, WHEN, ID)
ONE_ROW = image(FIXED, [-3, 1 << 63, 65_535, b"\0\0\0\1", -7])


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ((0, 1, 2, 4), (-3, 1 << 63, 65_535, -7)),
        ((4, 2, 1, 0), (-7, 65_535, 1 << 63, -3)),
        ((2, 4, 0), (65_535, -7, -3)),
        ((4,), (-7,)),
        ((), ()),
    ],
)
def test_integers_stand_as_they_are_wanted(wanted: tuple[int, ...], expected: Row) -> None:
    plan = RowPlan(FIXED, wanted)
    data = head(FIXED, None) + ONE_ROW
    assert single(plan, data + ONE_ROW) == [expected, expected]
    assert plan.lone(b"xx" + data, 2) == expected
    assert plan.lone(b"xx" + data + ONE_ROW, 2) is None
    assert plan.lone(b"xx" + data[:-1], 2) is None
    assert plan.lone(data + b"xx", 2) is None
    assert plan.lone(b"xx" + data[:2] + b"\1" + data[3:], 2) is None, "a NULL"


@pytest.mark.parametrize("wanted", [(1, 0), (0, 1)])
def test_a_null_among_integers(wanted: tuple[int, int]) -> None:
    plan = RowPlan((ID, BIG), wanted)
    rows = image((ID, BIG), [None, 8]) + image((ID, BIG), [7, None]) + image((ID, BIG), [7, 8])
    found = single(plan, head((ID, BIG), None) + rows)
    assert [row[wanted.index(0)] for row in found] == [None, 7, 7]
    assert [row[wanted.index(1)] for row in found] == [8, None, 8]


def test_an_integer_of_three_bytes() -> None:
    plan = RowPlan((ID, MEDIUM, TINY), (2, 1))
    data = head((ID, MEDIUM, TINY), None) + image((ID, MEDIUM, TINY), [1, 0xFEDCBA, -1])
    assert single(plan, data) == [(-1, 0xFEDCBA)]
    assert plan.lone(data, 0) is None


def test_a_column_that_nothing_tells_the_sign_of_is_wanted_by_nobody() -> None:
    odd = Column(FIELD_TYPE.LONG, b"", "odd")
    data = head((odd, ID), None) + image((odd, ID), [b"\1\2\3\4", 7])
    assert single(RowPlan((odd, ID), (1,)), data) == [(7,)]
    with pytest.raises(DecodeError, match="column odd"):
        single(RowPlan((odd, ID), (0,)), data)
    assert single(RowPlan((odd, ID), (0, 1), frozenset({0})), data) == [(OPAQUE, 7)]


# --- rows of any size ---------------------------------------------------------------------------------------------

MIXED = (ID, NAME, BLOB, NOTE, SMALL, WHEN, TINY, JSON, BIG, NAME)
VALUES: list[Cell] = [
    5, "Zoë", b"\2\0xy", "n" * 300, 9, b"\0\0\0\1", -1, b"\3\0\0\0abc", 1 << 40, "",
]  # fmt: skip


def test_what_is_not_wanted_is_stepped_over() -> None:
    plan = RowPlan(MIXED, (9, 8, 6, 4, 3, 1, 0))
    data = head(MIXED, None) + image(MIXED, VALUES) * 2
    assert single(plan, data) == [("", 1 << 40, -1, 9, "n" * 300, "Zoë", 5)] * 2
    assert plan.lone(data, 0) is None


@given(
    nulls=st.lists(st.booleans(), min_size=10, max_size=10),
    held=st.lists(st.booleans(), min_size=10, max_size=10),
    wanted=st.permutations([0, 1, 3, 4, 6, 8, 9]),
    count=st.integers(0, 7),
)
def test_columns_that_are_null_or_absent(
    nulls: list[bool], held: list[bool], wanted: list[int], count: int
) -> None:
    values = [None if null else value for null, value in zip(nulls, VALUES, strict=True)]
    plan = RowPlan(MIXED, tuple(wanted[:count]))
    expected = tuple(values[at] if held[at] else ABSENT for at in wanted[:count])
    rows = image(MIXED, values, held) * 2
    assert single(plan, head(MIXED, held) + rows) == [expected] * (2 if rows else 0)


def test_the_bitmaps_of_an_event_are_its_own() -> None:
    plan = RowPlan((ID, NAME), (0, 1))
    whole = head((ID, NAME), None) + image((ID, NAME), [1, "a"])
    partly = head((ID, NAME), [True, False]) + image((ID, NAME), [1, "a"], [True, False])
    for _ in range(2):
        assert single(plan, whole) == [(1, "a")]
        assert single(plan, partly) == [(1, ABSENT)]


@pytest.mark.parametrize("columns", [(ID, SMALL), (NAME, NOTE), (NOTE, ID), (BLOB, ID)])
def test_a_row_that_is_cut_off_is_no_row(columns: tuple[Column, Column]) -> None:
    by_column: dict[Column, Cell] = {ID: 7, SMALL: 8, NAME: "Zoë", NOTE: "n", BLOB: b"\1\0x"}
    values: list[Cell] = [by_column[column] for column in columns]
    row = image(columns, values)
    wanted = tuple(at for at, column in enumerate(columns) if column is not BLOB)
    for size in range(1, len(row)):
        with pytest.raises(DecodeError, match=r"^(a row is cut off|\d bytes expected at offset \d+ of \d+)$"):
            single(RowPlan(columns, wanted), head(columns, None) + row[:size])


def test_a_cut_is_called_by_its_name() -> None:
    for column in (ID, NAME):
        row = image((column,), [7 if column is ID else "abc"])
        with pytest.raises(DecodeError, match=r"^a row is cut off$"):
            single(RowPlan((column,), (0,)), head((column,), None) + row[:-1])


@pytest.mark.parametrize("count", [7, 8, 9, 16, 17])
def test_tables_of_many_columns(count: int) -> None:
    columns = (ID,) * count
    plan = RowPlan(columns, (0, count - 1))
    data = head(columns, None) + image(columns, list(range(count)))
    assert single(plan, data) == [(0, count - 1)]
    nothing: list[Cell] = [None] * (count - 1)
    assert single(plan, head(columns, None) + image(columns, [*nothing, 3])) == [(None, 3)]


@pytest.mark.parametrize("count", [250, 251, 300])
def test_a_number_of_columns_that_takes_three_bytes(count: int) -> None:
    columns = (ID,) * count
    plan = RowPlan(columns, (count - 1,))
    data = head(columns, None) + image(columns, list(range(count)))
    assert single(plan, data) == [(count - 1,)]
    assert plan.lone(data, 0) == (count - 1,)
    data = head(columns, None, None) + image(columns, list(range(count))) * 2
    assert list(plan.pairs(data, 0)) == [((count - 1,), (count - 1,))]


def test_another_number_of_columns_than_the_tables() -> None:
    with pytest.raises(DecodeError, match=r"^rows of 2 columns for a table of 1$"):
        single(RowPlan((ID,), (0,)), head((ID, ID), None) + image((ID, ID), [1, 2]))


def test_bitmaps_that_are_cut_off() -> None:
    with pytest.raises(DecodeError, match="2 bytes expected"):
        single(RowPlan((ID,) * 9, (0,)), lenenc(9) + b"\xff")


def test_no_rows_at_all() -> None:
    plan = RowPlan((ID,), (0,))
    assert single(plan, head((ID,), None)) == []
    assert plan.lone(head((ID,), None), 0) is None


def test_states_are_told_by_their_own_columns() -> None:
    plan = RowPlan((ID, BLOB, BLOB), (0, 2), frozenset({2}))
    assert single(plan, head((ID, BLOB, BLOB), None) + image((ID, BLOB, BLOB), [1, b"\0\0", b"\1\0x"])) == [
        (1, OPAQUE)
    ]


# --- lone rows ----------------------------------------------------------------------------------------------------


def test_a_lone_row_is_known_from_the_first_event_of_its_kind_on() -> None:
    plan = RowPlan((ID, BIG), (1,))
    data = head((ID, BIG), None) + image((ID, BIG), [1, 8])
    assert plan.lone(data, 0) is None
    assert single(plan, data) == [(8,)]
    assert plan.lone(data, 0) == (8,)
    partly = head((ID, BIG), [False, True]) + image((ID, BIG), [1, 9], [False, True])
    assert plan.lone(partly, 0) is None
    assert single(plan, partly) == [(9,)]
    assert plan.lone(partly, 0) == (9,)


def test_a_lone_row_without_a_wanted_column_goes_the_ordinary_way() -> None:
    plan = RowPlan((ID, BIG), (0, 1))
    partly = head((ID, BIG), [False, True]) + image((ID, BIG), [1, 9], [False, True])
    assert single(plan, partly) == [(ABSENT, 9)]
    assert plan.lone(partly, 0) is None


def test_an_update_explains_no_lone_row() -> None:
    plan = RowPlan((ID,), (0,))
    update = head((ID,), None, None) + image((ID,), [1]) + image((ID,), [2])
    assert list(plan.pairs(update, 0)) == [((1,), (2,))]
    assert plan.lone(head((ID,), None) + image((ID,), [1]), 0) is None


# --- updates ------------------------------------------------------------------------------------------------------


def test_pairs_before_and_after() -> None:
    columns = (ID, NAME, SMALL)
    plan = RowPlan(columns, (2, 1))
    before: list[Cell] = [1, "old", 2]
    after: list[Cell] = [1, None, 3]
    data = b"xy" + head(columns, None, None) + (image(columns, before) + image(columns, after)) * 2
    assert list(plan.pairs(data, 2)) == [((2, "old"), (3, None))] * 2


def test_the_images_of_a_pair_hold_columns_of_their_own() -> None:
    columns = (ID, NAME, SMALL)
    key, changed = [True, False, False], [False, False, True]
    data = (
        head(columns, key, changed) + image(columns, [1, "a", 2], key) + image(columns, [1, "a", 3], changed)
    )
    assert list(RowPlan(columns, (0, 1, 2)).pairs(data, 0)) == [((1, ABSENT, ABSENT), (ABSENT, ABSENT, 3))]


def test_the_same_bytes_as_head_of_an_insert_and_of_an_update() -> None:
    """Of a plan that serves both: an INSERT's head is shorter, but an event that is cut off may look like it."""
    columns = (ID,) * 9
    plan = RowPlan(columns, (0,))
    insert = head(columns, None) + image(columns, list(range(9)))
    assert single(plan, insert) == [(0,)]
    with pytest.raises(DecodeError):
        list(plan.pairs(head(columns, None), 0))
    assert single(plan, insert) == [(0,)]


@pytest.mark.parametrize("documents", [1, 8, 9])
@pytest.mark.parametrize("options", [0, 1])
def test_partial_updates_have_bits_of_their_documents_between_the_images(
    documents: int, options: int
) -> None:
    columns = (ID, *[JSON] * documents, BIG)
    values: list[Cell] = [7, *[b"\2\0\0\0xy"] * documents, 8]
    middle = bytes([options]) + (bytes((documents + 7) // 8) if options else b"")
    pair = image(columns, values) + middle + image(columns, [*values[:-1], 9])
    plan = RowPlan(columns, (0, len(columns) - 1))
    found = list(plan.pairs(head(columns, None, None) + pair * 2, 0, partial=True))
    assert found == [((7, 8), (7, 9))] * 2


def test_a_whole_update_has_no_such_bits() -> None:
    columns = (ID, JSON)
    data = head(columns, None, None) + image(columns, [1, b"\0\0\0\0"]) * 2
    assert list(RowPlan(columns, (0,)).pairs(data, 0)) == [((1,), (1,))]


def test_rows_of_no_bytes_have_an_end() -> None:
    with pytest.raises(DecodeError, match=r"^a row of no bytes$"):
        single(RowPlan((ID,), (0,)), head((ID,), [False]) + b"rest")
    with pytest.raises(DecodeError, match=r"^a row of no bytes$"):
        list(RowPlan((ID,), (0,)).pairs(head((ID,), [False], [False]) + b"rest", 0))


# --- images -------------------------------------------------------------------------------------------------------


def test_an_image_of_integers_is_read_in_one_go() -> None:
    assert Image((ID, NAME), b"\1", (0,)).fast is not None
    fast = Image((ID, WHEN, BIG), b"\7", (2, 0)).fast
    assert fast is not None
    assert (fast.layout.format, fast.order) == ("<i4xQ", (1, 0))
    in_order = Image((ID, WHEN, BIG), b"\7", (0, 2)).fast
    assert in_order is not None
    assert in_order.order is None
    assert Image((ID, NAME), b"\3", (0,)).fast is None
    assert Image((ID, MEDIUM), b"\3", (1,)).fast is None
    assert Image((ID, BIG), b"\1", (0, 1)).fast is None, "a wanted column is absent"
    year = Column(FIELD_TYPE.YEAR, b"", "y", unsigned=True)
    assert Image((ID, year), b"\3", (0, 1)).fast is None, "a number, and no integer"
    assert Image((ID, year), b"\3", (0,)).fast is not None


def test_an_image_tells_where_it_ends() -> None:
    cases: list[tuple[tuple[Column, ...], list[Cell]]] = [
        ((ID, BIG), [1, 2]), ((ID, NAME), [1, "abc"]), ((ID, BIG), [None, 2]),
    ]  # fmt: skip
    for columns, values in cases:
        data = image(columns, values)
        row, behind = Image(columns, b"\3", (0,)).read(b"123" + data + b"4", 3)
        assert (row, behind) == ((values[0],), 3 + len(data))


def test_an_image_of_signs() -> None:
    columns = (Column(FIELD_TYPE.SHORT, b"", unsigned=False), Column(FIELD_TYPE.TINY, b"", unsigned=True))
    data = b"\0" + struct.pack("<hB", -2, 254)
    assert Image(columns, b"\3", (0, 1)).read(data, 0) == ((-2, 254), 4)


def test_raw_values_are_the_bytes_of_any_type_whole_rows_of_numbers_too() -> None:
    """What only compares needs no decoder: a DECIMAL has none."""
    columns = (
        Column(FIELD_TYPE.LONG, b"", "id", unsigned=False),
        Column(FIELD_TYPE.NEWDECIMAL, bytes([10, 2]), "price"),
    )
    data = b"\2\3\0" + struct.pack("<i", 7) + b"\x80\0\0\1\2"
    assert list(RowPlan(columns, (0, 1), raw=frozenset({0, 1})).single(data, 0)) == [
        (b"\7\0\0\0", b"\x80\0\0\1\2")
    ]
    assert list(RowPlan(columns, (0, 1), raw=frozenset({1})).single(data, 0)) == [(7, b"\x80\0\0\1\2")]
    numbers = (columns[0], columns[0])
    data = b"\2\3\0" + struct.pack("<ii", 7, -1)
    assert list(RowPlan(numbers, (0, 1), raw=frozenset({0, 1})).single(data, 0)) == [
        (b"\7\0\0\0", b"\xff" * 4)
    ]
    assert list(RowPlan(numbers, (0, 1)).single(data, 0)) == [(7, -1)]
