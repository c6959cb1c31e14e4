"""`cartwake erase` in shops of other shapes: header and lines, storefronts, guests, documents."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fakes.bagisto.catalogue import KETTLE
from fakes.bagisto.shop import Bagisto
from fakes.preset_shop import PresetShop, preset_shop
from fakes.prestashop.on_cartwake import MARK, Presta
from fakes.prestashop.shop import PrestaShop
from fakes.session_shop import POT, SHIRT, Open, hydrator_of
from fakes.sessions import MARK as SESSIONS_MARK
from fakes.sessions import PRESET, Sessions

from binlog_watcher.answers.erase import erase_person
from binlog_watcher.answers.person import Whom
from binlog_watcher.commands.export import export
from binlog_watcher.core.decision import Skip
from binlog_watcher.core.erased_keys import is_erased
from binlog_watcher.core.log_status import Reason, Status
from binlog_watcher.demo.server import Server
from binlog_watcher.store.own_tables.log_rows import Outcome

KEY = "987654321"
MYSQL_ONLY = pytest.mark.parametrize("server", ["mysql"], indirect=True)


def mailed(db: PresetShop, key: Any) -> int:
    """As if the cart's mail had gone out; its row."""
    fenced = db.claimed(key)
    customer = fenced.cart.customer
    db.resources.episodes.finish(
        [
            Outcome(
                fenced.log_id, Status.SENT, at_us=db.resources.clock.now_us(),
                address_hash=customer.address_hash if customer else None,
            )
        ]
    )  # fmt: skip
    return fenced.log_id


def is_handled(db: PresetShop, key: Any) -> bool:
    decision = db.decide(key, minutes_later=60)
    return decision == Skip(Reason.HANDLED)


@pytest.fixture
def presta(server: Server, fresh_database: str, tmp_path: Path) -> Iterator[Presta]:
    stores = tmp_path / "stores.toml"
    stores.write_text("[1]\nstore_name = 'The First'\n[2]\nstore_name = 'The Second'")
    more = {"CURRENCY": "EUR", "SHOP_TIMEZONE": "UTC", "STORES": str(stores), "EMAIL_COOLDOWN_HOURS": "0"}
    with preset_shop(server, fresh_database, "prestashop-8", MARK, **more) as db:
        shop = PrestaShop(db.run)
        shop.create()
        yield Presta(db, shop)


def test_header_and_lines_in_several_stores(presta: Presta) -> None:
    db = presta.db
    first, second = (presta.customer_with_cart("jane@example.com") for _ in range(2))
    third = presta.customer_with_cart("jane@example.com")
    others = presta.customer_with_cart("bob@example.com")
    db.run("UPDATE ps_cart SET id_shop = 2 WHERE id_cart = %s", (second,))
    for cart in (first, second, others):
        mailed(db, cart)
    ((jane,),) = db.run("SELECT id_customer FROM ps_cart WHERE id_cart = %s", (first,))

    told = export(db.settings(), Whom(address="jane@example.com", store="2"))
    assert [(row["cart_key"], row["store"]) for row in told.tables["cart_abandonment_log"]] == [
        (str(second), "2")
    ]
    report = erase_person(db.settings(), Whom(address="jane@example.com", store="2"))
    assert (report.done.rows, report.done.marked, report.untold) == (1, 0, 0)
    assert [is_erased(row["cart_key"]) for row in db.log()] == [False, True, False]
    assert is_handled(db, second)

    report = erase_person(db.settings(), Whom(address="Jane@example.com"))
    assert (report.done.rows, report.done.marked) == (1, 1)
    assert [row["cart_key"] for row in db.log() if not is_erased(row["cart_key"])] == [str(others)]
    assert all(row["user_id"] is None for row in db.log() if is_erased(row["cart_key"]))
    for cart in (first, second, third):
        assert is_handled(db, cart), "mailed, or erased before its time came"
    assert not is_handled(db, presta.customer_with_cart("eve@example.com"))
    assert erase_person(db.settings(), Whom(customer=str(jane))).done.rows == 0


@MYSQL_ONLY
def test_a_store_that_nobody_can_tell_any_more(presta: Presta) -> None:
    db = presta.db
    cart = presta.customer_with_cart("jane@example.com")
    mailed(db, cart)
    db.run("DELETE FROM ps_cart")
    db.run("DELETE FROM ps_cart_product")
    report = erase_person(db.settings(), Whom(address="jane@example.com", store="1"))
    assert (report.done.rows, report.untold) == (0, 1)
    assert any("Without --store it is erased, too" in line for line in report.lines())
    assert erase_person(db.settings(), Whom(address="jane@example.com")).done.rows == 1


