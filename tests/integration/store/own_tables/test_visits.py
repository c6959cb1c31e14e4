"""What customers do with a mail's links: clicks are kept within bounds, and what they ask for is done in the log."""

from typing import Any

import pytest
from fakes.mail_server import MailServer
from fakes.recovering import abandon, recovering

from binlog_watcher.core.decision import Send, Skip
from binlog_watcher.core.log_status import Reason
from binlog_watcher.store.own_tables import tables, visits
from binlog_watcher.store.own_tables.figures import Followed
from binlog_watcher.store.own_tables.visits import MOST_OF_A_MAIL

CLICKS = f"SELECT kind, link_no, flag FROM {tables.CLICK} ORDER BY id"


def mailed(shop: Any, log_id: int, *, status: str = "sent", key: str = "1", hours_ago: int = 1) -> None:
    shop.run(
        f"INSERT INTO {tables.LOG} (id, cart_key, cart_version, status, email_sent, sent_at, owner, address_hash) "
        "VALUES (%s, %s, %s, %s, %s, UTC_TIMESTAMP(6) - INTERVAL %s HOUR, 'shop-old', REPEAT('a', 32))",
        (log_id, key, log_id, status, status == "sent", hours_ago),
    )


def record(shop: Any, log_id: int, flag: str | None = None, *, days: float | None = None) -> bool:
    max_age_s = None if days is None else days * 86_400
    return visits.record(shop.database, log_id, "cart", 0, flag, max_age_s=max_age_s)


def leave(shop: Any, log_id: int, *, versions_are_times: bool = True) -> bool:
    return visits.leave_cart(shop.database, log_id, versions_are_times=versions_are_times) is not None


def test_clicks_are_kept_each_with_its_flag(shop: Any) -> None:
    mailed(shop, 7)
    assert record(shop, 7)
    assert record(shop, 7, "scanner")
    assert shop.run(CLICKS) == [("cart", 0, None), ("cart", 0, "scanner")]
    with shop.database.session() as session:
        assert visits.read_followed(session, 0) == Followed(1, 0, 0)


def test_a_mail_is_clicked_once_whichever_of_its_links_were_followed(shop: Any) -> None:
    for log_id, kinds in ((7, ["cart", "item", "item", "pick", "open"]), (8, ["item"]), (9, ["open"])):
        mailed(shop, log_id)
        for number, kind in enumerate(kinds):
            assert visits.record(shop.database, log_id, kind, number, None, max_age_s=None)
    assert ("pick", 3, None) in shop.run(CLICKS)
    with shop.database.session() as session:
        assert visits.read_followed(session, 0) == Followed(clicked=2, recommended=1, opened=2)


def test_of_no_mail_and_of_an_old_one_nothing_is_kept(shop: Any) -> None:
    mailed(shop, 7, hours_ago=49)
    assert not record(shop, 8)
    assert not record(shop, 7, days=2)
    assert shop.run(CLICKS) == []
    assert record(shop, 7, days=3)


def test_a_link_that_is_followed_without_end_fills_no_table_and_hides_no_customer(shop: Any) -> None:
    mailed(shop, 7)
    for _ in range(MOST_OF_A_MAIL + 3):
        assert record(shop, 7, "scanner")
    assert len(shop.run(CLICKS)) == MOST_OF_A_MAIL
    assert record(shop, 7)
    assert shop.run(CLICKS)[-1] == ("cart", 0, None)


def test_scanners_alone_are_no_clicks(shop: Any) -> None:
    mailed(shop, 7)
    mailed(shop, 8, status="failed")
    record(shop, 7, "head")
    record(shop, 8)
    with shop.database.session() as session:
        assert visits.read_followed(session, 0) == Followed(0, 0, 0)


async def test_who_leaves_a_cart_gets_no_mail_of_what_is_in_it_but_of_what_comes_later(
    shop: Any, smtp: MailServer
) -> None:
    (address,) = abandon(shop, [1])
    async with recovering(shop, smtp) as cartwake:
        await cartwake.recover(1)
        (log_id,) = [row["id"] for row in shop.log()]
        shop.add(1, 2, minutes_ago=45)  # another episode already
        shop.run("UPDATE cart_abandonment_recipient SET last_mail_at = NULL")
        assert leave(shop, log_id)
        assert leave(shop, log_id), "it can be said twice"
        decisions = await cartwake.recover(1)
        assert decisions[1] == Skip(Reason.HANDLED)
        assert [(row["status"], row["reason"]) for row in shop.log()] == [
            ("sent", None),
            ("skipped", "declined"),
        ]
        # The threshold later, with something new in it.
        shop.run(
            "UPDATE cart_abandonment_log SET cart_version = cart_version - 7200000000 WHERE reason = 'declined'"
        )
        decisions = await cartwake.recover(1)
        assert isinstance(decisions[1], Send)
    assert len(smtp.mails_to(address)) == 2


@pytest.mark.parametrize("status", ["claimed", "retry"])
def test_what_is_under_way_for_a_cart_that_is_left_does_not_pass_the_fence(shop: Any, status: str) -> None:
    mailed(shop, 7)
    mailed(shop, 8, status=status)
    mailed(shop, 9, status="claimed", key="2")
    shop.run(f"UPDATE {tables.LOG} SET owner = 'other-1' WHERE id = 9")
    assert leave(shop, 7)
    rows = shop.run(f"SELECT id, status, reason FROM {tables.LOG} WHERE id < 10 ORDER BY id")
    assert rows == [(7, "sent", None), (8, "skipped", "declined"), (9, "claimed", None)]


def test_where_versions_are_numbers_no_moment_stands_for_one(shop: Any) -> None:
    """The ids of rows, say: a moment is higher than any of them, and the cart would never be mailed again."""
    mailed(shop, 7)
    mailed(shop, 8, status="claimed")
    assert leave(shop, 7, versions_are_times=False)
    assert shop.run(f"SELECT id, cart_version, status FROM {tables.LOG}") == [
        (7, 7, "sent"),
        (8, 8, "skipped"),
    ]


def test_a_cart_of_no_mail_is_not_left(shop: Any) -> None:
    assert not leave(shop, 7)
    assert shop.log() == []


def test_a_layout_without_clicks_is_read_and_upgraded(shop: Any) -> None:
    shop.run(f"DROP TABLE {tables.CLICK}")
    shop.run(f"UPDATE {tables.META} SET value = '2' WHERE name = 'schema_version'")
    assert tables.exist(shop.database)
    assert not tables.clicks_exist(shop.database)
    tables.migrate(shop.database, shop.shop)
    assert tables.clicks_exist(shop.database)
