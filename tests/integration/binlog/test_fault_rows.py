"""Row by row beside the stock reader: the same rows, and the same values of every type that can be a key.

The table has every type between the columns that are compared, so that a column stepped over by a wrong size shows.
"""

import contextlib
import random
import string
from collections.abc import Iterator
from typing import Any

import pytest
from fakes.binlog_follower import Shop, settings_for
from pymysqlreplication import BinLogStreamReader
from pymysqlreplication.row_event import DeleteRowsEvent, UpdateRowsEvent, WriteRowsEvent

from binlog_watcher.binlog.connection.anchor import binlog_end
from binlog_watcher.binlog.connection.dump import Dump, Session
from binlog_watcher.binlog.decoding.row_image import Row
from binlog_watcher.binlog.decoding.rows import RowPlan
from binlog_watcher.binlog.decoding.table_map import parse_table_map
from binlog_watcher.binlog.decoding.values import ABSENT
from binlog_watcher.binlog.protocol.position import Position
from binlog_watcher.binlog.protocol.wire import HEADER, Kind
from binlog_watcher.demo.server import Server

ROWS = 300
INTEGERS = {
    f"{name}{'_u' if unsigned else ''}": (f"{kind}{' UNSIGNED' if unsigned else ''}", bits, unsigned)
    for name, kind, bits in (
        ("tiny", "TINYINT", 8), ("small", "SMALLINT", 16), ("medium", "MEDIUMINT", 24), ("plain", "INT", 32),
        ("big", "BIGINT", 64),
    )
    for unsigned in (False, True)
}  # fmt: skip
STRINGS = {
    "vc": ("VARCHAR(60)", 60, "äß€😀"), "vc_long": ("VARCHAR(500)", 500, "ü"), "ch": ("CHAR(20)", 20, "é"),
    "ch_long": ("CHAR(255)", 200, "日"), "latin": ("VARCHAR(90) CHARACTER SET latin1", 90, "àÿ"),
    "asc": ("CHAR(9) CHARACTER SET ascii", 9, "x"), "greek": ("VARCHAR(30) CHARACTER SET greek", 30, "αβγ"),
}  # fmt: skip
STEPPED_OVER = (
    "f FLOAT", "d DOUBLE", "dec1 DECIMAL(5,2)", "dec2 DECIMAL(65,30)", "dec3 DECIMAL(9)", "b1 BIT(1)", "b2 BIT(17)",
    "y YEAR", "da DATE", "ti TIME", "ti3 TIME(3)", "dt DATETIME", "dt6 DATETIME(6)", "ts TIMESTAMP NULL",
    "ts1 TIMESTAMP(1) NULL", "bi BINARY(20)", "vb VARBINARY(300)", "tb TINYBLOB", "bl BLOB", "mb MEDIUMBLOB",
    "lb LONGBLOB", "tx TEXT", "e ENUM('a','b')", "s SET('x','y','z')", "j JSON", "g GEOMETRY",
)  # fmt: skip
COMPARED = (*INTEGERS, *STRINGS)

Change = tuple[str, dict[str, Any], dict[str, Any]]
"""What happened, and the compared columns before (empty for a write) and after (empty for a delete)."""


@pytest.fixture
def everything(server: Server, fresh_database: str) -> Iterator[Shop]:
    """A table ``everything`` with the compared columns among all the others, in an order of chance."""
    chance = random.Random(7)
    columns = [f"`{name}` {kind}" for name, (kind, *_) in (INTEGERS | STRINGS).items()]
    columns += STEPPED_OVER
    chance.shuffle(columns)
    with contextlib.closing(Shop(server, fresh_database)) as shop:
        shop.run(f"CREATE TABLE everything (row_id INT PRIMARY KEY, {', '.join(columns)}) CHARACTER SET utf8mb4",
                 "FLUSH BINARY LOGS")  # fmt: skip
        yield shop


def an_integer(chance: random.Random, bits: int, unsigned: bool) -> int:
    low, high = (0, (1 << bits) - 1) if unsigned else (-1 << (bits - 1), (1 << (bits - 1)) - 1)
    return chance.choice([low, high, 0, 1, low + 1, chance.randint(low, high)])


def a_string(chance: random.Random, length: int, letters: str) -> str:
    size = chance.choice([0, 1, length, chance.randint(0, length)])
    return "".join(chance.choice(string.ascii_letters + letters * 9) for _ in range(size))


def assignments(chance: random.Random) -> tuple[str, list[Any]]:
    """Values for a row; about one column in five is NULL."""
    values: dict[str, Any] = {
        **{name: an_integer(chance, bits, unsigned) for name, (_, bits, unsigned) in INTEGERS.items()},
        **{name: a_string(chance, length, letters) for name, (_, length, letters) in STRINGS.items()},
        "f": chance.random(), "d": -chance.random(), "dec1": chance.randint(-99999, 99999) / 100,
        "dec2": str(chance.random()), "dec3": chance.randint(0, 999_999_999), "b1": chance.randint(0, 1),
        "b2": chance.randint(0, 131071), "y": chance.randint(1901, 2155), "da": "2026-11-22",
        "ti": "-12:13:14", "ti3": "1:2:3.456", "dt": "2026-11-22 10:11:12", "dt6": "2026-11-22 10:11:12.345678",
        "ts": "2026-11-22 10:11:12", "ts1": "2026-11-22 10:11:12.3", "bi": b"bin", "e": "b", "s": "x,z",
        "vb": chance.randbytes(chance.randint(0, 300)), "tb": chance.randbytes(chance.randint(0, 255)),
        "bl": chance.randbytes(chance.randint(0, 3000)), "mb": b"m" * chance.randint(0, 70_000),
        "lb": b"", "tx": a_string(chance, 300, "ß"), "j": chance.choice(['{"a": [1, 2, null]}', "[]", '"text"']),
    }  # fmt: skip
    kept = {name: None if chance.random() < 0.2 else value for name, value in values.items()}
    return ", ".join(f"`{name}` = %s" for name in kept) + ", g = POINT(1, 2)", list(kept.values())