@MYSQL_ONLY
def test_guests_whose_cart_carries_the_address(server: Server, fresh_database: str) -> None:
    with preset_shop(server, fresh_database, "bagisto", ("DO 0", 0), CURRENCY="USD") as db:
        shop = Bagisto(db.run)
        shop.create()
        left, waiting, others = (shop.cart(None, minutes_ago=60) for _ in range(3))
        for key, address in (
            (left, "ada@example.com"),
            (waiting, "ada@example.com"),
            (others, "bob@example.com"),
        ):
            shop.add(key, KETTLE, minutes_ago=60)
            shop.check_out_as(key, address)
        for key in (left, others):
            mailed(db, key)
        report = erase_person(db.settings(), Whom(address="ADA@example.com"))
        assert (report.done.rows, report.done.marked) == (1, 1)
        assert is_handled(db, left)
        assert is_handled(db, waiting)
        assert sorted(is_erased(row["cart_key"]) for row in db.log()) == [False, True, True]
        rows = export(db.settings(), Whom(address="bob@example.com")).tables["cart_abandonment_log"]
        assert [row["cart_key"] for row in rows] == [str(others)]


# --- documents --------------------------------------------------------------------------------------------------------


@pytest.fixture
def opened(server: Server, fresh_database: str, tmp_path: Path) -> Iterator[Open]:
    file = tmp_path / "sessions.toml"
    file.write_text(PRESET)
    with preset_shop(server, fresh_database, str(file), SESSIONS_MARK) as db:
        shop = Sessions(db.run)
        shop.create()
        db.run("INSERT INTO users VALUES (%s, 'jane@example.com')", (int(KEY),))
        yield Open(db, shop)


def notes_of(db: PresetShop) -> list[str]:
    return [str(key) for (key,) in db.run("SELECT cart_key FROM cart_abandonment_cart")]


def armed(db: PresetShop) -> list[str]:
    return [str(read.key) for page in hydrator_of(db)() for read in page]


def test_a_document_that_stands_is_no_new_cart_at_the_next_start(opened: Open) -> None:
    """Its note tells that it is old; without one it would pass for filled since the last start, and be mailed again."""
    db, shop = opened.db, opened.shop
    list(hydrator_of(db)())
    shop.save(KEY, POT, email="jane@example.com")
    shop.save("8", POT, email="bob@example.com")
    for key in (KEY, "8"):
        opened.note(key, minutes_ago=60)
        mailed(db, key)
    report = erase_person(db.settings(), Whom(address="jane@example.com"))
    assert (report.done.rows, report.done.notes) == (1, 1)
    assert KEY not in str(notes_of(db))
    assert sorted(map(is_erased, notes_of(db))) == [False, True]
    assert is_handled(db, KEY)
    assert armed(db) == []
    db.resources.notes.purge(db.resources.clock.now_us() + 1)
    assert armed(db) == [], "the note of what stands is kept"
    again = erase_person(db.settings(), Whom(address="jane@example.com"))
    assert (again.done.rows, again.done.notes, again.done.marked) == (0, 0, 0)


def test_a_document_that_is_used_again_goes_on_from_its_note(opened: Open) -> None:
    db, shop = opened.db, opened.shop
    list(hydrator_of(db)())
    shop.save(KEY, POT, SHIRT, email="jane@example.com")
    opened.note(KEY, minutes_ago=60)
    log_id = mailed(db, KEY)
    before = db.resources.notes.read([KEY])
    erase_person(db.settings(), Whom(address="jane@example.com"))
    assert db.resources.notes.read([KEY]) == before
    notes = db.resources.notes
    (note,) = before.values()
    # Something was taken out: activity, and no new episode.
    notes.write([replace(note, activity_us=db.resources.clock.now_us(), filled_us=None, digest=b"x" * 16)])
    assert notes_of(db) == [KEY]
    assert notes.read([KEY])[KEY].filled_us == note.filled_us
    assert is_handled(db, KEY)
    assert erase_person(db.settings(), Whom(address="jane@example.com")).done.notes == 1
    assert (log_id, KEY in str(notes_of(db))) == (1, False)
