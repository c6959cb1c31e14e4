"""`cartwake export`: all that is held about one person, and nothing about anybody else."""

import json
from typing import Any

import pytest
from fakes.mail_server import MailServer
from fakes.recovering import abandon, recovering, settings_of

from binlog_watcher.answers.person import Whom
from binlog_watcher.commands.export import Exported, export
from binlog_watcher.errors import CartwakeError
from binlog_watcher.store.own_tables import visits
from binlog_watcher.store.own_tables.recipients import OptOuts

JANE, BOB = 987654321, 123456789
LOG, CLICK = "cart_abandonment_log", "cart_abandonment_click"
CART, RECIPIENT = "cart_abandonment_cart", "cart_abandonment_recipient"


def address(user: int) -> str:
    return f"user{user}@example.com"


@pytest.mark.parametrize(
    "whom", [Whom(address=address(JANE).upper()), Whom(customer=str(JANE))], ids=["address", "id"]
)
async def test_every_table_tells_what_it_has_of_the_person(shop: Any, smtp: MailServer, whom: Whom) -> None:
    abandon(shop, [JANE, BOB])
    async with recovering(shop, smtp) as cartwake:
        await cartwake.recover(JANE, BOB)
        for row in shop.log():
            visits.record(cartwake.resources.database, row["id"], "cart", 0, None, max_age_s=None)
        for user in (JANE, BOB):
            shop.run(
                "INSERT INTO cart_abandonment_cart (shop, cart_key, active_at, digest) VALUES (%s, %s, %s, %s)",
                (cartwake.resources.episodes.shop_id, str(user), "2026-03-01 12:00:00", bytes(range(16))),
            )
        OptOuts(cartwake.resources.database, cartwake.resources.hasher).add(address(JANE))
        before = shop.run(
            "CHECKSUM TABLE cart_abandonment_log, cart_abandonment_recipient, cart_abandonment_click"
        )
        found = export(cartwake.settings, whom)
        after = shop.run(
            "CHECKSUM TABLE cart_abandonment_log, cart_abandonment_recipient, cart_abandonment_click"
        )
    assert before == after
    told = json.loads(found.json())
    columns = {name for (name,) in shop.run("SELECT COLUMN_NAME FROM information_schema.COLUMNS "
                                            "WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = %s", (LOG,))}  # fmt: skip
    (row,) = told["tables"][LOG]
    assert set(row) == columns
    assert (row["user_id"], row["cart_key"], row["status"], row["cart_total"]) == (
        JANE,
        str(JANE),
        "sent",
        "1299.00",
    )
    assert row["sent_at"].endswith("+00:00")
    (digest,) = {row["address_hash"]}
    assert [(visit["log_id"], visit["kind"]) for visit in told["tables"][CLICK]] == [(row["id"], "cart")]
    (note,) = told["tables"][CART]
    assert (note["cart_key"], note["active_at"]) == (str(JANE), "2026-03-01T12:00:00+00:00")
    assert note["digest"] == bytes(range(16)).hex()
    (known,) = told["tables"][RECIPIENT]
    assert (known["address_hash"], known["address_hint"]) == (digest, "u***@example.com")
    (mailable,) = told["addresses"]
    assert (mailable["address_hash"], mailable["may_be_mailed"], mailable["reason"]) == (
        digest,
        False,
        "manual",
    )
    assert mailable["since"] == known["suppressed_at"]
    assert str(BOB) not in found.json()
    assert "shop's own tables" in told["not_in_here"]


@pytest.mark.parametrize("server", ["mysql"], indirect=True)
async def test_a_cart_that_somebody_else_was_mailed_for_is_not_told(shop: Any, smtp: MailServer) -> None:
    """A row of a cart without a customer, that had another address then: a computer that two people use."""
    abandon(shop, [JANE])
    async with recovering(shop, smtp) as cartwake:
        await cartwake.recover(JANE)
        shop.run(
            "INSERT INTO cart_abandonment_log (cart_key, cart_version, status, address_hash) "
            "SELECT cart_key, 1, 'sent', REPEAT('b', 32) FROM cart_abandonment_log"
        )
        shop.run("UPDATE cart_abandonment_log SET user_id = NULL, cart_key = 'shared'")
        shop.run(
            "INSERT INTO cart_abandonment_cart (shop, cart_key) VALUES (%s, 'shared')",
            (cartwake.resources.episodes.shop_id,),
        )
        found: Exported = export(cartwake.settings, Whom(address=address(JANE)))
    assert [row["status"] for row in found.tables[LOG]] == ["sent"]
    assert b"b".hex() * 32 not in found.json()
    assert found.tables[CART] == [], "nobody can tell whose it is"


@pytest.mark.parametrize("server", ["mysql"], indirect=True)
async def test_who_is_not_known(shop: Any, smtp: MailServer) -> None:
    async with recovering(shop, smtp) as cartwake:
        found = export(cartwake.settings, Whom(address="nobody@example.com"))
    assert not any(found.tables.values())
    assert [one.may_be_mailed for one in found.addresses] == [True]


@pytest.mark.parametrize("server", ["mysql"], indirect=True)
def test_where_cartwake_never_ran(bare_shop: Any, smtp: MailServer) -> None:
    with pytest.raises(CartwakeError, match="never ran"):
        export(settings_of(bare_shop(), smtp), Whom(customer="1"))


@pytest.mark.parametrize("server", ["mysql"], indirect=True)
async def test_tables_of_an_older_cartwake_are_read_as_they_are(shop: Any, smtp: MailServer) -> None:
    abandon(shop, [JANE])
    async with recovering(shop, smtp) as cartwake:
        await cartwake.recover(JANE)
        shop.run("DROP TABLE cart_abandonment_click, cart_abandonment_returned")
        shop.run(
            "ALTER TABLE cart_abandonment_log DROP COLUMN bought, DROP COLUMN converted, DROP COLUMN bounce"
        )
        shop.run("UPDATE cart_abandonment_meta SET value = '2' WHERE name = 'schema_version'")
        found = export(cartwake.settings, Whom(customer=str(JANE)))
    assert ([row["user_id"] for row in found.tables[LOG]], found.tables[CLICK]) == ([JANE], [])
