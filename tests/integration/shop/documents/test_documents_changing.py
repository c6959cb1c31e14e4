"""What of a document's changes is activity."""

import gc
import itertools
import time

import pytest
from fakes.session_shop import GUEST, POT, SHIRT, Open, of
from fakes.sessions import Item

from binlog_watcher.core.decision import Send
from binlog_watcher.core.events import Change


async def test_only_what_the_customer_sees_is_activity(opened: Open) -> None:
    shop = opened.shop
    async with opened.db.stream() as stream:
        shop.save(GUEST)
        assert of(await stream.settle(), GUEST) == []  # a visitor without a cart
        for items, email, change in (
            ([POT], "", [Change.INSERT]),
            ([POT], "", []),  # a page view
            ([Item(1, 2, 60.0)], "", [Change.UPDATE]),
            ([Item(1, 2, 55.0)], "", []),  # a price rule
            ([Item(1, 2, 60.0), SHIRT], "", [Change.INSERT]),
            ([SHIRT], "", [Change.UPDATE]),
            ([SHIRT], "jane@example.com", [Change.UPDATE]),
            ([], "jane@example.com", [Change.DELETE]),
            ([], "", []),
        ):
            shop.save(GUEST, *items, email=email)
            assert of(await stream.settle(), GUEST) == change, (items, email)
        shop.leave(GUEST)
        assert of(await stream.settle(), GUEST) == [Change.DELETE]


async def test_a_machine_that_stalls_makes_no_document_unreadable(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is skipped as unreadable is never mailed: only what a document itself costs may count."""
    opened.shop.save("7", *[POT] * 100)
    opened.note("7", minutes_ago=90)
    seconds = itertools.count()
    gc.collect()  # all that other tests left would count as the document's own work
    monkeypatch.setattr(time, "monotonic_ns", lambda: next(seconds) * 1_000_000_000)
    assert isinstance(opened.db.decide("7"), Send)


async def test_a_cart_that_nobody_saw_being_filled_is_one_episode(opened: Open) -> None:
    """Its first items look like any change; the changes after them are no further episodes."""
    shop, db = opened.shop, opened.db
    db.run("SET SESSION binlog_row_image = 'MINIMAL'")
    shop.save("7")  # a visitor's session, empty as yet
    async with db.stream() as stream:
        versions = []
        for items in ([POT], [Item(1, 2)], [Item(1, 3)]):
            shop.save("7", *items)
            assert of(await stream.settle(), "7") == [Change.UPDATE]
            notes = stream.tracker.take_unsaved()
            db.resources.notes.write(notes)
            stream.tracker.saved(notes)
            versions.append(db.load("7")["7"].version)
    assert versions[0] is not None
    assert versions == versions[:1] * 3


@pytest.mark.parametrize("image", ["MINIMAL", "NOBLOB"])
async def test_images_that_do_not_tell_what_was_there(opened: Open, image: str) -> None:
    """A change is held against what was last seen of the cart; what was not seen yet may have changed."""
    shop, db = opened.shop, opened.db
    db.run(
        "ALTER TABLE sessions MODIFY session_id BIGINT UNSIGNED NULL, DROP PRIMARY KEY, DROP KEY session_key, "
        "ADD PRIMARY KEY (session_key)"
    )
    db.run(f"SET SESSION binlog_row_image = {image}")
    shop.save("7", POT)
    async with db.stream() as stream:
        for change in ([Change.UPDATE], []):
            shop.save("7", POT)
            assert of(await stream.settle(), "7") == change
        for items, change in (
            ([POT], [Change.INSERT]),
            ([POT], []),
            ([Item(1, 2)], [Change.UPDATE]),
            ([Item(1, 2), SHIRT], [Change.INSERT]),
            ([Item(1, 2), SHIRT], []),
            ([], [Change.DELETE]),
            ([], []),
        ):
            shop.save(GUEST, *items)
            assert of(await stream.settle(), GUEST) == change, items
        shop.leave(GUEST)
        assert of(await stream.settle(), GUEST) == [Change.DELETE]


async def test_a_key_that_changes_alone_takes_the_cart_along(opened: Open) -> None:
    """As WooCommerce renames a session at a login: under MINIMAL images nothing else is told of it."""
    shop, db = opened.shop, opened.db
    db.run(
        "ALTER TABLE sessions MODIFY session_id BIGINT UNSIGNED NULL, DROP PRIMARY KEY, DROP KEY session_key, "
        "ADD PRIMARY KEY (session_key)"
    )
    db.run("SET SESSION binlog_row_image = MINIMAL")
    async with db.stream() as stream:
        shop.save(GUEST, POT)
        assert of(await stream.settle(), GUEST) == [Change.INSERT]
        db.run("UPDATE sessions SET session_key = '7' WHERE session_key = %s", (GUEST,))
        renamed = await stream.settle()
        assert (of(renamed, GUEST), of(renamed, "7")) == ([Change.DELETE], [Change.INSERT])
        for items, change in (([Item(1, 2)], Change.UPDATE), ([Item(1, 2), SHIRT], Change.INSERT)):
            shop.save("7", *items)
            assert of(await stream.settle(), "7") == [change]
