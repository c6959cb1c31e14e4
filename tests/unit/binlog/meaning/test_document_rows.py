"""What a change of a row made of the cart in its document."""

import gc
import tracemalloc
from collections.abc import Callable, Mapping

import pytest
from fakes.binlog_events import INT, TEXT, VARCHAR, Values, image, lenenc, rows, table_map
from fakes.sessions import PRESET, Item, Sessions

from binlog_watcher.binlog.meaning import document_rows
from binlog_watcher.binlog.meaning.effects import Effects, watched_tables
from binlog_watcher.binlog.meaning.tables import Tables
from binlog_watcher.binlog.protocol.wire import DecodeError, Kind
from binlog_watcher.core.events import CartChanged, CartClosed, Change, Event
from binlog_watcher.shop.documents.content import DIGEST_SIZE, Content, content_of
from binlog_watcher.shop.documents.plan import DocumentPlan
from binlog_watcher.shop.presets import parse_schema

COLUMNS = {"session_id": INT, "session_key": VARCHAR, "session_value": TEXT, "kind": INT}
POT, SHIRT = Item(1), Item(2, 3, 60.0, variant=21)
NOT_READABLE = b'a:1:{s:4:"cart";s:9:"a:1:{i:0;";}'
shop = Sessions(lambda *_: None)


def row(*items: Item, key: str = "t_1", kind: int = 1, email: str = "") -> Values:
    return [1, key, shop.document(*items, email=email), kind]


def effects_of(
    kind: Kind,
    *images: Values,
    preset: str = PRESET,
    columns: dict[str, int] = COLUMNS,
    table: Tables | None = None,
) -> list[Event]:
    tables = table or tables_of(preset, columns)
    effects = Effects()
    tables.apply(kind, rows(kind, 9, *images)[19:-4], effects)
    return effects.events(5)


def tables_of(preset: str = PRESET, columns: dict[str, int] = COLUMNS) -> Tables:
    schema = parse_schema(preset, "my.toml")
    tables = Tables("shop", watched_tables(schema), lambda _: pytest.fail("all is in the table map"))
    tables.map(9, table_map(9, "sessions", columns)[19 + 8 : -4])
    return tables


def changes(events: list[Event]) -> list[tuple[object, object]]:
    assert all(isinstance(event, CartChanged) for event in events)
    return [(event.key, event.change) for event in events if isinstance(event, CartChanged)]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (row(POT), row(POT), []),
        (row(), row(), []),
        (row(POT), row(Item(1, total=25.0)), []),
        (row(POT), row(Item(1, 2)), [("t_1", Change.UPDATE)]),
        (row(POT), row(POT, email="a@example.com"), [("t_1", Change.UPDATE)]),
        (row(POT, email="a@example.com"), row(POT, email="A@example.com"), []),
        (row(POT, SHIRT), row(POT), [("t_1", Change.UPDATE)]),
        (row(POT), row(POT, SHIRT), [("t_1", Change.INSERT)]),
        (row(SHIRT), row(Item(2, 3, 60.0, variant=22)), [("t_1", Change.INSERT)]),
        (row(), row(POT), [("t_1", Change.INSERT)]),
        (row(POT), row(), [("t_1", Change.DELETE)]),
        (row(POT), row(POT, key="7"), [("t_1", Change.DELETE), ("7", Change.INSERT)]),
        (row(POT), [1, "t_1", NOT_READABLE, 1], [("t_1", Change.INSERT)]),
        ([1, "t_1", NOT_READABLE, 1], row(POT), [("t_1", Change.INSERT)]),
        ([1, "t_1", NOT_READABLE, 1], [1, "t_1", NOT_READABLE, 1], []),
        ([1, "t_1", None, 1], row(POT), [("t_1", Change.INSERT)]),
    ],
)  # fmt: skip
def test_an_update_counts_by_what_the_customer_sees(
    before: Values, after: Values, expected: list[tuple[str, Change]]
) -> None:
    events = effects_of(Kind.UPDATE_ROWS, before, after)
    assert changes(events) == expected
    for event in events:
        assert isinstance(event, CartChanged)
        assert (event.digest is None) is (event.change is Change.DELETE)
        assert event.digest is None or len(event.digest) == DIGEST_SIZE


