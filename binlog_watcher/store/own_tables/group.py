"""What instances that read from Kafka tell each other by way of MySQL: marks, and the clocks of partitions.

A mark is a row that goes to one partition by its key (``kafka/marks.py``). A clock says up to when a partition's
history is known *and noted*: it stays true whoever has the partition next, so it only rises.
"""

from collections.abc import Sequence
from typing import NamedTuple

from binlog_watcher.store.database import Database
from binlog_watcher.store.own_tables.statement import Statement, rows_as_table
from binlog_watcher.store.own_tables.tables import statements_of
from binlog_watcher.store.times import UTC_COLUMN, utc_naive

MARK = "cart_abandonment_mark"
CLOCK = "cart_abandonment_clock"


class Clock(NamedTuple):
    """A partition's clock, in epoch microseconds, and how many timers it has."""

    partition: str
    clock_us: int
    armed: int


class Noted(NamedTuple):
    """A clock as it was written down by ``member`` at ``noted_us``; ``troubles``: see group.sql."""

    partition: str
    member: str
    clock_us: int
    armed: int
    troubles: int
    noted_us: int


def write_marks(marks: Sequence[int]) -> Statement:
    """Each is written anew."""
    rows = ", ".join(["(%s, UTC_TIMESTAMP(6))"] * len(marks))
    return Statement(
        f"INSERT INTO {MARK} (mark, written_at) VALUES {rows} "
        "ON DUPLICATE KEY UPDATE written_at = UTC_TIMESTAMP(6)",
        list(marks),
    )


def write_clocks(group: str, member: str, clocks: Sequence[Clock], troubles: int) -> Statement:
    """None goes back: whoever was away and believes that a partition is still its own changes nothing."""
    table, parameters = rows_as_table(
        ("partition_name", "clock_at", "armed"),
        [(one.partition, utc_naive(one.clock_us), one.armed) for one in clocks],
    )
    at = "CAST(v.clock_at AS DATETIME(6))"
    goes_on = f"{at} >= {CLOCK}.clock_at"
    kept = ", ".join(
        f"{name} = IF({goes_on}, {new}, {CLOCK}.{name})"
        for name, new in (
            ("member", "%s"), ("armed", "v.armed"), ("troubles", "%s"), ("noted_at", "UTC_TIMESTAMP(6)"),
            ("clock_at", at),  # the last: those before it are compared with what it was
        )
    )  # fmt: skip
    return Statement(
        f"INSERT INTO {CLOCK} (group_name, partition_name, member, clock_at, armed, troubles, noted_at) "
        f"SELECT %s, v.partition_name, %s, {at}, v.armed, %s, UTC_TIMESTAMP(6) FROM {table} v "
        f"ON DUPLICATE KEY UPDATE {kept}",
        [group, member, troubles, *parameters, member, troubles],
    )


def read_clocks(group: str) -> Statement:
    """Of all partitions that anybody of the group has, or had."""
    return Statement(
        f"SELECT partition_name, member, clock_at, armed, troubles, noted_at FROM {CLOCK} "
        "WHERE group_name = %s ORDER BY partition_name",
        (group,),
    )


def newest_mark() -> Statement:
    """When a mark was written last."""
    return Statement(f"SELECT MAX(written_at) FROM {MARK}")


class GroupTables:
    """Of one consumer group, as its ``member`` sees it. Every method blocks, and raises DatabaseUnavailableError."""

    def __init__(self, database: Database, group: str, member: str) -> None:
        self._database = database
        self._group = group
        self._member = member

    def create(self) -> None:
        """Make the tables that are missing. Raises ConfigError for a missing right."""
        with self._database.session() as session:
            for statement in statements_of("group.sql"):
                session.run(statement)

    def exist(self) -> bool:
        """Whether an instance has made them."""
        with self._database.session() as session:
            found = session.row(
                "SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = %s",
                (CLOCK,),
            )
        return found is not None

    def write_marks(self, marks: Sequence[int]) -> None:
        """Send a mark through each partition."""
        with self._database.session() as session:
            session.run(*write_marks(marks))

    def write_clocks(self, clocks: Sequence[Clock], troubles: int) -> None:
        """Tell the others up to when the history of this member's partitions is known and noted."""
        if clocks:
            with self._database.session() as session:
                session.run(*write_clocks(self._group, self._member, clocks, troubles))

    def clocks(self) -> list[Noted]:
        """What all members have told."""
        with self._database.session() as session:
            return [
                Noted(
                    str(partition), str(member), UTC_COLUMN.to_us(clock_at) or 0, int(armed), int(troubles),
                    UTC_COLUMN.to_us(noted_at) or 0,
                )
                for partition, member, clock_at, armed, troubles, noted_at in session.rows(*read_clocks(self._group))
            ]  # fmt: skip
