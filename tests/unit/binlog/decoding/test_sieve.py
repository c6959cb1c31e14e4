"""The sieve knows from the bytes what decoding would tell: which events hold no row that is meant."""

import random
import struct
from collections.abc import Sequence

import pytest
from pymysqlreplication.constants import FIELD_TYPE

from binlog_watcher.binlog.decoding import sieve as sieve_module
from binlog_watcher.binlog.decoding.rows import RowPlan
from binlog_watcher.binlog.decoding.sieve import Sieve
from binlog_watcher.binlog.decoding.table_map import Column
from binlog_watcher.binlog.decoding.values import Value
from binlog_watcher.binlog.protocol.wire import lenenc

SHORT, LONG = 50, 700
KIND = 0
AT = 3
"""Where the number of columns stands in the tests' bodies."""

Row = Sequence[int | str | None]


def columns(count: int) -> tuple[Column, ...]:
    """The kind first, then numbers and texts with lengths of one and of two bytes, by turns."""
    kinds = [
        (FIELD_TYPE.LONG, b"", False),
        (FIELD_TYPE.VARCHAR, struct.pack("<H", SHORT), None),
        (FIELD_TYPE.VARCHAR, struct.pack("<H", LONG), None),
    ]
    named = [("kind", kinds[0]), *((f"c{at}", kinds[at % 3]) for at in range(1, count))]
    return tuple(Column(kind, meta, name, unsigned=unsigned) for name, (kind, meta, unsigned) in named)


def image(of: tuple[Column, ...], row: Row) -> bytes:
    nulls = sum(1 << at for at, value in enumerate(row) if value is None)
    data = nulls.to_bytes((len(row) + 7) // 8, "little")
    for column, value in zip(of, row, strict=True):
        if isinstance(value, int):
            data += struct.pack("<i", value)
        elif value is not None:
            wide = struct.unpack("<H", column.metadata)[0] > 255
            data += struct.pack("<H" if wide else "<B", len(value)) + value.encode()
    return data


def number(count: int) -> bytes:
    return bytes([count]) if count < 251 else b"\xfc" + struct.pack("<H", count)


def body(of: tuple[Column, ...], rows: Sequence[Row], images: int) -> bytes:
    bitmap = ((1 << len(of)) - 1).to_bytes((len(of) + 7) // 8, "little")
    return b"x" * AT + number(len(of)) + bitmap * images + b"".join(image(of, row) for row in rows)


def random_row(dice: random.Random, of: tuple[Column, ...], kinds: Sequence[int | None]) -> Row:
    row: list[int | str | None] = [dice.choice(kinds)]
    for column in of[1:]:
        if dice.random() < 0.3:
            row.append(None)
        elif column.type == FIELD_TYPE.LONG:
            row.append(dice.randrange(-9, 9))
        else:
            row.append("y" * dice.choice((0, 1, SHORT, 300) if column.metadata[1] else (0, 1, SHORT)))
    return row


def not_meant(value: Value) -> bool:
    return value != 1


@pytest.mark.parametrize("count", [1, 2, 7, 8, 9, 16, 17, 250, 251, 252, 300])
@pytest.mark.parametrize("images", [1, 2])
def test_it_says_what_decoding_says(count: int, images: int) -> None:
    of, dice = columns(count), random.Random(count)
    sieve, plan = Sieve(of, {KIND: not_meant}), RowPlan(of, (KIND,))
    for kinds in ((2, 3, None), (2, None), (1, 2), (1,)):
        for rows in (1, 2, 5):
            data = body(of, [random_row(dice, of, kinds) for _ in range(rows * images)], images)
            decoded = (
                [value for (value,) in plan.single(data, AT)]
                if images == 1
                else [value for pair in plan.pairs(data, AT) for (value,) in pair]
            )
            expected = rows if all(map(not_meant, decoded)) else 0
            assert sieve.left_out(data, AT, images) == expected
            assert sieve.left_out(data[:-1], AT, images) == 0, "it is cut off"
            assert sieve.left_out(data + b"\0", AT, images) == 0


def test_an_image_without_the_column_tells_nothing() -> None:
    of = columns(9)
    sieve = Sieve(of, {KIND: not_meant})
    bitmap = (0b1_1111_1110).to_bytes(2, "little")
    data = number(9) + bitmap + image(of[1:], ["a", "b", 4, "c", "d", 5, "e", "f"])
    assert sieve.left_out(data, 0, 1) == 0


def test_what_it_remembers_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sieve_module, "_PATTERNS", 2)
    monkeypatch.setattr(sieve_module, "_ANSWERS", 2)
    of = columns(12)
    sieve = Sieve(of, {KIND: not_meant})
    dice = random.Random(5)
    for kind in range(2, 60):
        data = body(of, [random_row(dice, of, (kind,))], 1)
        for _ in range(2):
            assert sieve.left_out(data, AT, 1) == 1
    assert len(sieve._asked[KIND]) <= 2
    (found,) = [image for images in sieve._heads.values() for image in images]
    assert len(found._patterns) <= 2
    assert lenenc(number(300), 0) == (300, 3)
