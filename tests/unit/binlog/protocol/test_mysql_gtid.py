"""GTID sets against Python's own sets."""

import itertools
import struct
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binlog_watcher.binlog.protocol.mysql_gtid import GtidSet, Source

A = uuid.UUID("3e11fa47-71ca-11e1-9e33-c80aa9429562")
B = uuid.UUID("4c9e3dfc-9d25-11e9-8d2e-0242ac1cfd7e")

sources = st.sampled_from([(A.bytes, ""), (A.bytes, "spring"), (B.bytes, "")])
intervals = st.tuples(st.integers(1, 40), st.integers(0, 10)).map(lambda pair: (pair[0], pair[0] + pair[1]))
additions = st.lists(st.tuples(sources, intervals), max_size=30)
Model = set[tuple[Source, int]]


def build(parts: list[tuple[Source, tuple[int, int]]]) -> tuple[GtidSet, Model]:
    gtids, model = GtidSet(), set()
    for source, (first, last) in parts:
        gtids.add(source, first, last)
        model |= {(source, number) for number in range(first, last + 1)}
    return gtids, model


@given(additions)
def test_contains_what_was_added_and_nothing_else(parts: list[tuple[Source, tuple[int, int]]]) -> None:
    gtids, model = build(parts)
    assert model == {
        (source, number)
        for source, found in gtids.intervals.items()
        for first, last in found
        for number in range(first, last + 1)
    }


@given(additions)
def test_intervals_stay_sorted_and_apart(parts: list[tuple[Source, tuple[int, int]]]) -> None:
    gtids, _ = build(parts)
    for found in gtids.intervals.values():
        assert all(first[1] + 1 < second[0] for first, second in itertools.pairwise(found))


@given(additions)
def test_text_goes_both_ways(parts: list[tuple[Source, tuple[int, int]]]) -> None:
    gtids, _ = build(parts)
    again = GtidSet.parse(str(gtids))
    assert str(again) == str(gtids)
    assert again.intervals == gtids.intervals


@given(additions, additions)
def test_a_text_that_was_asked_for_does_not_stay_behind(
    before: list[tuple[Source, tuple[int, int]]], after: list[tuple[Source, tuple[int, int]]]
) -> None:
    gtids, _ = build(before)
    str(gtids)  # remembers the text of each source
    for source, (first, last) in after:
        gtids.add(source, first, last)
    assert str(gtids) == str(build(before + after)[0])


def test_the_servers_own_text() -> None:
    text = f"{A}:1-5:7:spring:1-3:9,\n{B}:42"
    gtids = GtidSet.parse(text.upper())
    assert str(gtids) == text.replace("\n", "")
    assert repr(gtids) == f"GtidSet('{gtids}')"
    assert gtids.intervals[A.bytes, "spring"] == [(1, 3), (9, 9)]
    assert gtids.intervals[A.bytes, ""] == [(1, 5), (7, 7)]
    assert str(GtidSet.parse("")) == ""
    assert not GtidSet.parse("")
    assert GtidSet.parse(f"{B}:42")


@pytest.mark.parametrize("text", ["nonsense", f"{A}:x-y!", f"{A}:5-3", f"{A}:0", f"{A}:1-5,,{B}:-3"])
def test_text_that_is_no_set(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        GtidSet.parse(text)


def test_what_is_neither_an_interval_nor_a_tag_is_named() -> None:
    with pytest.raises(
        ValueError, match=r"^'x-y!' is neither an interval nor a tag in the GTID set '3e11f.*:1:x-y!'$"
    ):
        GtidSet.parse(f"{A}:1:x-y!")


def test_an_interval_that_is_none_is_named() -> None:
    with pytest.raises(ValueError, match=r"^5-3 is no interval of transactions$"):
        GtidSet().add((A.bytes, ""), 5, 3)


def test_encoding_without_tags() -> None:
    encoded = GtidSet.parse(f"{A}:1-5:7").encode()
    assert encoded == struct.pack("<Q", 1) + A.bytes + struct.pack("<QQQQQ", 2, 1, 6, 7, 8)
    assert GtidSet().encode() == bytes(8)


def test_encoding_with_tags() -> None:
    encoded = GtidSet.parse(f"{A}:1:spring:2").encode()
    head = struct.pack("<Q", (1 << 56) | (2 << 8) | 1)
    plain = A.bytes + b"\0" + struct.pack("<QQQ", 1, 1, 2)
    tagged = A.bytes + bytes([12]) + b"spring" + struct.pack("<QQQ", 1, 2, 3)
    assert encoded == head + plain + tagged
