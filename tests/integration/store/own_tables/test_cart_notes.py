"""Notes on carts, on real servers."""

from typing import Any

import pytest
import structlog

from binlog_watcher.core.cart_note import CartNote
from binlog_watcher.store.own_tables import cart_notes, tables
from binlog_watcher.store.own_tables.cart_notes import CartNotes
from binlog_watcher.store.own_tables.dry_notes import DryNotes

SECOND = 1_000_000
NOW = 1_790_000_000_123_456


@pytest.fixture
def notes(shop: Any) -> CartNotes:
    return CartNotes(shop.database, "one")


@pytest.fixture
def dry(shop: Any) -> DryNotes:
    return DryNotes(shop.database, "one", now_us=shop.clock.now_us, present=True, most=4)


@pytest.fixture(params=["written", "kept in memory"])
def either(notes: CartNotes, dry: DryNotes, request: pytest.FixtureRequest) -> CartNotes:
    return notes if request.param == "written" else dry


def test_they_come_back_as_they_were_written(either: CartNotes) -> None:
    written = [CartNote(1, NOW, None), CartNote("zoë", None, NOW + 1), CartNote("ZOË", NOW, NOW)]
    either.write(written)
    assert either.read([1, "zoë", "ZOË", 4]) == {note.key: note for note in written}
    assert either.read([]) == {}


def test_a_key_that_is_too_long_holds_up_no_other(notes: CartNotes) -> None:
    """Such a cart is never mailed; its note would make the server refuse those of all others."""
    long = "k" * 129
    notes.write([CartNote(long, NOW, None), CartNote(1, NOW, None), CartNote("k" * 140)])
    assert notes.read([1, long]) == {1: CartNote(1, NOW, None)}


def test_keys_that_differ_by_blanks_at_their_end_or_by_case(either: CartNotes) -> None:
    """Whoever chooses a session's key may choose so; our column takes the first two for one."""
    either.write([CartNote("a ", NOW), CartNote("A", NOW + SECOND)])
    assert either.read(["a", "a ", "A"]) == {
        "a": CartNote("a", NOW),
        "a ": CartNote("a ", NOW),
        "A": CartNote("A", NOW + SECOND),
    }


def test_activity_only_rises_and_an_order_is_the_last_one_that_was_told(either: CartNotes) -> None:
    either.write([CartNote(1, NOW, None)])
    either.write([CartNote(1, NOW - SECOND, NOW + SECOND)])
    assert either.read([1]) == {1: CartNote(1, NOW, NOW + SECOND)}
    either.write([CartNote(1, None, NOW)])
    assert either.read([1]) == {1: CartNote(1, NOW, NOW)}
    either.write([CartNote(1, NOW + SECOND, None)])
    assert either.read([1]) == {1: CartNote(1, NOW + SECOND, None)}


def test_an_order_that_ended_leaves_the_activity_and_makes_no_row(notes: CartNotes) -> None:
    notes.write([CartNote(1, NOW, NOW)])
    notes.write([CartNote(1), CartNote(2)])
    assert notes.read([1, 2]) == {1: CartNote(1, NOW, None)}


def test_a_document_that_nobody_saw_being_filled_is_as_old_as_its_first_note(either: CartNotes) -> None:
    """Else each further change of it would be a new episode, and mailed again."""
    either.write([CartNote(1, NOW, None, None, b"1" * 16), CartNote(2, NOW, None, NOW, b"1" * 16)])
    either.write([CartNote(key, NOW + SECOND, None, None, b"2" * 16) for key in (1, 2)])
    assert [note.filled_us for note in either.read([1, 2]).values()] == [NOW, NOW]
    either.write([CartNote(1, NOW + SECOND, None, NOW + SECOND, b"3" * 16)])
    assert either.read([1])[1].filled_us == NOW + SECOND


