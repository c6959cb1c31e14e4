"""The state machine, fed with events built by hand: sound ones, strange ones and broken ones."""

import contextlib
from collections.abc import Callable

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
from hypothesis import given
from hypothesis import strategies as st

from binlog_watcher.binlog.decoding.statement import StatementReader
from binlog_watcher.binlog.decoding.table_map import Column, TableMap
from binlog_watcher.binlog.meaning.effects import watched_tables
from binlog_watcher.binlog.meaning.tables import Tables
from binlog_watcher.binlog.protocol.mysql_gtid import GtidSet
from binlog_watcher.binlog.protocol.position import Position
from binlog_watcher.binlog.protocol.wire import DecodeError, Kind
from binlog_watcher.binlog.stats import Stats
from binlog_watcher.binlog.transactions.decoder import Decoder
from binlog_watcher.core.events import CartChanged, Change, OrderPlaced
from binlog_watcher.shop.presets import SAMPLE

T = 1_700_000_000_123_456
CART = table_map(9, "cart", {"id": INT, "user_id": INT, "note": VARCHAR, "quantity": INT})
OTHER = table_map(8, "sessions", {"id": INT})
INSERTED = rows(Kind.WRITE_ROWS, 9, [1, 7, "x", 1], [2, 8, None, 2])


def no_dictionary(_: TableMap) -> tuple[Column, ...]:
    raise DecodeError("no such table")


def make() -> Decoder:
    watched = watched_tables(SAMPLE)
    decoder = Decoder(Tables("shop", watched, no_dictionary), StatementReader("shop", watched), Stats())
    decoder.restart(Position("binlog.000001", 4, "me", GtidSet()), ("binlog.000002", 500))
    feed(decoder, rotate("binlog.000001", 4), format_description())
    return decoder


def feed(decoder: Decoder, *events: bytes) -> Decoder:
    for one in events:
        decoder.feed(b"xx" + one + b"yyy", 2, 2 + len(one))
    return decoder


def transaction(*inner: bytes, number: int = 5) -> tuple[bytes, ...]:
    return (gtid(number, T), query("BEGIN"), *inner, xid(position=321))


def test_nothing_comes_out_before_the_end_of_the_transaction() -> None:
    decoder = make()
    *before, end = transaction(CART, INSERTED)
    feed(decoder, *before)
    assert decoder.events == []
    assert str(decoder.reached.position) == ""
    feed(decoder, end)
    assert decoder.events == [CartChanged(7, Change.INSERT, T), CartChanged(8, Change.INSERT, T)]
    assert str(decoder.reached.position) == "00010203-0405-0607-0809-0a0b0c0d0e0f:5"
    assert (decoder.reached.position.file, decoder.reached.position.offset) == ("binlog.000001", 321)
    assert decoder.troubles == []


def test_a_lost_connection_drops_the_half_transaction() -> None:
    decoder = make()
    feed(decoder, *transaction(CART, INSERTED)[:-1])
    decoder.restart(decoder.reached.position, ("binlog.000002", 500))
    feed(decoder, format_description(), *transaction(number=6))
    assert decoder.events == []
    assert str(decoder.reached.position) == "00010203-0405-0607-0809-0a0b0c0d0e0f:6"


@pytest.mark.parametrize("kind", [Kind.WRITE_ROWS, Kind.WRITE_ROWS_V1])
def test_both_versions_of_rows(kind: Kind) -> None:
    decoder = feed(make(), *transaction(CART, rows(kind, 9, [1, 7, "x", 1])))
    assert decoder.events == [CartChanged(7, Change.INSERT, T)]


def test_extra_data_of_rows_is_stepped_over() -> None:
    found = rows(Kind.WRITE_ROWS, 9, [1, 7, "x", 1], extra=b"\1\5\0")
    assert len(feed(make(), *transaction(CART, found)).events) == 1


def test_the_time_of_a_commit_that_came_from_another_server() -> None:
    decoder = feed(make(), gtid(5, T, original=True), query("BEGIN"), CART, INSERTED, xid())
    assert {e.at_us for e in decoder.events if isinstance(e, CartChanged)} == {T}


def test_rows_of_others_are_not_read() -> None:
    garbage = event(Kind.WRITE_ROWS, (8).to_bytes(6, "little") + b"garbage")
    decoder = feed(make(), *transaction(OTHER, garbage))
    assert (decoder.events, decoder.troubles) == ([], [])


