"""Values as Debezium 3.6 writes them of MySQL 9.7, in the forms that its settings allow."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binlog_watcher.binlog.decoding.values import ABSENT, OPAQUE, Value
from binlog_watcher.binlog.protocol.wire import DecodeError
from binlog_watcher.kafka.columns import Column, can_be_a_key, document, held, key_reader, moment, state

UNAVAILABLE = "__debezium_unavailable_value"


def column(full_type: str) -> Column:
    return Column("c", full_type.split("(", maxsplit=1)[0].split(maxsplit=1)[0], full_type)


def base64_of(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("int", 7, 7),
        ("int", -7, -7),
        ("int unsigned", 4_000_000_000, 4_000_000_000),
        ("bigint unsigned", -1, 18_446_744_073_709_551_615),  # bigint.unsigned.handling.mode=long
        ("bigint unsigned", base64_of(b"\0" + b"\xff" * 8), 18_446_744_073_709_551_615),  # precise
        ("bigint", -1, -1),
        ("tinyint(1)", True, 1),  # by a converter
        ("varchar(20)", "väl", "väl"),
        ("char(5)", "ch", "ch"),
        ("binary(4)", "Af8AAA==", "01ff0000"),
        ("binary(4)", "Af8=", "01ff0000"),
        ("varbinary(8)", "-_8=", "fbff"),  # base64-url-safe
        ("uuid", "0190A2B4-0000-7000-8000-000000000001", "0190a2b4-0000-7000-8000-000000000001"),
        ("int", None, None),
        ("varchar(20)", None, None),
        ("binary(4)", ABSENT, ABSENT),
    ],
)
def test_keys(kind: str, value: Any, expected: Value) -> None:
    assert key_reader(column(kind))(value) == expected
    assert can_be_a_key(column(kind))


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("int", 1.5),
        ("int", [1]),
        ("varchar(9)", 7),
        ("binary(4)", "01ff0000!"),
        ("binary(4)", 7),
        ("uuid", 7),
    ],
)
def test_values_that_are_no_keys(kind: str, value: Any) -> None:
    with pytest.raises(DecodeError, match="column c"):
        key_reader(column(kind))(value)


@pytest.mark.parametrize("kind", ["decimal(10,2)", "datetime", "json", "text", "blob", "double", "enum('a')"])
def test_types_that_can_be_no_keys(kind: str) -> None:
    assert not can_be_a_key(column(kind))
    with pytest.raises(DecodeError, match="can't be a key"):
        key_reader(column(kind))


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("tinyint", -1, -1),
        ("tinyint(1)", False, 0),
        ("varchar(9)", "paid", "paid"),
        ("bit(1)", True, 1),
        ("bit(9)", "AgE=", 258),  # the least significant byte first
        ("bit(9)", [1], OPAQUE),
        ("enum('a','b')", "b", "b"),
        ("enum('a','b')", "", OPAQUE),  # what was no member
        ("set('x','y')", "x,y", OPAQUE),
        ("decimal(12,3)", "MDk=", OPAQUE),
        ("decimal(12,3)", "12.345", OPAQUE),
        ("decimal(12,3)", 12.345, OPAQUE),
        ("datetime(6)", 1_769_860_800_123_456, OPAQUE),
        ("text", "text", OPAQUE),
        ("datetime", None, None),
        ("int", ABSENT, ABSENT),
        ("int", "not in base64", OPAQUE),
    ],
)
def test_states(kind: str, value: Any, expected: Value) -> None:
    assert state(column(kind), value) == expected


def test_a_value_that_the_connector_did_not_have() -> None:
    image = {"a": UNAVAILABLE, "b": base64_of(UNAVAILABLE.encode()), "c": None, "d": [UNAVAILABLE]}
    assert [held(image, name) for name in "abcde"] == [ABSENT, ABSENT, None, [UNAVAILABLE], ABSENT]


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("longtext", "späßchen", "späßchen".encode()),
        ("json", '{"a":[1,2]}', b'{"a":[1,2]}'),
        ("varchar(9)", "x", b"x"),
        ("blob", "AP8Q", b"\x00\xff\x10"),
        ("blob", None, None),
        ("text", ABSENT, ABSENT),
    ],
)
def test_documents(kind: str, value: Any, expected: Value) -> None:
    assert document(column(kind), value) == expected


@pytest.mark.parametrize(("kind", "value"), [("text", 7), ("blob", "no base64!"), ("datetime", "2026-01-31")])
def test_what_is_no_document(kind: str, value: Any) -> None:
    with pytest.raises(DecodeError, match="column c"):
        document(column(kind), value)


NOON_US = 1_769_860_800_123_456


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("datetime", 1_769_860_800_000, 1_769_860_800_000_000),
        ("datetime(3)", 1_769_860_800_123, 1_769_860_800_123_000),
        ("datetime(6)", NOON_US, NOON_US),
        ("datetime(6)", NOON_US * 1000, NOON_US),
        ("datetime(6)", "2026-01-31T12:00:00.123456", NOON_US),
        ("datetime(6)", "2026-01-31T12:00:00.123456Z", NOON_US),
        ("timestamp(6)", "2026-01-31T13:00:00.123456+01:00", NOON_US),
        ("timestamp", "2026-01-31T12:00:00Z", 1_769_860_800_000_000),
        ("timestamp", "no time", None),
        ("timestamp", True, None),
        ("timestamp", None, None),
        ("int", 1_769_860_800, 1_769_860_800),  # of the preset's own format
        ("varchar(20)", "20260131", "20260131"),
        ("double", 1.5, None),
    ],
)
def test_moments(kind: str, value: Any, expected: Value) -> None:
    assert moment(column(kind), value) == expected


@given(st.datetimes(datetime(1972, 1, 1), datetime(2900, 1, 1)))  # noqa: DTZ001 - a DATETIME has no zone
def test_a_moment_is_the_same_in_every_unit(at: datetime) -> None:
    at = at.replace(microsecond=at.microsecond // 1000 * 1000)
    us = (at.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    kind = column("datetime(6)")
    assert {moment(kind, one) for one in (us // 1000, us, us * 1000, at.isoformat())} == {us}