def test_a_dry_run_reads_what_is_written_and_writes_nothing(
    notes: CartNotes, dry: DryNotes, shop: Any
) -> None:
    notes.write([CartNote(1, NOW, NOW, NOW, b"1" * 16), CartNote(2, NOW)])
    assert (dry.present, dry.tell_of_all()) == (True, True)
    dry.write([CartNote(1, NOW + SECOND, None, None, b"2" * 16), CartNote(3, NOW + SECOND)])
    assert dry.read([1, 2, 3]) == {
        1: CartNote(1, NOW + SECOND, None, NOW, b"2" * 16),
        2: CartNote(2, NOW),
        3: CartNote(3, NOW + SECOND),
    }
    assert [sorted(page) for page in dry.active_between(NOW - 1, NOW + SECOND)] == [["1", "3"], ["2"]]
    assert notes.read([1, 3]) == {1: CartNote(1, NOW, NOW, NOW, b"1" * 16)}
    assert dry.purge(shop.clock.now_us() + SECOND) == 1  # a document may stand
    assert set(dry.read([1, 3])) == {1}


def test_a_dry_run_does_not_remember_without_end(dry: DryNotes) -> None:
    with structlog.testing.capture_logs() as logs:
        for key in range(7):
            dry.write([CartNote(key, NOW), CartNote(0, NOW)])
    assert list(dry.read(range(7))) == [0, 4, 5, 6]
    assert [entry["event"] for entry in logs] == ["notes.full"]


def test_each_shop_has_its_own(notes: CartNotes, shop: Any) -> None:
    other = CartNotes(shop.database, "other")
    notes.write([CartNote(1, NOW, NOW)])
    other.write([CartNote(1)])
    assert other.read([1]) == {}
    assert notes.read([1]) == {1: CartNote(1, NOW, NOW)}


def test_many_are_written_and_purged_in_batches(
    notes: CartNotes, shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cart_notes, "NOTES_BATCH_SIZE", 3)
    monkeypatch.setattr(cart_notes, "PURGE_BATCH_SIZE", 2)
    notes.write([CartNote(key, NOW + key) for key in range(7)])
    assert len(notes.read(range(7))) == 7
    assert notes.purge(shop.clock.now_us() - 60 * SECOND) == 0
    shop.run("UPDATE cart_abandonment_cart SET noted_at = noted_at - INTERVAL 1 DAY WHERE cart_key < 5")
    assert notes.purge(shop.clock.now_us() - 60 * SECOND) == 5
    assert list(notes.read(range(7))) == [5, 6]


def test_the_notes_of_a_shop_that_nobody_follows_any_more_are_deleted(notes: CartNotes, shop: Any) -> None:
    """Another preset's. If it comes back, what has no note then must not pass for new."""
    left, lives = (
        CartNotes(shop.database, name, form="f", standing=lambda keys: keys) for name in ("left", "lives")
    )
    for other in (left, lives):
        other.write([CartNote(key, NOW, None, NOW, b"1" * 16) for key in (1, 2)])
        other.all_written()
    shop.run("UPDATE cart_abandonment_cart SET noted_at = noted_at - INTERVAL 1 DAY WHERE shop = 'left'")
    shop.run("UPDATE cart_abandonment_cart SET noted_at = noted_at - INTERVAL 1 DAY WHERE cart_key = '1'")
    assert notes.purge(shop.clock.now_us() - 60 * SECOND) == 2
    assert (list(left.read([1, 2])), left.tell_of_all()) == ([], False)
    assert (list(lives.read([1, 2])), lives.tell_of_all()) == ([1, 2], True)
    assert notes.purge(shop.clock.now_us() - 60 * SECOND) == 0


def test_an_installation_from_before_gets_the_table(shop: Any) -> None:
    shop.run("DROP TABLE cart_abandonment_cart")
    shop.run("UPDATE cart_abandonment_meta SET value = '1' WHERE name = 'schema_version'")
    assert tables.exist(shop.database)
    assert not tables.notes_exist(shop.database)
    assert CartNotes(shop.database, "one", present=False).read([1]) == {}
    tables.migrate(shop.database, shop.shop)
    assert tables.notes_exist(shop.database)
