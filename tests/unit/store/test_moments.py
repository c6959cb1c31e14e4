"""Moments as numbers and as text: what each value means, and what a column is compared with."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binlog_watcher.shop.moments import Format
from binlog_watcher.store.moments import DayColumn, time_column
from binlog_watcher.store.times import TimeColumn

BERLIN = ZoneInfo("Europe/Berlin")
SECOND, DAY = 1_000_000, 86_400_000_000
NOON_US = 1_769_860_800 * SECOND  # 2026-01-31 12:00 UTC
END_US = 253_402_300_800 * SECOND


def column(held_as: Format, data_type: str = "int") -> TimeColumn:
    return time_column(held_as, data_type, BERLIN)


@pytest.mark.parametrize(
    ("held_as", "value", "expected"),
    [
        (Format.UNIX, 1_769_860_800, NOON_US),
        (Format.UNIX, Decimal("1769860800.25"), NOON_US + 250_000),
        (Format.UNIX, 4_102_444_800, 4_102_444_800 * SECOND),  # 2100: beyond 32 bits
        (Format.UNIX, 0, None),
        (Format.UNIX, -1, None),
        (Format.UNIX, None, None),
        (Format.UNIX, 1_769_860_800_000, None),  # milliseconds, where seconds should be
        (Format.UNIX, Decimal("NaN"), None),
        (Format.UNIX, Decimal("Infinity"), None),
        (Format.UNIX, "1769860800", None),
        (Format.UNIX, True, None),
        (Format.UNIX_MS, 1_769_860_800_123, NOON_US + 123_000),
        (Format.UNIX_MS, 0, None),
        (Format.UNIX_MS, 2**63 - 1, None),
        (Format.TEXT, "2026-01-31 12:00:00", NOON_US),
        (Format.TEXT, " 2026-01-31T12:00:00 ", NOON_US),
        (Format.TEXT, b"2026-01-31 12:00:00", NOON_US),
        (Format.ISO, "2026-01-31T12:00:00Z", NOON_US),
        (Format.ISO, "2026-01-31T12:00:00.123456Z", NOON_US + 123_456),
        (Format.ISO, "2026-01-31T12:00:00.5Z", NOON_US + 500_000),
        (Format.ISO, "2026-01-31T13:00:00+01:00", NOON_US),
        (Format.ISO, "2026-01-31T13:00:00+0100", NOON_US),
        (Format.ISO, "2038-01-20T00:00:00Z", 2_147_558_400 * SECOND),
        (Format.ISO, "0000-00-00T00:00:00", None),
        (Format.TEXT, "0000-00-00 00:00:00", None),
        (Format.TEXT, "2026-02-30 12:00:00", None),
        (Format.TEXT, "2026-01-31", None),
        (Format.TEXT, "20260131", None),
        (Format.TEXT, "yesterday", None),
        (Format.TEXT, "", None),
        (Format.TEXT, None, None),
        (Format.TEXT, b"\xff\xfe", None),
        (Format.TEXT, "٢٠٢٦-01-31 12:00:00", None),  # Arabic digits
        (Format.TEXT, 1_769_860_800, None),
    ],
)
def test_what_a_value_means(held_as: Format, value: Any, expected: int | None) -> None:
    read = column(held_as)
    assert read.to_us(value) == read.earliest_us(value) == read.latest_us(value) == expected


@pytest.mark.parametrize("value", [20_260_131, "20260131", b"20260131", Decimal(20_260_131)])
def test_a_day_begins_at_midnight_in_the_shop_and_may_mean_all_of_it(value: Any) -> None:
    read = column(Format.DAY)
    assert read.to_us(value) == read.earliest_us(value) == NOON_US - 13 * 3600 * SECOND
    assert read.latest_us(value) == NOON_US + 11 * 3600 * SECOND - SECOND


@pytest.mark.parametrize(
    "value", [0, -20_260_131, 20_260_231, 2_026_013, 202_601_311, "", "2026-1-3", "0000000a", None]
)
def test_what_is_no_day(value: Any) -> None:
    read = column(Format.DAY)
    assert read.to_us(value) is read.earliest_us(value) is read.latest_us(value) is None


def test_a_column_is_compared_in_its_own_form() -> None:
    us = NOON_US + 789_000
    forms = [
        column(Format.UNIX).from_us(us), column(Format.UNIX, "decimal").from_us(us), column(Format.UNIX_MS).from_us(us),
        column(Format.DAY).from_us(us), column(Format.DAY, "char").from_us(us), column(Format.TEXT).from_us(us),
        column(Format.ISO).from_us(us),
    ]  # fmt: skip
    assert forms == [
        1_769_860_800, Decimal("1769860800.789"), 1_769_860_800_789, 20_260_131, "20260131", "2026-01-31 12:00:00",
        "2026-01-31T12:00:00",
    ]  # fmt: skip
    assert [type(form) for form in forms] == [int, Decimal, int, int, str, str, str]


def test_a_day_belongs_to_the_shops_zone_and_a_span_holds_those_that_end_in_it() -> None:
    read = column(Format.DAY)
    late_us = NOON_US + 11 * 3600 * SECOND  # midnight in Berlin
    assert (read.from_us(late_us - 1), read.from_us(late_us)) == (20_260_131, 20_260_201)
    assert read.span(NOON_US, NOON_US + 3600 * SECOND) == (20_260_131, 20_260_130)  # none ends
    assert read.span(NOON_US, late_us) == (20_260_131, 20_260_131)
    assert (read.over(late_us - 2 * SECOND), read.over(late_us - SECOND)) == (20_260_130, 20_260_131)
    assert column(Format.UNIX).over(NOON_US) == 1_769_860_800


FORMS = st.sampled_from(
    [
        (Format.UNIX, "int"),
        (Format.UNIX, "decimal"),
        (Format.UNIX_MS, "bigint"),
        (Format.TEXT, "char"),
        (Format.ISO, "char"),
    ]
)
moments = st.integers(2 * DAY, 4_000_000_000 * SECOND)


@given(FORMS, moments, moments, moments, st.sampled_from(["", "Z", ".999Z", "+00:00"]))
def test_a_span_holds_every_moment_in_it(
    form: tuple[Format, str], one: int, two: int, at: int, behind: str
) -> None:
    read = column(*form)
    after, until = sorted((one, two))
    value: Any = read.from_us(at)
    if form[0] is Format.ISO:
        value = f"{value}{behind}"
    us = read.to_us(value)
    assert us is not None
    low, high = read.span(after, until)
    assert not after < us <= until or low <= value <= high
    assert value >= read.from_us(us)
    assert value > read.real.strip("'") if isinstance(value, str) else value > int(read.real)


@given(st.datetimes(datetime(1971, 1, 1), datetime(9998, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001  # hypothesis wants it naive
def test_every_day_is_read_as_it_is_written(moment: datetime) -> None:
    read = DayColumn(BERLIN, as_text=True)
    us = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    day = read.from_us(us)
    begin, last = read.earliest_us(day), read.latest_us(day)
    assert begin is not None
    assert last is not None
    assert begin <= us < last + SECOND
