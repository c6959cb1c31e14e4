"""Every way in which a cart's recovery ends, by one service: each line of the log leads to its cart and to its row."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from fakes.mail_server import MailServer, hang_up
from fakes.recovering import Recovering, abandon, meanwhile, recovering

from binlog_watcher.commands.optout import optouts
from binlog_watcher.service.stored_visits import StoredVisits
from binlog_watcher.telemetry.handlers import TerminalHandler
from binlog_watcher.telemetry.logs import configure_logging

ENDS = {"recovery.finished", "recovery.stopped"}
WANTED = [
    ("1", "sent", None), ("2", "retry", None), ("3", "failed", None), ("4", "failed", "bounced"),
    ("5", "unknown", None), ("6", "skipped", "no_address"), ("7", "skipped", "excluded_address"),
    ("8", "skipped", "role"), ("9", "skipped", "opted_out"), ("10", "skipped", "zero_total"),
    ("11", "skipped", "unavailable"), ("12", "skipped", "total_too_high"), ("13", "skipped", "bounced"),
    ("14", "skipped", "bought_meanwhile"), ("15", "skipped", "emptied"), ("16", "skipped", "declined"),
    ("17", "sent", None), ("17", "skipped", "superseded"),
]  # fmt: skip
"""Cart, status and reason of each row in the end; reasons beside those that other presets have (consent, documents)."""


@pytest.fixture
def said() -> Iterator[io.StringIO]:
    """What a service with LOG_FORMAT=json prints."""
    level, stream = logging.getLogger().level, io.StringIO()
    configure_logging("INFO", stream=stream, json_lines=True)
    yield stream
    root = logging.getLogger()
    root.setLevel(level)
    for handler in [handler for handler in root.handlers if isinstance(handler, TerminalHandler)]:
        root.removeHandler(handler)
    logging.captureWarnings(capture=False)


def make_carts(shop: Any, smtp: MailServer) -> None:
    abandon(shop, range(1, 18))
    smtp.answer("RCPT", "user2@example.com", "451 later")
    smtp.answer("RCPT", "user17@example.com", "451 later")
    smtp.answer("RCPT", "user3@example.com", "550 5.7.1 no")
    smtp.answer("RCPT", "user4@example.com", "550 5.1.1 no such user")
    smtp.answer("DATA", "user5@example.com", hang_up)
    shop.run("UPDATE users SET email = NULL WHERE id = 6")
    shop.run("UPDATE users SET email = 'someone@staff.test' WHERE id = 7")
    shop.run("UPDATE users SET role = 'admin' WHERE id = 8")
    shop.run(
        "INSERT INTO products (id, name, price, stock) VALUES (900, 'A gift', 0, 1), (901, 'Gone', 9, 0)"
    )
    shop.run("UPDATE cart SET product_id = user_id + 890 WHERE user_id IN (10, 11)")
    shop.run("ALTER TABLE cart MODIFY quantity BIGINT")
    shop.run("UPDATE cart SET quantity = 4000000000000000000 WHERE user_id = 12")


async def test_each_line_of_an_outcome_has_the_cart_and_the_row(
    shop: Any, smtp: MailServer, said: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_carts(shop, smtp)
    async with recovering(shop, smtp, EXCLUDE_ADDRESSES="*@staff.test", EXCLUDE_ROLES="admin") as cartwake:
        optouts(cartwake.settings).add("user13@example.com")
        shop.run("UPDATE cart_abandonment_recipient SET reason = 'bounced'")
        optouts(cartwake.settings).add("user9@example.com")
        await cartwake.recover(*range(1, 14), 17)
        cartwake.drop_timer(17)
        shop.add(17, 2, minutes_ago=40)
        await cartwake.recover(17)
        await stopped_under_way(shop, cartwake, monkeypatch)
    rows = {(row["cart_key"], row["status"]): row for row in shop.log()}
    assert sorted((*key, row["reason"]) for key, row in rows.items()) == sorted(WANTED)
    lines = [json.loads(line) for line in said.getvalue().splitlines()]
    ends = [line for line in lines if line["event"] in ENDS]
    ids = {key: row["id"] for key, row in rows.items()}
    told = {(str(line["cart"]), line["outcome"]): line["log_id"] for line in ends}
    # The page of "not for this cart" closes a row, and so does the claim of the next episode: what came before is told.
    (left,) = [line for line in lines if line["event"] == "pages.cart_left"]
    assert (left["cart"], left["log_id"]) == ("16", ids["16", "skipped"])
    ids["16", "retry"], ids["17", "retry"] = ids.pop(("16", "skipped")), ids.pop(("17", "skipped"))
    assert told == ids, "each line leads to its row"
    for line in lines:
        if line["event"] == "recovery.detected":
            assert line["log_id"] in {log_id for (key, _), log_id in ids.items() if key == str(line["cart"])}


async def stopped_under_way(shop: Any, cartwake: Recovering, monkeypatch: pytest.MonkeyPatch) -> None:
    """Carts for which a row was begun, and whose mail is being composed."""
    async with meanwhile(monkeypatch, cartwake, "compose", 14, 15, 16):
        shop.order(14)
        shop.run("DELETE FROM cart WHERE user_id = 15")
        ids = dict(shop.run("SELECT cart_key, id FROM cart_abandonment_log"))
        visits = StoredVisits(cartwake.settings)
        visits.leave_cart(ids["16"])
        visits.close()
