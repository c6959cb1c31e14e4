"""Carts whose keys are text: as long as may be, and spelled in several ways that their collation holds for the same."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fakes.byte_baskets import ByteBaskets
from fakes.mail_server import MailServer
from fakes.preset_shop import PresetShop, preset_shop
from fakes.recovering import recovering

from binlog_watcher.answers.cart_seeking import Question
from binlog_watcher.answers.explain import explain
from binlog_watcher.core.decision import Send
from binlog_watcher.core.events import CartChanged
from binlog_watcher.demo.server import Server
from binlog_watcher.doctor.preflight import check_server

Make = Callable[[str], tuple[PresetShop, ByteBaskets]]


@pytest.fixture
def make(server: Server, fresh_database: str, tmp_path: Path) -> Iterator[Make]:
    with preset_shop(server, fresh_database, "", ("", "")) as db:

        def making(key_type: str) -> tuple[PresetShop, ByteBaskets]:
            shop = ByteBaskets(db.run, key_type)
            db.preset = shop.preset(tmp_path)
            db.mark = ("UPDATE products SET views = views + 1 WHERE name = 'Mark'", shop.mark)
            return db, shop

        yield making


async def test_keys_of_128_characters_go_all_the_way(make: Make, smtp: MailServer) -> None:
    db, shop = make("VARCHAR(128) CHARACTER SET utf8mb4")
    report = check_server(db.settings().connection, db.resources.schema, writes=False)
    assert not any("characters" in warning for warning in report.warnings)
    keys = ["k" * 128, "\N{MUSICAL SYMBOL G CLEF}" * 128]
    async with db.stream() as stream:
        for nth, key in enumerate(keys):
            shop.add(shop.basket(shop.person(f"{nth}@example.com"), text=key), shop.tea)
            events = await stream.settle()
            assert {event.key for event in events if isinstance(event, CartChanged)} == {key}
    async with recovering(db, smtp, SHOP_SCHEMA=db.preset) as cartwake:
        await cartwake.recover(*keys)
    assert {(row["cart_key"], row["status"]) for row in db.log()} == {(key, "sent") for key in keys}


def test_longer_keys_are_warned_of(make: Make) -> None:
    db, _ = make("VARCHAR(129) CHARACTER SET utf8mb4")
    report = check_server(db.settings().connection, db.resources.schema, writes=False)
    assert any("129 characters: carts with more than 128 are not mailed" in one for one in report.warnings)


SPELLED = (
    ("utf8mb4_general_ci", "Session-É ", ("session-e", "SESSION-é")),
    ("utf8mb4_unicode_ci", "abc", ("ABC",)),
    ("utf8mb4_bin", "abc", ("abc  ",)),
)


@pytest.mark.parametrize(("collation", "header", "others"), SPELLED)
async def test_a_cart_is_mailed_once_however_its_key_is_spelled(
    make: Make, smtp: MailServer, collation: str, header: str, others: tuple[str, ...]
) -> None:
    db, shop = make(f"VARCHAR(128) CHARACTER SET utf8mb4 COLLATE {collation}")
    shop.basket(shop.person("one@example.com"), text=header)
    for spelled in others:
        shop.add(spelled, shop.tea)
    carts = db.load(header, *others)
    assert [len(cart.lines) for cart in carts.values()] == [len(others)] * (1 + len(others))
    async with recovering(db, smtp, SHOP_SCHEMA=db.preset, EMAIL_COOLDOWN_HOURS="0") as cartwake:
        for spelled in (header, *others, header):
            await cartwake.recover(spelled)
        assert len(smtp.mails_to("one@example.com")) == 1
        (story,) = explain(cartwake.settings, Question(cart=others[0])).carts
        assert story.outcome[0].startswith("No mail: it was mailed on")
        shop.order(others[0].swapcase() if collation != "utf8mb4_bin" else others[0], None)
        assert not any(isinstance(db.decide(spelled), Send) for spelled in (header, *others))


def test_two_carts_that_a_collation_tells_apart_are_two(make: Make, server: Server) -> None:
    ((version,),) = server_version(server)
    collation = "utf8mb4_nopad_bin" if "MariaDB" in version else "utf8mb4_0900_as_cs"
    db, shop = make(f"VARCHAR(128) CHARACTER SET utf8mb4 COLLATE {collation}")
    keys = ["abc", "ABC", "äbc"]
    for nth, key in enumerate(keys):
        shop.basket(shop.person(f"{nth}@example.com", key), text=key)
        shop.add(key, shop.tea)
    shop.order("ABC", None)
    carts = db.load(*keys)
    assert [carts[key].customer_id for key in keys] == keys
    assert [isinstance(db.decide(key), Send) for key in keys] == [True, False, True]


def server_version(server: Server) -> list[tuple[str]]:
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT VERSION()")
        return [(str(version),) for (version,) in cursor.fetchall()]
