"""The fast path against the decoder that reads event by event: the same stream, the same outcome."""

import itertools
import os
import socket
import struct
from collections.abc import Sequence
from typing import Any

import pytest
from fakes.binlog_events import (
    INT,
    VARCHAR,
    event,
    format_description,
    gtid,
    heartbeat,
    query,
    rotate,
    rows,
    table_map,
    xid,
)
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from binlog_watcher.binlog.connection.packets import PacketReader
from binlog_watcher.binlog.decoding.statement import StatementReader
from binlog_watcher.binlog.decoding.table_map import Column, TableMap
from binlog_watcher.binlog.decoding.values import ABSENT
from binlog_watcher.binlog.meaning.effects import Effects, watched_tables
from binlog_watcher.binlog.meaning.tables import Tables
from binlog_watcher.binlog.protocol.mysql_gtid import GtidSet
from binlog_watcher.binlog.protocol.position import Position
from binlog_watcher.binlog.protocol.wire import DecodeError, Kind
from binlog_watcher.binlog.stats import Stats
from binlog_watcher.binlog.transactions.decoder import Decoder
from binlog_watcher.binlog.transactions.groups import Trouble
from binlog_watcher.core.events import CartChanged, Change
from binlog_watcher.shop.fields import Condition
from binlog_watcher.shop.presets import SAMPLE
from binlog_watcher.shop.schema import Schema

T = 1_700_000_000_123_456
CART = table_map(9, "cart", {"id": INT, "user_id": INT, "note": VARCHAR})
CART_ALTERED = table_map(9, "cart", {"id": INT, "quantity": INT, "user_id": INT})
PLAIN_CART = table_map(11, "cart", {"id": INT, "user_id": INT})
ORDERS = table_map(10, "orders", {"id": INT, "user_id": INT})
OTHER = table_map(8, "sessions", {"id": INT})
OTHER_AS_CART = table_map(8, "cart", {"id": INT, "user_id": INT, "note": VARCHAR})

ALWAYS_READABLE = os.open(os.devnull, os.O_RDONLY)


class Wire:
    """A socket that gives the stream out in pieces."""

    def __init__(self, stream: bytes, cuts: Sequence[int]) -> None:
        ends = [*itertools.accumulate(cuts), len(stream)]
        pieces = [stream[start:end] for start, end in itertools.pairwise([0, *ends])]
        self._pieces = [piece for piece in pieces if piece]

    def gettimeout(self) -> float:
        return 1.0

    def fileno(self) -> int:
        return ALWAYS_READABLE

    def settimeout(self, seconds: float | None) -> None:
        assert seconds is None

    def setsockopt(self, level: int, option: int, value: bytes) -> None:
        assert (level, option, value) == (socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("@ll", 1, 0))

    def recv_into(self, view: memoryview | bytearray) -> int:
        if not self._pieces:
            raise ConnectionResetError("all was read")
        piece, rest = self._pieces[0][: len(view)], self._pieces[0][len(view) :]
        memoryview(view)[: len(piece)] = piece
        self._pieces[:1] = [rest] if rest else []
        return len(piece)


def no_dictionary(_: TableMap) -> tuple[Column, ...]:
    raise DecodeError("no such table")


PACKET_HEAD = 5
"""Length, number, and a zero before the event."""

TYPE_AT = 4
"""Where in an event its type stands."""


def packets(events: Sequence[bytes]) -> bytes:
    return b"".join(
        (len(one) + 1).to_bytes(3, "little") + bytes([number & 0xFF]) + b"\0" + one
        for number, one in enumerate(events, start=1)
    )


def outcome(
    events: Sequence[bytes],
    *,
    fast: bool,
    cuts: Sequence[int] = (),
    stream: bytes | None = None,
    gtids: bool = True,
    schema: Schema = SAMPLE,
) -> dict[str, Any]:
    """All that the decoder makes of the stream, and how many packets the fast path took."""
    watched = watched_tables(schema)
    stats = Stats()
    decoder = Decoder(Tables("shop", watched, no_dictionary), StatementReader("shop", watched), stats)
    decoder.restart(
        Position("binlog.000001", 4, "me", GtidSet() if gtids else None), ("binlog.000001", 2_000)
    )
    taken = 0

    def skim(*place: Any) -> tuple[int, int]:
        nonlocal taken
        left, count = decoder.skim(*place)
        taken += count
        return left, count

    reader = PacketReader(Wire(packets(events) if stream is None else stream, cuts))  # type: ignore[arg-type]  # as much of a socket as is used
    error = ""
    try:
        while True:
            for found in reader.arriving(skim if fast else None):
                decoder.feed(*found)
    except Exception as caught:  # noqa: BLE001  # whatever it is, it must be the same
        error = repr(caught)
    reached = decoder.reached
    return {
        "events": decoder.events,
        "troubles": decoder.troubles,
        "position": (str(reached.position), reached.position.file, reached.position.offset),
        "known": (reached.committed_us, reached.exact, reached.idle, reached.caught_up),
        "stats": stats,
        "error": error,
        "taken": taken,
    }