def test_rows_that_no_table_map_explained() -> None:
    decoder = feed(make(), *transaction(INSERTED))
    assert [trouble.reason for trouble in decoder.troubles] == ["decode"]
    assert decoder.events == []


def test_table_ids_mean_nothing_on_a_new_connection() -> None:
    decoder = feed(make(), *transaction(CART, INSERTED))
    decoder.restart(decoder.reached.position, ("binlog.000002", 500))
    decoder.events.clear()
    feed(decoder, format_description(), *transaction(INSERTED, number=6))
    assert decoder.events == []
    assert [trouble.reason for trouble in decoder.troubles] == ["decode"]


def test_an_unknown_event_is_trouble_unless_it_may_be_ignored() -> None:
    decoder = feed(make(), event(200, b"?", flags=0x80), event(Kind.ROWS_QUERY, b"\5hello"))
    assert decoder.troubles == []
    feed(decoder, event(200, b"?"))
    assert decoder.troubles[0].reason == "unknown_event"
    assert "200" in decoder.troubles[0].detail


def test_trouble_waits_for_the_end_of_its_transaction() -> None:
    decoder = make()
    *before, end = transaction(event(200, b"?"))
    assert feed(decoder, *before).troubles == []
    assert len(feed(decoder, end).troubles) == 1


def test_an_incident() -> None:
    assert feed(make(), event(Kind.INCIDENT, b"\1\0")).troubles[0].reason == "incident"


def test_ddl_is_a_group_of_its_own() -> None:
    decoder = feed(make(), gtid(3, T), query("CREATE TABLE other (a INT)"))
    assert str(decoder.reached.position).endswith(":3")
    assert decoder.troubles == []
    assert feed(decoder, gtid(4, T), query("TRUNCATE cart")).troubles[0].reason == "statement"


def test_a_rollback_with_rows_is_trouble() -> None:
    decoder = feed(make(), gtid(3, T), query("BEGIN"), CART, INSERTED, query("ROLLBACK"))
    assert decoder.events == []
    assert decoder.troubles[0].reason == "rollback"


def test_caught_up_when_the_end_that_was_read_at_connect_is_passed() -> None:
    decoder = make()
    assert not feed(decoder, heartbeat("binlog.000001", 9_000)).reached.caught_up
    assert not feed(decoder, heartbeat("binlog.000002", 499)).reached.caught_up
    assert feed(decoder, heartbeat("binlog.000002", 500)).reached.caught_up


def test_caught_up_by_a_transaction_and_by_rotation() -> None:
    decoder = feed(
        make(), rotate("binlog.000002", 4, seconds=1), gtid(1, T), query("BEGIN"), xid(position=700)
    )
    assert decoder.reached.caught_up
    assert feed(make(), rotate("binlog.000003", 4)).reached.caught_up


def test_file_numbers_grow_past_their_six_digits() -> None:
    decoder = make()
    decoder.restart(Position("binlog.999999", 4, "me"), ("binlog.1000000", 4))
    assert not feed(decoder, heartbeat("binlog.999999", 5000)).reached.caught_up
    assert feed(decoder, heartbeat("binlog.1000000", 4)).reached.caught_up


def test_offsets_beyond_32_bits() -> None:
    decoder = feed(make(), gtid(1, T), query("BEGIN"), xid(position=4_294_967_000))
    feed(decoder, gtid(2, T), query("BEGIN"), xid(position=704))
    assert decoder.reached.position.offset == (1 << 32) + 704


def test_lag_is_the_age_of_the_newest_transaction_and_nothing_when_idle() -> None:
    decoder = feed(make(), gtid(1, T), query("BEGIN"))
    assert decoder.lag_us(T + 5_000) == 5_000, "also of one that still arrives"
    feed(decoder, xid(position=900), rotate("binlog.000002", 4))
    assert decoder.lag_us(T + 6_000) == 6_000
    feed(decoder, heartbeat("binlog.000002", 500))
    assert decoder.lag_us(T + 9_000_000) == 0


def test_checksums_are_verified_where_events_are_read() -> None:
    broken = bytearray(xid())
    broken[-1] ^= 1
    with pytest.raises(DecodeError, match="checksum"):
        feed(make(), bytes(broken))


