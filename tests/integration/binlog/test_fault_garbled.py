"""A real server's stream, truncated and garbled: one typed error, no hang, and no row that was not there."""

import contextlib
import socket
import struct
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pymysql
import pytest
from fakes.binlog_follower import TABLES, Shop, settings_for
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from binlog_watcher.binlog.connection.anchor import binlog_end
from binlog_watcher.binlog.connection.dump import Dump, Session
from binlog_watcher.binlog.connection.packets import PacketReader
from binlog_watcher.binlog.decoding.statement import StatementReader
from binlog_watcher.binlog.decoding.table_map import Column, TableMap
from binlog_watcher.binlog.meaning.effects import watched_tables
from binlog_watcher.binlog.meaning.tables import Tables
from binlog_watcher.binlog.protocol.position import Position
from binlog_watcher.binlog.protocol.wire import HEADER, DecodeError, Kind
from binlog_watcher.binlog.stats import Stats
from binlog_watcher.binlog.transactions.decoder import Decoder
from binlog_watcher.core.events import CartChanged, Event
from binlog_watcher.demo.server import Server
from binlog_watcher.shop.presets import SAMPLE

SHOP = "garbled_shop"
FUZZED = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))

TRAFFIC = (
    "INSERT INTO products (name, description) VALUES ('mouse', REPEAT('x', 300)), ('mat', NULL)",
    "INSERT INTO cart (user_id, product_id, quantity) VALUES (1001, 1, 1), (1002, 2, 3), (NULL, 1, 1)",
    "UPDATE cart SET quantity = 5 WHERE user_id = 1001",
    "UPDATE cart SET user_id = 1003 WHERE user_id IS NULL",
    "INSERT INTO orders (user_id, total_amount) VALUES (1002, 19.99)",
    "INSERT INTO users (name, email) VALUES ('Ada', 'ada@example.com')",
    "BEGIN", "INSERT INTO cart (user_id, product_id, quantity) VALUES (1004, 1, 1)",
    "DELETE FROM cart WHERE user_id = 1002", "COMMIT",
    "ALTER TABLE cart ADD note VARCHAR(300) DEFAULT 'ü' FIRST",
    "INSERT INTO cart (user_id, product_id, quantity) VALUES (1005, 1, 1)",
    "XA START 'g'", "INSERT INTO cart (user_id, product_id, quantity) VALUES (1006, 1, 1)", "XA END 'g'",
    "XA PREPARE 'g'", "XA COMMIT 'g'",
    "REPLACE INTO cart (id, user_id, product_id, quantity) VALUES (1, 1007, 1, 1)",
)  # fmt: skip
ON_MYSQL = (
    "SET SESSION binlog_transaction_compression = ON",
    "INSERT INTO cart (user_id, product_id, quantity) VALUES (1008, 1, 1)",
    "SET SESSION binlog_transaction_compression = OFF, binlog_row_value_options = 'PARTIAL_JSON'",
    "ALTER TABLE cart ADD j JSON DEFAULT (JSON_OBJECT('n', 1, 't', REPEAT('j', 200))) AFTER id",
    "INSERT INTO cart (user_id, product_id, quantity) VALUES (1009, 1, 1)",
    "UPDATE cart SET j = JSON_SET(j, '$.n', 2) WHERE user_id = 1009",
)
ON_MARIADB = (
    "SET GLOBAL log_bin_compress = ON, GLOBAL log_bin_compress_min_len = 10",
    "INSERT INTO cart (user_id, product_id, quantity) VALUES (1008, 1, 1), (1009, 1, 1)",
    "UPDATE cart SET quantity = 9 WHERE user_id = 1008",
    "SET GLOBAL log_bin_compress = OFF",
)


@dataclass(frozen=True)
class Recording:
    """The events of ``TRAFFIC`` as they came over the wire, and what they mean."""

    start: Position
    end: tuple[str, int]
    stream: tuple[bytes, ...]
    truth: tuple[Event, ...]

    def replay(self, stream: Sequence[bytes], chunk: int = 50_000) -> tuple[list[Event], list[str]]:
        """What the decoder makes of it, and its troubles; an error that stops the stream is a trouble, too."""
        watched = watched_tables(SAMPLE)
        decoder = Decoder(Tables(SHOP, watched, _no_dictionary), StatementReader(SHOP, watched), Stats())
        position = Position(self.start.file, self.start.offset, self.start.identity)
        decoder.restart(position, self.end)
        near, far = socket.socketpair()
        with near, far:
            packets = PacketReader(near)
            try:
                for piece in _pieces(stream, chunk):
                    far.sendall(piece)
                    for data, start, end in packets.arriving(decoder.skim):
                        decoder.feed(data, start, end)
            except (DecodeError, pymysql.OperationalError) as error:
                return decoder.events, [*(trouble.reason for trouble in decoder.troubles), str(error)]
        return decoder.events, [trouble.reason for trouble in decoder.troubles]


def _pieces(stream: Sequence[bytes], size: int) -> Iterator[bytes]:
    """The packets of a dump, cut without regard to where they end."""
    data = b"".join(
        struct.pack("<I", len(event) + 1 | (number & 0xFF) << 24) + b"\0" + event
        for number, event in enumerate(stream, start=1)
    )
    for at in range(0, len(data), size):
        yield data[at : at + size]