def same(events: Sequence[bytes], **how: Any) -> dict[str, Any]:
    """The outcome with the fast path, which must be that without it."""
    with_it, without = outcome(events, fast=True, **how), outcome(events, fast=False, **how)
    taken = with_it.pop("taken")
    assert without.pop("taken") == 0
    assert with_it == without
    return with_it | {"taken": taken}


def transaction(number: int, *inner: bytes, end: bytes | None = None, begin: str = "BEGIN") -> list[bytes]:
    return [gtid(number, T + number), query(begin), *inner, xid(100 * number) if end is None else end]


HEAD = [rotate("binlog.000001", 4), format_description()]
INSERT = rows(Kind.WRITE_ROWS, 9, [1, 7, "x"], [2, 8, None])
UPDATE = rows(Kind.UPDATE_ROWS, 9, [1, 7, "x"], [1, 9, "y"])
DELETE = rows(Kind.DELETE_ROWS, 9, [1, 7, "x"])
ORDER = rows(Kind.WRITE_ROWS, 10, [5, 7])
GARBAGE = event(Kind.WRITE_ROWS, (8).to_bytes(6, "little") + b"whatever")

LONE = rows(Kind.WRITE_ROWS, 11, [3, 7])
LONE_OR_NEARLY = [
    LONE,
    rows(Kind.WRITE_ROWS, 11, [4, 0]),  # a guest's
    rows(Kind.WRITE_ROWS, 11, [4, None]),
    rows(Kind.WRITE_ROWS, 11, [None, 8]),
    rows(Kind.WRITE_ROWS, 11, [4, 8], [5, 9]),
    rows(Kind.WRITE_ROWS, 11, [4, 8], extra=b"more"),
    rows(Kind.WRITE_ROWS_V1, 11, [4, 8]),
    rows(Kind.DELETE_ROWS, 11, [3, 7]),
    rows(Kind.UPDATE_ROWS, 11, [3, 7], [3, 8]),
]

ORDINARY = [
    [CART, INSERT],
    [CART, UPDATE, CART, DELETE],
    [OTHER, GARBAGE],
    [ORDERS, OTHER, ORDER, GARBAGE],
    *([PLAIN_CART, event] for event in LONE_OR_NEARLY),
    [],
]
STRANGE = [
    [INSERT],  # perhaps unexplained
    [CART_ALTERED, rows(Kind.WRITE_ROWS, 9, [1, 2, 7])],
    [OTHER_AS_CART, rows(Kind.WRITE_ROWS, 8, [1, 7, "x"])],
    [CART, rows(Kind.WRITE_ROWS, 9, [1, 7])],  # too few columns
    [CART, event(Kind.WRITE_ROWS, (9).to_bytes(6, "little") + b"\1\0\2\0")],  # cut off
    [query("SAVEPOINT a"), CART, INSERT],
    [event(99, b"unheard of")],
    [event(Kind.ROWS_QUERY, b"\5hello"), CART, INSERT],
    [rows(Kind.WRITE_ROWS_V1, 9, [1, 7, "x"])],
]


def bracketed(number: int, inner: list[bytes], how: str) -> list[bytes]:
    match how:
        case "commit":
            return transaction(number, *inner, end=query("COMMIT", position=100 * number))
        case "rollback":
            return transaction(number, *inner, end=query("ROLLBACK", position=100 * number))
        case "open":
            return transaction(number, *inner)[:-1]
        case "ddl":
            return [gtid(number, T + number), query("ALTER TABLE cart ADD x INT", position=100 * number)]
        case "truncate":
            return [gtid(number, T + number), query("TRUNCATE TABLE cart", position=100 * number)]
        case "heartbeat":
            return [*transaction(number, *inner), heartbeat("binlog.000001", 100 * number)]
        case "rotate":
            return [*transaction(number, *inner), rotate("binlog.000002", 4, seconds=1)]
        case "no_time":
            return [gtid(number, 0), query("BEGIN"), *inner, xid(100 * number)]
        case _:
            return transaction(number, *inner)