def test_new_and_deleted_rows() -> None:
    assert changes(effects_of(Kind.WRITE_ROWS, row(POT))) == [("t_1", Change.INSERT)]
    assert effects_of(Kind.WRITE_ROWS, row()) == []
    assert changes(effects_of(Kind.DELETE_ROWS, row(POT))) == [("t_1", Change.DELETE)]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (row(POT), row(POT), []),
        (row(POT), row(Item(1, 2)), [("t_1", Change.UPDATE)]),
        (row(POT), row(POT, SHIRT), [("t_1", Change.INSERT)]),
        (row(POT), row(), [("t_1", Change.DELETE)]),
        (row(POT), row(POT, key="7"), [("t_1", Change.DELETE), ("7", Change.INSERT)]),
    ],
)  # fmt: skip
def test_a_row_that_is_replaced_is_changed(
    before: Values, after: Values, expected: list[tuple[str, Change]]
) -> None:
    """REPLACE deletes the row and puts it in, and so do many shops at each page view."""
    table, effects = tables_of(), Effects()
    for kind, values in ((Kind.DELETE_ROWS, before), (Kind.WRITE_ROWS, after)):
        table.apply(kind, rows(kind, 9, values)[19:-4], effects)
    assert changes(effects.events(5)) == expected


def test_a_cart_that_is_put_in_by_a_later_transaction_is_a_new_one() -> None:
    table = tables_of()
    assert changes(effects_of(Kind.DELETE_ROWS, row(POT), table=table)) == [("t_1", Change.DELETE)]
    assert changes(effects_of(Kind.WRITE_ROWS, row(POT), table=table)) == [("t_1", Change.INSERT)]


def test_rows_that_a_filter_leaves_out_hold_nothing() -> None:
    preset = PRESET.replace("[cart.document]", 'only = { column = "kind", in = [1] }\n[cart.document]', 1)
    assert changes(effects_of(Kind.UPDATE_ROWS, row(POT, kind=2), row(POT), preset=preset)) == [
        ("t_1", Change.INSERT)
    ]
    assert changes(effects_of(Kind.UPDATE_ROWS, row(POT), row(POT, kind=2), preset=preset)) == [
        ("t_1", Change.DELETE)
    ]
    assert effects_of(Kind.UPDATE_ROWS, row(POT, kind=2), row(SHIRT, kind=2), preset=preset) == []
    assert effects_of(Kind.WRITE_ROWS, row(POT, kind=2), preset=preset) == []


def test_a_cart_that_is_none_any_more_is_closed() -> None:
    preset = PRESET.replace("[cart.document]", 'open = { column = "kind", in = [1] }\n[cart.document]', 1)
    closed = effects_of(Kind.UPDATE_ROWS, row(POT), row(POT, kind=2), preset=preset)
    assert closed == [CartClosed("t_1", 5)]
    closed = effects_of(Kind.UPDATE_ROWS, row(POT), row(POT, SHIRT, kind=2), preset=preset)
    assert closed == [CartClosed("t_1", 5)]
    opened = effects_of(Kind.UPDATE_ROWS, row(POT, kind=2), row(POT), preset=preset)
    assert changes(opened) == [("t_1", Change.UPDATE)]
    assert effects_of(Kind.UPDATE_ROWS, row(POT, kind=2), row(SHIRT, kind=2), preset=preset) == []


def test_a_table_without_the_column_is_told() -> None:
    columns = {"session_id": INT, "session_key": VARCHAR}
    with pytest.raises(DecodeError, match="has no column session_value"):
        effects_of(Kind.WRITE_ROWS, [1, "t_1"], columns=columns)


def test_a_transaction_that_is_told_again_means_the_same() -> None:
    """A connection broke inside of it: what was read of it then has not happened yet."""
    table, minimal = tables_of(), Effects()
    effects_of(Kind.UPDATE_ROWS, row(POT), row(POT, SHIRT), table=table)
    table.forget_ids()
    table.map(9, table_map(9, "sessions", COLUMNS)[19 + 8 : -4])
    key_only, document_only = b"\2", b"\4"
    head = (9).to_bytes(6, "little") + b"\1\0\2\0" + lenenc(len(COLUMNS)) + key_only + document_only
    table.apply(
        Kind.UPDATE_ROWS, head + image(["t_1"]) + image([shop.document(POT, SHIRT)]), minimal
    )  # binlog_row_image is MINIMAL
    assert changes(minimal.events(5)) == [("t_1", Change.UPDATE)]