def _no_dictionary(_: TableMap) -> tuple[Column, ...]:
    raise DecodeError("no such table")


@pytest.fixture(scope="module", params=["mysql", "mariadb"])
def recording(request: pytest.FixtureRequest) -> Iterator[Recording]:
    server: Server = request.getfixturevalue(f"{request.param}_server")
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {SHOP}")
    sessions: list[Session] = []
    try:
        with contextlib.closing(Shop(server, SHOP)) as shop:
            shop.run(*TABLES)
            shop.run("FLUSH BINARY LOGS")
            start = Position(*_end(server), "here")
            shop.run(*TRAFFIC, *(ON_MYSQL if server.flavor == "mysql" else ON_MARIADB))
        end = _end(server)
        packets = Dump(settings_for(server, SHOP), 99, 1.0, sessions.append).open(start)
        stream: list[bytes] = []
        while not stream or HEADER.unpack_from(stream[-1])[4] != end[1]:
            stream += [bytes(data[at:behind]) for data, at, behind in packets.arriving()]
        made = Recording(start, end, tuple(stream), ())
        events, troubles = made.replay(stream)
        assert troubles == []
        yield Recording(start, end, tuple(stream), tuple(events))
    finally:
        for session in sessions:
            session.abandon()
        with server.connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE {SHOP}")


def _end(server: Server) -> tuple[str, int]:
    with contextlib.closing(Session(**settings_for(server, "").arguments())) as connection:
        return binlog_end(connection)


def repaired(event: bytes) -> bytes:
    """The event with its size and checksum made right: what is garbled now is what it says."""
    bare = event[:9] + struct.pack("<I", len(event)) + event[13:-4]
    return bare + struct.pack("<I", zlib.crc32(bare))


def test_the_recording_holds_what_is_garbled(recording: Recording) -> None:
    keys = {event.key for event in recording.truth if isinstance(event, CartChanged)}
    assert keys == {*range(1001, 1010)}
    kinds = {event[4] for event in recording.stream}
    assert {Kind.TABLE_MAP, Kind.QUERY, Kind.XID} < kinds
    assert kinds & {Kind.TRANSACTION_PAYLOAD, Kind.MARIADB_WRITE_ROWS_COMPRESSED_V1}


@FUZZED
@given(chunk=st.integers(20, 3000))
def test_however_it_arrives_it_says_the_same(recording: Recording, chunk: int) -> None:
    assert recording.replay(recording.stream, chunk) == (list(recording.truth), [])


@FUZZED
@given(data=st.data(), chunk=st.sampled_from([60, 700, 50_000]))
def test_a_changed_byte_is_noticed(recording: Recording, data: st.DataObject, chunk: int) -> None:
    number = data.draw(st.integers(0, len(recording.stream) - 1), "event")
    event = bytearray(recording.stream[number])
    # Changed into a type or table that nobody asks for, an event is dropped unread, and its checksum with it.
    places = [*range(4), *range(5, 19), *range(25, len(event))]
    at = data.draw(st.sampled_from(places), "place")
    event[at] ^= data.draw(st.integers(1, 255), "bits")
    events, troubles = recording.replay(
        [*recording.stream[:number], bytes(event), *recording.stream[number + 1 :]], chunk
    )
    assert Counter(events) <= Counter(recording.truth)
    assert troubles or events == list(recording.truth)


@FUZZED
@given(data=st.data())
def test_truncated_events_hold_no_rows_but_their_own(recording: Recording, data: st.DataObject) -> None:
    number = data.draw(st.integers(0, len(recording.stream) - 1), "event")
    event = recording.stream[number]
    size = data.draw(st.integers(23, len(event)), "size")
    cut = repaired(event[: size - 4] + b"\0\0\0\0")
    events, _ = recording.replay([*recording.stream[:number], cut, *recording.stream[number + 1 :]])
    assert _touched(events) <= _touched(recording.truth)


@FUZZED
@given(data=st.data())
def test_events_that_lie_raise_nothing_but_our_own_error(recording: Recording, data: st.DataObject) -> None:
    stream = list(recording.stream)
    for number in data.draw(st.lists(st.integers(0, len(stream) - 1), min_size=1, max_size=3), "events"):
        event = bytearray(stream[number])
        at = data.draw(st.integers(0, len(event) - 5), "place")
        match data.draw(st.sampled_from(["change", "insert", "remove", "double"]), "how"):
            case "change":
                event[at] ^= data.draw(st.integers(1, 255), "bits")
            case "insert":
                event[at:at] = data.draw(st.binary(min_size=1, max_size=20), "bytes")
            case "remove":
                del event[max(at, 19) : -4][: data.draw(st.integers(1, 50), "count")]
            case _:
                stream.append(stream[number])
        if len(event) >= 23:
            stream[number] = repaired(bytes(event))
    recording.replay(stream)


@FUZZED
@given(data=st.data())
def test_lost_events(recording: Recording, data: st.DataObject) -> None:
    """Without its first event a group has no time and no GTID; its rows are still those that were there."""
    lost = data.draw(st.sets(st.integers(0, len(recording.stream) - 1), min_size=1, max_size=5), "lost")
    events, _ = recording.replay([event for at, event in enumerate(recording.stream) if at not in lost])
    assert _touched(events) <= _touched(recording.truth)


def _touched(events: Sequence[Event]) -> set[object]:
    return {event.key for event in events if isinstance(event, CartChanged)}