GROUPS = st.lists(
    st.tuples(
        st.sampled_from(ORDINARY * 3 + STRANGE),
        st.sampled_from(
            ["xid"] * 12 + ["commit", "rollback", "open", "ddl", "truncate", "heartbeat", "rotate", "no_time"]
        ),
    ),
    max_size=30,
)


@settings(max_examples=300, deadline=None)
@given(groups=GROUPS, cuts=st.lists(st.integers(1, 3_000), max_size=20), gtids=st.booleans())
def test_the_fast_path_makes_of_a_stream_what_the_decoder_makes(
    groups: list[tuple[list[bytes], str]], cuts: list[int], gtids: bool
) -> None:
    numbered = (bracketed(number, *group) for number, group in enumerate(groups, start=1))
    same([*HEAD, *itertools.chain(*numbered)], cuts=cuts, gtids=gtids)


KIND = Condition.model_validate({"column": "kind", "in": [1]})
FILTERED = SAMPLE.model_copy(update={"cart": SAMPLE.cart.model_copy(update={"only": (KIND,)})})
OF_A_KIND = table_map(12, "cart", {"id": INT, "user_id": INT, "kind": INT})
KINDS = st.sampled_from([1, 2, None])
ROW = st.tuples(st.integers(1, 9), st.integers(0, 3), KINDS).map(lambda row: [*row])
WRITTEN = st.lists(ROW, min_size=1, max_size=3)


@settings(max_examples=200, deadline=None)
@given(groups=st.lists(WRITTEN, max_size=20))
def test_rows_that_a_filter_leaves_out(groups: list[list[list[int | str | None]]]) -> None:
    written = [[OF_A_KIND, rows(Kind.WRITE_ROWS, 12, *group)] for group in groups]
    streams = (transaction(number, *inner) for number, inner in enumerate(written, start=1))
    found = same([*HEAD, *itertools.chain(*streams)], schema=FILTERED)
    users = [{user for _, user, kind in group if user and kind == 1} for group in groups]
    assert found["stats"].rows == sum(map(len, groups))
    assert sorted((event.at_us, event.key) for event in found["events"]) == sorted(
        (T + number, user) for number, of_group in enumerate(users, start=1) for user in of_group
    )


@settings(max_examples=300, deadline=None)
@given(
    groups=st.lists(st.sampled_from(ORDINARY), min_size=2, max_size=8),
    flips=st.lists(st.tuples(st.integers(0, 100_000), st.integers(1, 255)), min_size=1, max_size=3),
    cut=st.integers(0, 3_000),
)
@example(groups=ORDINARY[:2], flips=[(9, 8)], cut=0)  # the type of a GTID event becomes that of a heartbeat
def test_garbled_bytes_are_found_out_as_without_the_fast_path(
    groups: list[list[bytes]], flips: list[tuple[int, int]], cut: int
) -> None:
    """But for bytes that nobody looks at, such as a BEGIN's thread id."""
    events = [*HEAD, *itertools.chain(*(transaction(n, *inner) for n, inner in enumerate(groups, start=1)))]
    stream = bytearray(packets(events))
    first = len(packets(HEAD))
    for place, change in flips:
        stream[first + place % (len(stream) - first)] ^= change
    # What the server makes up has no checksum, so an event that became such a one can't be told from it.
    ends = itertools.accumulate(len(one) + PACKET_HEAD for one in events)
    kinds = [stream[end - len(one) + TYPE_AT] for one, end in zip(events, ends, strict=True)]
    assume(not {Kind.ROTATE, Kind.HEARTBEAT, Kind.HEARTBEAT_V2}.intersection(kinds[len(HEAD) :]))
    with_it = outcome([], fast=True, stream=bytes(stream), cuts=[cut])
    without = outcome([], fast=False, stream=bytes(stream), cuts=[cut])
    assert with_it["events"][: len(without["events"])] == without["events"]
    whole = outcome(events, fast=False)
    assert all(event in whole["events"] for event in with_it["events"])


