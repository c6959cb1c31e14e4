"""What the report reads of the log, held against what the view says and against the figures themselves."""

from datetime import UTC, datetime, timedelta
from typing import Any

from binlog_watcher.store.own_tables import overview

NOW = datetime(2026, 3, 5, 12, 0, tzinfo=UTC)
THRESHOLD_US = 1_800_000_000


def us(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000)


def fill(shop: Any, count: int) -> None:
    """Mails and what was none, some each day; every third of them was followed by an order, in time or too late."""
    rows, orders = [], []
    for nth in range(count):
        logged = NOW - timedelta(hours=5 * nth)
        status, sent = ("sent", 1) if nth % 4 else ("failed", 0)
        late = timedelta(microseconds=THRESHOLD_US + 1000 * (nth + 1) ** 2)
        sent_at = logged + late if sent else None
        rows.append((str(nth), nth, nth, status, sent, logged, logged, sent_at))
        if nth % 3 == 0:
            orders.append((nth, (sent_at or logged) + timedelta(days=nth % 2 * 8, hours=1)))
    insert = (
        "INSERT INTO cart_abandonment_log (cart_key, user_id, cart_version, status, email_sent, created_at, "
        "last_activity_at, sent_at, attempts) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, 1)"
    )
    for row in rows:
        shop.run(insert, row)
    for order in orders:
        shop.run("INSERT INTO orders (user_id, total_amount, created_at) VALUES (%s, 1, %s)", order)


def test_lateness_is_right_to_one_per_cent(shop: Any) -> None:
    fill(shop, 40)
    late = sorted(1000 * (nth + 1) ** 2 for nth in range(40) if nth % 4)
    with shop.database.session() as session:
        found = overview.lateness(session, us(NOW - timedelta(days=30)), THRESHOLD_US)
        assert overview.lateness(session, us(NOW + timedelta(days=1)), THRESHOLD_US) is None
    assert found is not None
    assert (found.mails, found.worst_us) == (30, late[-1])
    assert late[14] <= found.median_us <= late[14] * 1.011
    assert late[29] <= found.p99_us <= late[29] * 1.011


def test_a_mail_that_was_early_is_not_late(shop: Any) -> None:
    fill(shop, 2)
    shop.run("UPDATE cart_abandonment_log SET sent_at = last_activity_at")
    with shop.database.session() as session:
        found = overview.lateness(session, us(NOW - timedelta(days=30)), THRESHOLD_US)
    assert found is not None
    assert found.worst_us <= 1