def write(shop: Shop) -> None:
    """Insert, change and delete rows of chance, some of them many at a time."""
    chance = random.Random(11)
    with shop.server.connect(database=shop.database) as connection, connection.cursor() as cursor:
        cursor.execute("SET sql_mode = 'STRICT_TRANS_TABLES', time_zone = '+00:00'")
        for number in range(ROWS):
            what, values = assignments(chance)
            cursor.execute(f"INSERT INTO everything SET row_id = {number}, {what}", values)
        for number in range(0, ROWS, 5):
            what, values = assignments(chance)
            cursor.execute(f"UPDATE everything SET {what} WHERE row_id IN ({number}, {number + 3})", values)
        cursor.execute("UPDATE everything SET row_id = row_id + 10000, vc = NULL WHERE row_id % 7 = 0")
        cursor.execute("DELETE FROM everything WHERE row_id % 2 = 0")


def stock(shop: Shop, start: tuple[str, int]) -> list[Change]:
    """What mysql-replication's own reader says."""
    reader = BinLogStreamReader(
        {"host": shop.server.host, "port": shop.server.port, "user": shop.server.user,
         "password": shop.server.password},
        server_id=98, log_file=start[0], log_pos=start[1], resume_stream=True, blocking=False,
        only_events=[WriteRowsEvent, UpdateRowsEvent, DeleteRowsEvent], only_tables=["everything"],
    )  # fmt: skip
    found: list[Change] = []
    try:
        for event in reader:
            for row in event.rows:
                if isinstance(event, UpdateRowsEvent):
                    found.append(("update", _compared(row["before_values"]), _compared(row["after_values"])))
                elif isinstance(event, WriteRowsEvent):
                    found.append(("write", {}, _compared(row["values"])))
                else:
                    found.append(("delete", _compared(row["values"]), {}))
    finally:
        reader.close()
    return found


def ours(shop: Shop, start: tuple[str, int], end: tuple[str, int]) -> list[Change]:
    """What our decoder says of the same stream."""
    sessions: list[Session] = []
    found: list[Change] = []
    plans: dict[int, tuple[RowPlan, list[str]]] = {}
    position = 0
    try:
        packets = Dump(settings_for(shop.server, shop.database), 99, 1.0, sessions.append).open(
            Position(*start, "here")
        )
        while position != end[1]:
            for data, at, behind in packets.arriving():
                _, kind, _, _, position, _ = HEADER.unpack_from(data, at)
                body = bytes(data[at + HEADER.size : behind - 4])
                table_id = int.from_bytes(body[:6], "little")
                if kind == Kind.TABLE_MAP:
                    plans[table_id] = _plan(body[8:], mariadb=shop.server.flavor == "mariadb")
                elif table_id in plans:
                    found += _changes(kind, body, *plans[table_id])
    finally:
        for session in sessions:
            session.abandon()
    return found


def _plan(payload: bytes, *, mariadb: bool) -> tuple[RowPlan, list[str]]:
    columns = parse_table_map(payload, mariadb=mariadb).columns
    places = [at for at, column in enumerate(columns) if column.name in COMPARED]
    return RowPlan(columns, tuple(places)), [str(columns[at].name) for at in places]


def _changes(kind: int, body: bytes, plan: RowPlan, names: list[str]) -> Iterator[Change]:
    def named(row: Row) -> dict[str, Any]:
        assert ABSENT not in row
        return dict(zip(names, row, strict=True))

    at = 10 if kind in (Kind.WRITE_ROWS, Kind.UPDATE_ROWS, Kind.DELETE_ROWS) else 8
    if kind in (Kind.WRITE_ROWS, Kind.WRITE_ROWS_V1):
        yield from (("write", {}, named(row)) for row in plan.single(body, at))
    elif kind in (Kind.DELETE_ROWS, Kind.DELETE_ROWS_V1):
        yield from (("delete", named(row), {}) for row in plan.single(body, at))
    elif kind in (Kind.UPDATE_ROWS, Kind.UPDATE_ROWS_V1):
        yield from (("update", named(old), named(new)) for old, new in plan.pairs(body, at))


def _compared(values: dict[str, Any]) -> dict[str, Any]:
    return {name: values[name] for name in COMPARED}


@pytest.mark.filterwarnings("ignore:'db' is deprecated:DeprecationWarning")  # the stock reader's own
def test_same_rows_as_the_stock_reader(everything: Shop) -> None:
    shop = everything
    with contextlib.closing(Session(**settings_for(shop.server, shop.database).arguments())) as connection:
        start = binlog_end(connection)
        write(shop)
        end = binlog_end(connection)
    assert start[0] == end[0]
    expected = stock(shop, start)
    assert len(expected) > ROWS * 1.5
    assert {what for what, *_ in expected} == {"write", "update", "delete"}
    found = ours(shop, start, end)
    assert len(found) == len(expected)
    for number, (mine, theirs) in enumerate(zip(found, expected, strict=True)):
        assert mine == theirs, f"row {number}"