def minimal_update(table: Tables, before: Values, after: Values, columns: bytes) -> list[Event]:
    """binlog_row_image is MINIMAL: the key before, ``columns`` after."""
    effects = Effects()
    head = (9).to_bytes(6, "little") + b"\1\0\2\0" + lenenc(len(COLUMNS)) + b"\2" + columns
    table.apply(Kind.UPDATE_ROWS, head + image(before) + image(after), effects)
    return effects.events(5)


@pytest.mark.parametrize("is_known", [True, False])
def test_a_key_that_changes_alone_takes_the_cart_along(is_known: bool) -> None:
    """As at a login, where the key is the primary key."""
    table = tables_of()
    if is_known:
        effects_of(Kind.WRITE_ROWS, row(POT, key="guest"), table=table)
    moved = minimal_update(table, ["guest"], ["t_1"], b"\2")
    assert changes(moved) == [("guest", Change.DELETE), ("t_1", Change.INSERT)]
    later = minimal_update(table, ["t_1"], [shop.document(Item(1, 2))], b"\4")
    assert changes(later) == [("t_1", Change.UPDATE)]


def test_what_was_rolled_back_was_not_seen() -> None:
    """As of XA: its rows are told before it is known whether it commits."""
    table = tables_of()
    for _ in range(2):
        events = effects_of(Kind.UPDATE_ROWS, row(POT), row(POT, SHIRT), table=table)
        assert changes(events) == [("t_1", Change.INSERT)]


def test_what_robots_fill_is_not_kept() -> None:
    """Some have put thousands of products into each of thousands of sessions."""
    table = tables_of()
    many = [Item(number) for number in range(1, 251)]
    kept = traced(lambda key: effects_of(Kind.WRITE_ROWS, row(POT, key=key), table=table))
    big = traced(lambda key: effects_of(Kind.WRITE_ROWS, row(*many, key=key), table=table))
    assert big < kept + 20_000
    again = effects_of(Kind.UPDATE_ROWS, row(*many, key="t_a0"), row(*many, SHIRT, key="t_a0"), table=table)
    assert changes(again) == [("t_a0", Change.INSERT)]


def traced(write: Callable[[str], object]) -> int:
    """How many bytes more are held after twenty carts; the least of three times: other threads hold some, too."""
    held = []
    for attempt in "abc":
        write(f"t_{attempt}0")
        gc.collect()
        tracemalloc.start()
        for number in range(1, 21):
            write(f"t_{attempt}{number}")
        gc.collect()
        held.append(tracemalloc.get_traced_memory()[0])
        tracemalloc.stop()
    return min(held)


def viewed(values: Values, notice: str) -> Values:
    """The row after a page view that left a notice."""
    session_id, key, document, kind = values
    assert isinstance(document, bytes)
    count, _, rest = document.removeprefix(b"a:").partition(b":{")
    notices = b's:7:"notices";s:%d:"%s";' % (len(notice), notice.encode())
    return [session_id, key, b"a:%d:{%s%s" % (int(count) + 1, notices, rest), kind]


def test_a_page_view_between_two_changes_costs_no_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[bytes | None] = []

    def noted(
        plan: DocumentPlan,
        document: bytes | None,
        clock: Callable[[], int] | None,
        parts: Mapping[bytes, bytes] | None,
    ) -> Content | None:
        read.append(document)
        return content_of(plan, document, clock, parts)

    monkeypatch.setattr(document_rows, "content_of", noted)
    table = tables_of()
    first, second = row(POT), row(POT, SHIRT)
    effects_of(Kind.WRITE_ROWS, first, table=table)
    assert effects_of(Kind.UPDATE_ROWS, first, viewed(first, "hello"), table=table) == []
    assert changes(effects_of(Kind.UPDATE_ROWS, viewed(first, "hello"), second, table=table)) == [
        ("t_1", Change.INSERT)
    ]
    assert read == [first[2], second[2]]


def test_what_was_seen_is_not_believed_of_another_cart() -> None:
    """The change that was seen has been rolled back, and a page viewed since."""
    table = tables_of()
    effects_of(Kind.WRITE_ROWS, row(POT), table=table)
    effects_of(Kind.UPDATE_ROWS, row(POT), row(POT, SHIRT), table=table)
    events = effects_of(
        Kind.UPDATE_ROWS, viewed(row(POT), "hello"), viewed(row(POT, SHIRT), "you"), table=table
    )
    assert changes(events) == [("t_1", Change.INSERT)]
