"""Whether created_at is the time at which rows arrive."""

import struct
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from pymysqlreplication.constants import FIELD_TYPE

from binlog_watcher.binlog.decoding.rows import RowPlan
from binlog_watcher.binlog.decoding.table_map import Column
from binlog_watcher.binlog.meaning.cascades import Parent
from binlog_watcher.binlog.meaning.created_at import CreatedAtCheck, CreatedColumn
from binlog_watcher.binlog.meaning.effects import Role, Watched
from binlog_watcher.binlog.meaning.layout import layout_of
from binlog_watcher.shop.moments import Format, Moment
from binlog_watcher.store.moments import time_column
from binlog_watcher.store.times import TimeColumn

NOW = 1_790_000_000_000_000
HOUR = 3_600_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DATETIME2, TIMESTAMP2 = 18, 17


@pytest.fixture
def logs() -> Iterator[list[structlog.typing.EventDict]]:
    with structlog.testing.capture_logs() as captured:
        yield captured


LONG_AT = Column(FIELD_TYPE.LONGLONG, b"", "at", unsigned=True)


def in_utc() -> CreatedAtCheck:
    return CreatedAtCheck(TimeColumn(UTC).to_us)


CREATED = CreatedColumn(RowPlan((Column(DATETIME2, b"\6"),), (0,)), Watched(Role.CART, "id"))


def row(at_us: int | None) -> bytes:
    """A rows event's columns, bitmap and row, of one column DATETIME(6) on a clock in UTC."""
    if at_us is None:
        return b"\1\1\1"
    return b"\1\1\0" + packed(EPOCH + timedelta(microseconds=at_us), 6)


def test_a_wrong_zone_is_warned_of_once(logs: list[structlog.typing.EventDict]) -> None:
    check = in_utc()
    for _ in range(10):
        check.keep(CREATED, row(NOW + 2 * HOUR), 0)
        check.compare(NOW, live=True)
    (warning,) = logs
    assert warning["log_level"] == "warning"
    assert warning["minutes"] == 120
    assert "SHOP_TIMEZONE" in warning["hint"]
    check.keep(CREATED, row(NOW + 2 * HOUR), 0)
    assert check.sample is None


def test_what_is_no_sign_of_a_wrong_zone(logs: list[structlog.typing.EventDict]) -> None:
    check = in_utc()
    for skew, live in ((4 * 60_000_000, True), (-HOUR, False), (-HOUR, True), (-HOUR, True), (0, True)) * 5:
        check.keep(CREATED, row(NOW + skew), 0)
        check.compare(NOW, live=live)
        assert check.sample is None
    for body in (row(None), row(NOW)[:-1], b"\1\1"):
        check.keep(CREATED, body, 0)
        check.compare(NOW, live=True)
    assert logs == []


def test_the_zone_that_is_set_counts(logs: list[structlog.typing.EventDict]) -> None:
    zone = ZoneInfo("Asia/Tokyo")
    check = CreatedAtCheck(TimeColumn(zone).to_us)
    for _ in range(5):
        check.keep(CREATED, row(NOW + 9 * HOUR), 0)
        check.compare(NOW, live=True)
    assert logs == []


@pytest.mark.parametrize(
    ("held_as", "column", "value"),
    [
        (Format.UNIX, Column(FIELD_TYPE.LONG, b"", "at", unsigned=True), lambda us: struct.pack("<I", us // 10**6)),
        (Format.UNIX_MS, LONG_AT, lambda us: struct.pack("<Q", us // 10**3)),
        (
            Format.ISO,
            Column(FIELD_TYPE.VARCHAR, b"\x20\0", "at", charset="ascii"),
            lambda us: b"\x14" + f"{EPOCH + timedelta(microseconds=us):%Y-%m-%dT%H:%M:%SZ}".encode(),
        ),
    ],
)  # fmt: skip
def test_moments_that_are_numbers_or_text(
    logs: list[structlog.typing.EventDict], held_as: Format, column: Column, value: Callable[[int], bytes]
) -> None:
    key = Column(FIELD_TYPE.LONG, b"", "id", unsigned=True)
    watched = Watched(Role.CART, "id", created_column=Moment("at", held_as))
    created = layout_of("shop.cart", (key, column), (watched,), Parent()).created
    assert created is not None
    check = CreatedAtCheck(time_column(held_as, "int", UTC).to_us)
    for skew in (0, -4 * 60_000_000, 3 * HOUR, 3 * HOUR, 3 * HOUR):
        check.keep(created, b"\2\3\0" + bytes(4) + value(NOW + skew), 0)
        check.compare(NOW, live=True)
    (warning,) = logs
    assert (warning["minutes"], "format" in warning["hint"]) == (180, True)


def test_a_day_tells_nothing_of_the_zone() -> None:
    columns = tuple(Column(FIELD_TYPE.LONG, b"", name, unsigned=True) for name in ("id", "at"))
    for held_as, checked in ((Format.DAY, False), (Format.TEXT, False), (None, False), (Format.UNIX, True)):
        watched = Watched(Role.CART, "id", created_column=Moment("at", held_as))
        assert (layout_of("shop.cart", columns, (watched,), Parent()).created is not None) is checked


def packed(value: datetime, digits: int) -> bytes:
    """DATETIME2 as MySQL writes it."""
    whole = (value.year * 13 + value.month) << 22 | value.day << 17 | value.hour << 12
    whole |= value.minute << 6 | value.second
    size = (digits + 1) // 2
    fraction: int = value.microsecond // 100 ** (3 - size)
    return (whole | 1 << 39).to_bytes(5, "big") + fraction.to_bytes(size, "big")


times = st.datetimes(min_value=datetime(1, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # hypothesis wants it naive


@given(times, st.integers(0, 6))
def test_a_datetime_of_every_precision(value: datetime, digits: int) -> None:
    unit = 100 ** (3 - (digits + 1) // 2)
    value = value.replace(microsecond=value.microsecond // unit * unit)
    plan = RowPlan((Column(DATETIME2, bytes([digits])),), (0,))
    ((found,),) = plan.single(b"\1\1\0" + packed(value, digits), 0)
    assert found == (value - EPOCH) // timedelta(microseconds=1)


def test_a_timestamp_and_dates_that_are_none() -> None:
    plan = RowPlan((Column(TIMESTAMP2, b"\3"),), (0,))
    ((found,),) = plan.single(b"\1\1\0" + struct.pack(">IH", 1_790_000_000, 1230), 0)
    assert found == 1_790_000_000_123_000
    ((found,),) = plan.single(b"\1\1\0" + bytes(6), 0)
    assert found is None
    plan = RowPlan((Column(DATETIME2, b"\0"),), (0,))
    ((found,),) = plan.single(b"\1\1\0" + (1 << 39).to_bytes(5, "big"), 0)
    assert found is None
