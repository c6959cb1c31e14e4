"""Starts and restarts in a shop whose carts are documents: only notes tell when each was left."""

import asyncio
from contextlib import closing
from pathlib import Path

import pytest
from fakes.preset_shop import MINUTE
from fakes.session_shop import GUEST, POT, SHIRT, Open, hydrator_of, progress_at
from fakes.sessions import Item

from binlog_watcher.core.decision import Send, Skip
from binlog_watcher.core.events import OrderPlaced
from binlog_watcher.core.source import Batch
from binlog_watcher.service.resources import open_resources
from binlog_watcher.store.shop_tables import open_documents


async def test_nothing_is_known_of_what_was_there_before_the_first_start(opened: Open) -> None:
    db, shop = opened.db, opened.shop
    shop.save("7", POT)
    shop.save("8", POT)
    async with db.stream() as stream:
        await stream.settle()
        assert stream.tracker.armed == 0
        shop.save("8", Item(1, 2, 60.0))
        await stream.settle()
        assert stream.tracker.keys() == ["8"]
        db.resources.notes.write(stream.tracker.take_unsaved())
    shop.save(GUEST, POT, email="jane@example.com")  # while nobody looked
    async with db.stream() as stream:
        await stream.settle()
        assert sorted(map(str, stream.tracker.keys())) == ["8", GUEST]