def test_what_the_fast_path_takes() -> None:
    groups = [transaction(number, OTHER, GARBAGE, GARBAGE) for number in range(1, 300)]
    found = same([*HEAD, *itertools.chain(*groups)])
    # The first group explains the table, so it goes the ordinary way.
    assert found["taken"] == 6 * 298
    assert found["position"] == ("00010203-0405-0607-0809-0a0b0c0d0e0f:1-299", "binlog.000001", 29_900)
    assert found["known"] == (T + 299, True, False, True)


def test_watched_rows_go_by_the_fast_path_too() -> None:
    found = same([*HEAD, *transaction(1, CART, INSERT), *transaction(3, CART, UPDATE)])
    assert found["taken"] == 5
    assert found["events"][-2:] == [
        CartChanged(7, Change.DELETE, T + 3),
        CartChanged(9, Change.UPDATE, T + 3),
    ]
    assert found["position"][0] == "00010203-0405-0607-0809-0a0b0c0d0e0f:1:3"


def test_lone_rows_are_told_apart() -> None:
    watched = watched_tables(SAMPLE)
    tables = Tables("shop", watched, no_dictionary)
    tables.map(11, PLAIN_CART[19 + 8 : -4])
    body = LONE[19:-4]
    assert tables.lone_insert(body) is ABSENT  # the first goes the ordinary way
    assert tables.apply(Kind.WRITE_ROWS, body, Effects()) == 1
    found = [tables.lone_insert(event[19:-4]) for event in LONE_OR_NEARLY[:6]]
    assert found == [7, None, ABSENT, ABSENT, ABSENT, ABSENT]
    for wrong in (body[:-1], body + b"\0", body[:10]):
        assert tables.lone_insert(wrong) is ABSENT


def test_an_update_that_is_cut_off_where_an_insert_would_go_on() -> None:
    cut = event(Kind.UPDATE_ROWS, rows(Kind.UPDATE_ROWS, 11, [3, 7], [3, 8])[19:31])
    found = same([*HEAD, *transaction(1, PLAIN_CART, LONE), *transaction(2, PLAIN_CART, cut)])
    assert [trouble.reason for trouble in found["troubles"]] == ["decode"]


def test_a_table_id_that_changed_hands_is_asked_about() -> None:
    insert = rows(Kind.WRITE_ROWS, 8, [1, 7, "x"])
    found = same(
        [
            *HEAD,
            *transaction(1, OTHER, GARBAGE),
            *transaction(2, OTHER_AS_CART, insert),
            *transaction(3, OTHER),
        ]
    )
    assert found["events"] == [CartChanged(7, Change.INSERT, T + 2)]


def test_rows_that_do_not_decode_are_trouble_as_ever() -> None:
    broken = rows(Kind.WRITE_ROWS, 9, [1, 7])
    found = same([*HEAD, *transaction(1, CART, INSERT), *transaction(2, CART, broken)])
    assert [type(trouble) for trouble in found["troubles"]] == [Trouble]
    assert found["taken"] == 5


def test_a_wrong_checksum_of_a_watched_row_is_never_taken() -> None:
    broken = INSERT[:-1] + bytes([INSERT[-1] ^ 1])
    found = same([*HEAD, *transaction(1, CART, INSERT), *transaction(2, CART, broken)])
    assert "checksum" in found["error"]
    assert len(found["events"]) == 2


def test_files_beyond_four_gigabytes() -> None:
    late = [gtid(2, T), query("BEGIN"), OTHER, GARBAGE, xid(4_294_967_000)]
    early = [gtid(3, T), query("BEGIN"), OTHER, GARBAGE, xid(500)]
    found = same([*HEAD, *transaction(1, OTHER), *late, *early])
    assert found["taken"] == 10
    assert found["position"][2] == 500 + (1 << 32)


@pytest.mark.parametrize("step", [1, 2])
def test_a_packet_out_of_turn_is_noticed(step: int) -> None:
    whole = [*HEAD, *transaction(1, OTHER, GARBAGE), *transaction(2, OTHER, GARBAGE)]
    stream = bytearray(packets(whole))
    skipped = len(packets(whole[: -5 if step == 1 else -1]))  # the second GTID, or the last XID
    stream[skipped + 3] += step
    found = same([], stream=bytes(stream))
    assert "was due" in found["error"]
