"""Old rows of the log: found by an index, some at a time, each looked at once; and what is kept of them."""

from collections.abc import Iterator
from typing import Any

import pytest
from fakes.explain import plan_of

from binlog_watcher.core.erased_keys import ErasedKeys, is_erased
from binlog_watcher.store.own_tables import log, retention
from binlog_watcher.store.own_tables.erasure import CLICKS_BATCH_SIZE, ROWS_BATCH_SIZE, Erased
from binlog_watcher.store.own_tables.log_rows import by_logged_key
from binlog_watcher.store.own_tables.retention import OldRows
from binlog_watcher.store.times import utc_naive

MANY = 100_000
DAY_US = 24 * 3_600_000_000
ERASED = ErasedKeys("salt")
DIGITS = " CROSS JOIN ".join(
    f"(SELECT 0 d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5 "
    f"UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9) d{place}"
    for place in range(5)
)


def insert(shop: Any, key: int, *, days_ago: float, status: str = "sent", attempts: int = 1) -> None:
    shop.run(
        "INSERT INTO cart_abandonment_log (cart_key, user_id, cart_version, status, email_sent, attempts, "
        "address_hash, created_at) VALUES (%s, %s, 1, %s, 0, %s, REPEAT('x', 32), "
        "UTC_TIMESTAMP() - INTERVAL %s MINUTE)",
        (str(key), key, status, attempts, int(days_ago * 1440)),
    )


def old_rows(shop: Any) -> OldRows:
    return OldRows(shop.database, shop.shop, ERASED)


def passes(shop: Any, days: int = 10) -> Iterator[Erased]:
    before_us = shop.clock.now_us() - days * DAY_US
    while (done := old_rows(shop).erase_some(before_us)) is not None:
        yield done
        if done.busy:
            return


def keys(shop: Any) -> dict[int, str]:
    return {row["id"]: row["cart_key"] for row in shop.log()}


def test_old_rows_go_and_the_others_stay(shop: Any) -> None:
    insert(shop, 1, days_ago=11)
    insert(shop, 2, days_ago=9)
    insert(shop, 3, days_ago=10.01, status="retry", attempts=0)
    insert(shop, 4, days_ago=12, status="skipped", attempts=0)
    assert [done.rows for done in passes(shop)] == [3]
    rows = shop.run(
        "SELECT cart_key, user_id, status, reason, address_hash IS NULL FROM cart_abandonment_log"
    )
    assert rows == [
        (ERASED("1"), None, "sent", None, 0),
        ("2", 2, "sent", None, 0),
        (ERASED("3"), None, "skipped", "too_old", 1),
        (ERASED("4"), None, "skipped", None, 1),
    ]
    assert list(passes(shop)) == []
    insert(shop, 5, days_ago=10.005)  # later than all that was looked at
    assert [done.rows for done in passes(shop)] == [1]


def test_what_is_being_handed_over_is_waited_for(shop: Any) -> None:
    for key, status in ((1, "sent"), (2, "sending"), (3, "sent")):
        insert(shop, key, days_ago=20 - key, status=status)
    assert [done.rows for done in passes(shop)] == [1]
    assert list(passes(shop)) == []
    shop.run("UPDATE cart_abandonment_log SET status = 'unknown' WHERE status = 'sending'")
    assert [done.rows for done in passes(shop)] == [2]
    assert all(map(is_erased, keys(shop).values()))


def test_one_visit_of_a_kind_stays_and_tells_no_time(shop: Any) -> None:
    insert(shop, 1, days_ago=11)
    ((log_id,),) = shop.run("SELECT id FROM cart_abandonment_log")
    flagged = CLICKS_BATCH_SIZE + 1
    for kind, flag, count in (("cart", "NULL", 3), ("open", "'prefetch'", flagged)):
        shop.run(
            f"INSERT INTO cart_abandonment_click (log_id, kind, flag) SELECT %s, %s, {flag} FROM {DIGITS} LIMIT %s",
            (log_id, kind, count),
        )
    (done,) = passes(shop)
    assert done.clicks == 2
    kept = shop.run(
        "SELECT c.kind, c.link_no, c.flag, c.clicked_at = l.created_at FROM cart_abandonment_click c "
        "JOIN cart_abandonment_log l ON l.id = c.log_id"
    )
    assert kept == [("cart", 0, None, 1)]


def test_a_hundred_thousand_rows_are_gone_through_by_the_index_some_at_a_time(shop: Any) -> None:
    """Nine tenths of them were logged in one second, as an import does."""
    shop.run(
        "INSERT INTO cart_abandonment_log (cart_key, user_id, cart_version, status, email_sent, created_at) "
        "SELECT CONCAT('c', @n := d0.d + 10 * d1.d + 100 * d2.d + 1000 * d3.d + 10000 * d4.d), 7, 1, 'sent', 1, "
        f"UTC_TIMESTAMP() - INTERVAL 400 DAY + INTERVAL (d4.d = 9) * (d0.d + 10 * d1.d) MINUTE FROM {DIGITS}"
    )
    shop.run("ANALYZE TABLE cart_abandonment_log")
    before_us = shop.clock.now_us() - 10 * DAY_US
    (middle,) = shop.run(
        f"SELECT created_at, id FROM cart_abandonment_log ORDER BY created_at, id LIMIT {MANY // 2}, 1"
    )
    (last,) = shop.run(
        f"SELECT created_at, id FROM cart_abandonment_log ORDER BY created_at, id LIMIT {MANY - 500}, 1"
    )
    for reached in (retention._BEGINNING, middle, last):
        statement = retention.rows_behind(reached, before_us)
        (plan,) = plan_of(shop, statement)
        assert (plan["key"], plan["type"]) == ("cartwake_created", "range")
        assert "filesort" not in str(plan["extra"]).lower()
        assert read_by(shop, statement) <= ROWS_BATCH_SIZE + 5
    first = shop.run("SELECT cart_key FROM cart_abandonment_log ORDER BY created_at, id LIMIT 1000")
    done = old_rows(shop).erase_some(before_us)
    assert done is not None
    assert done.rows == ROWS_BATCH_SIZE
    # A cart is found by either name, and that costs no more than to look twice.
    asked = by_logged_key([key for (key,) in first], ERASED)
    newest = log.newest_rows(list(asked))
    assert read_by(shop, newest) <= 8 * len(asked)
    with shop.database.session() as session:
        found = {row[1] for row in session.rows(*newest)}
    assert (len(found), sum(map(is_erased, found))) == (len(first), ROWS_BATCH_SIZE)
    (reached,) = shop.run("SELECT value FROM cart_abandonment_meta WHERE name = 'erased_until'")
    assert str(reached[0]).endswith(f" {ROWS_BATCH_SIZE}")
    assert old_rows(shop).count(before_us) == MANY - ROWS_BATCH_SIZE


def read_by(shop: Any, statement: Any) -> int:
    """How many rows and entries of indexes a statement goes over."""
    with shop.database.session() as session:
        session.run("FLUSH STATUS")
        session.rows(*statement)
        return sum(
            int(value) for _, value in session.rows("SHOW SESSION STATUS LIKE 'Handler\\_read\\_%%'", ())
        )


@pytest.mark.parametrize("server", ["mysql"], indirect=True)
def test_the_moment_it_came_to_is_the_one_that_is_read(shop: Any) -> None:
    reached = (utc_naive(1_790_000_000_000_000), 7)
    with shop.database.session() as session:
        assert retention._reached(session) == retention._BEGINNING
        session.run(*retention.came_to(reached))
        assert retention._reached(session) == reached
