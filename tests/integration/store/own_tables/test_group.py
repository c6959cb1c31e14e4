"""What instances of a group tell each other, on real servers."""

from typing import Any

import pytest

from binlog_watcher.store.own_tables.group import Clock, GroupTables

SECOND = 1_000_000


@pytest.fixture
def tables(shop: Any) -> GroupTables:
    found = GroupTables(shop.database, "cartwake", "one")
    assert not found.exist()
    found.create()
    assert found.exist()
    found.create()  # a second time it is all there
    return found


def test_clocks_rise_and_whoever_was_away_changes_nothing(shop: Any, tables: GroupTables) -> None:
    zombie = GroupTables(shop.database, "cartwake", "zombie")
    stranger = GroupTables(shop.database, "another", "stranger")
    now = shop.clock.now_us()
    zombie.write_clocks([Clock("carts[0]", now, 5), Clock("carts[1]", now, 6)], 1)
    tables.write_clocks([Clock("carts[0]", now + SECOND, 7)], 0)
    zombie.write_clocks([Clock("carts[0]", now + 1, 8), Clock("carts[1]", now + 2, 9)], 2)
    stranger.write_clocks([Clock("carts[0]", now + 9, 1)], 0)
    tables.write_clocks([], 0)
    found = [one._replace(noted_us=0) for one in tables.clocks()]
    assert found == [
        ("carts[0]", "one", now + SECOND, 7, 0, 0),
        ("carts[1]", "zombie", now + 2, 9, 2, 0),
    ]
    assert all(abs(one.noted_us - now) < 60 * SECOND for one in tables.clocks())


def test_a_mark_is_written_anew_each_time(shop: Any, tables: GroupTables) -> None:
    tables.write_marks([4, 0])
    first = shop.run("SELECT mark, written_at FROM cart_abandonment_mark ORDER BY mark")
    tables.write_marks([4, 0])
    second = shop.run("SELECT mark, written_at FROM cart_abandonment_mark ORDER BY mark")
    assert [mark for mark, _ in first] == [mark for mark, _ in second] == [0, 4]
    assert all(after > before for (_, before), (_, after) in zip(first, second, strict=True))