def test_a_first_start_that_was_cut_off_is_still_one(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else all that it had not come to would pass for filled just now, and be mailed."""
    db, shop = opened.db, opened.shop
    monkeypatch.setattr(open_documents, "DOCUMENT_PAGE_SIZE", 1)
    for key in ("7", "8", "9"):
        shop.save(key, POT)
    hydrator = hydrator_of(db)
    for _ in range(2):
        pages = hydrator()
        next(pages)  # the process ends
    assert [read for page in hydrator() for read in page] == []
    assert list(db.resources.notes.read(["7", "8", "9"])) == ["7", "8", "9"]
    shop.save("9", POT, SHIRT)
    assert [read.key for page in hydrator() for read in page] == ["9"]


async def test_a_dry_run_notes_nothing(opened: Open) -> None:
    opened.shop.save("7", POT)
    async with opened.db.stream(writes=False) as stream:
        await stream.settle()
        assert stream.tracker.armed == 0
    assert opened.db.run("SHOW TABLES LIKE 'cart_abandonment%'") == []


@pytest.mark.parametrize("noted", [False, True], ids=["before the first run", "after runs that wrote"])
async def test_a_reset_in_a_dry_run_keeps_what_is_known(opened: Open, *, noted: bool) -> None:
    db, shop = opened.db, opened.shop
    shop.save("old", POT, email="old@example.com")
    if noted:
        list(hydrator_of(db)())
    before = db.run("SELECT * FROM cart_abandonment_cart") if noted else []
    async with db.stream(writes=False) as stream:
        notes = stream.resources.notes
        await stream.settle()
        for key in ("7", "8"):
            shop.save(key, POT)
        await stream.settle()
        unsaved = stream.tracker.take_unsaved()
        notes.write(unsaved)
        stream.tracker.saved(unsaved)
        due = {key: stream.tracker.due_of(key) for key in ("7", "8")}
        assert None not in due.values()
        shop.leave("8")
        db.run("TRUNCATE purchases")  # all is read anew
        await stream.settle()
        await stream.settle()
        hydrator = hydrator_of(stream.resources)
        assert [read.key for page in hydrator() for read in page] == ["7"]
        assert {key: stream.tracker.due_of(key) for key in ("7", "old")} == {"7": due["7"], "old": None}
    assert (db.run("SELECT * FROM cart_abandonment_cart") if noted else []) == before


def test_after_an_edit_of_its_paths_nothing_passes_for_new(opened: Open) -> None:
    """All digests are others then; who was mailed would be mailed again."""
    db, shop = opened.db, opened.shop
    list(hydrator_of(db)())
    for key in ("7", "8"):
        shop.save(key, POT, email="jane@example.com")
        opened.note(key, minutes_ago=10)
    due = {read.key: read.due_us for page in hydrator_of(db)() for read in page}
    assert list(due) == ["7", "8"]
    file = Path(db.preset)
    file.write_text(file.read_text().replace('email = "customer|php?.email"\n', "", 1))
    with closing(open_resources(db.settings(), write=True)) as edited:
        for _ in range(2):
            assert {read.key: read.due_us for page in hydrator_of(edited)() for read in page} == due
        assert edited.notes.tell_of_all()


async def test_a_cart_that_was_bought_at_once_is_no_new_one_after_a_restart(opened: Open) -> None:
    """Its timer was cancelled before anything was noted, and the shop left the cart as it was."""
    db, shop = opened.db, opened.shop
    list(hydrator_of(db)())
    async with db.stream() as stream:
        shop.save("7", POT)
        await stream.settle()
        stream.tracker.apply(
            Batch("binlog", (OrderPlaced("7", db.resources.clock.now_us()),), progress_at(db))
        )
        db.resources.notes.write(stream.tracker.take_unsaved())
    assert [read for page in hydrator_of(db)() for read in page if read.digest is not None] == []


async def test_who_bought_while_nobody_looked_is_not_mailed(opened: Open) -> None:
    """The cart is as it was bought: a webhook paid the order, and the shop empties it at the next page view."""
    db, shop = opened.db, opened.shop
    shop.order(customer=8)
    async with db.stream() as stream:
        for key in ("7", "8"):
            shop.save(key, POT)
        await stream.settle()
        db.resources.notes.write(stream.tracker.take_unsaved())
    db.run("UPDATE purchases SET created_at = created_at - INTERVAL 1 DAY")
    for key in ("7", "8"):
        shop.save(key, POT, SHIRT)
    shop.order(customer=7)
    await asyncio.sleep(1.1)  # orders have whole seconds
    async with db.stream() as stream:
        await stream.settle()
        assert stream.tracker.due_of("7") is not None, "only the tables tell of the order"
        db.resources.notes.write(stream.tracker.take_unsaved())
    assert isinstance(db.decide("7", minutes_later=90), Skip)
    assert isinstance(db.decide("8", minutes_later=90), Send)


async def test_a_restart_knows_when_each_cart_was_left(opened: Open) -> None:
    db, shop = opened.db, opened.shop
    async with db.stream() as stream:
        for key in ("7", "8"):
            shop.save(key, POT)
        await stream.settle()
        due = {key: stream.tracker.due_of(key) for key in ("7", "8")}
        notes = stream.tracker.take_unsaved()
        db.resources.notes.write(notes)
        stream.tracker.saved(notes)
    await asyncio.sleep(0.02)  # timers have ticks of 10 ms, and a restart may take less
    shop.save("7", POT)  # a page view
    shop.save("8", POT, SHIRT)
    async with db.stream() as stream:
        await stream.settle()
        assert stream.tracker.due_of("7") == due["7"]
        assert (stream.tracker.due_of("8") or 0) > (due["8"] or 0)


async def test_the_note_of_a_document_lasts_as_long_as_the_document(opened: Open) -> None:
    """Without it a cart that was mailed a week ago would pass for filled just now, and be mailed again."""
    db, shop = opened.db, opened.shop
    for key in ("7", "8"):
        shop.save(key, POT)
        opened.note(key, minutes_ago=10 * 24 * 60)
    shop.leave("8")
    db.run("UPDATE cart_abandonment_cart SET noted_at = noted_at - INTERVAL 10 DAY")
    notes, now_us = db.resources.notes, db.resources.clock.now_us()
    assert notes.purge(now_us - 24 * 60 * MINUTE) == 1
    assert list(notes.read(["7", "8"])) == ["7"]
    assert notes.purge(now_us - 24 * 60 * MINUTE) == 0
    async with db.stream() as stream:
        await stream.settle()
        assert stream.tracker.armed == 0