def test_sizes_that_do_not_match() -> None:
    for wrong in (xid()[:-1], xid() + b"\0", b"short"):
        with pytest.raises(DecodeError):
            feed(make(), wrong)


def test_a_column_that_is_gone() -> None:
    odd = table_map(9, "cart", {"id": INT, "customer": INT})
    decoder = feed(make(), *transaction(odd, rows(Kind.WRITE_ROWS, 9, [1, 7])))
    assert decoder.events == []
    assert "no column user_id" in decoder.troubles[0].detail


def without_checksum(mangle: Callable[[bytes], bytes], sound: bytes) -> bytes:
    """A mangled body in a frame that is sound, as far as frames go."""
    header, body = sound[:19], mangle(sound[19:-4])
    return header[:9] + (19 + len(body)).to_bytes(4, "little") + header[13:] + body


UPDATED = rows(Kind.UPDATE_ROWS, 9, [1, 7, "xyz", 1], [1, 7, None, 2], [2, 8, "", 1], [2, 9, "abc", 2])
SOUND = {"cart": CART, "inserted": INSERTED, "updated": UPDATED, "gtid": gtid(5, T), "query": query("BEGIN")}
LEGAL_KEYS = {7, 8, 9}


@given(name=st.sampled_from(sorted(SOUND)), size=st.integers(0, 200))
def test_truncated_bodies_never_give_rows_that_were_not_there(name: str, size: int) -> None:
    decoder = make()
    feed(decoder, format_description(checksum=False))
    cut = without_checksum(lambda body: body[: min(size, len(body) - 1)], SOUND[name])
    events = [without_checksum(lambda body: body, SOUND[part]) for part in ("gtid", "query", "cart")]
    feed(decoder, *events, cut, without_checksum(lambda body: body, xid()))
    assert {e.key for e in decoder.events if isinstance(e, CartChanged)} <= LEGAL_KEYS


@given(name=st.sampled_from(sorted(SOUND)), at=st.integers(0, 200), value=st.integers(0, 255))
def test_garbled_bodies_raise_nothing_but_our_own_error(name: str, at: int, value: int) -> None:
    def garble(body: bytes) -> bytes:
        place = at % len(body)
        return body[:place] + bytes([value]) + body[place + 1 :]

    decoder = feed(make(), format_description(checksum=False))
    order = ["gtid", "query", "cart", "inserted", "updated"]
    for part in order:
        feed(decoder, without_checksum(garble if part == name else lambda body: body, SOUND[part]))
    feed(decoder, without_checksum(lambda body: body, xid()))


@given(data=st.binary(max_size=100), kind=st.integers(0, 255))
def test_random_bodies_raise_nothing_but_our_own_error(data: bytes, kind: int) -> None:
    decoder = feed(make(), format_description(checksum=False), without_checksum(lambda body: body, CART))
    with contextlib.suppress(DecodeError):
        feed(decoder, without_checksum(lambda _: data, event(kind, b"")))
    assert decoder.events == []


def test_an_order_in_the_same_transaction_follows_the_cart() -> None:
    orders = table_map(10, "orders", {"id": INT, "user_id": INT})
    decoder = feed(
        make(),
        *transaction(
            CART,
            orders,
            INSERTED,
            rows(Kind.WRITE_ROWS, 10, [1, 7]),
            rows(Kind.DELETE_ROWS, 9, [1, 7, "x", 1]),
        ),
    )
    assert decoder.events == [
        CartChanged(7, Change.INSERT, T),
        CartChanged(8, Change.INSERT, T),
        OrderPlaced(7, T),
    ]


@pytest.mark.parametrize("kind", [Kind.WRITE_ROWS, Kind.UPDATE_ROWS])
def test_rows_without_a_byte_have_an_end(kind: Kind) -> None:
    no_columns = (
        (9).to_bytes(6, "little") + b"\1\0\2\0" + b"\4" + b"\0\0"[: 2 if kind == Kind.UPDATE_ROWS else 1]
    )
    decoder = feed(make(), *transaction(CART, event(kind, no_columns + b"rest")))
    assert "no bytes" in decoder.troubles[0].detail


def test_an_xa_statement_without_an_id() -> None:
    decoder = feed(make(), gtid(1, T), query("XA COMMIT"), *transaction(number=2))
    assert [trouble.reason for trouble in decoder.troubles] == ["decode"]
