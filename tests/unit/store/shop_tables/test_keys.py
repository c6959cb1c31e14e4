"""Keys of each type: as text, as parameters, in SQL, and in the one form by which they are compared."""

from typing import Any

import pytest

from binlog_watcher.store.shop_tables.columns import ShopColumn
from binlog_watcher.store.shop_tables.folding import Folding

NIL = "00000000-0000-0000-0000-000000000000"
ID = "123e4567-e89b-12d3-a456-426614174000"
HEX = ID.replace("-", "")
GUESTS: frozenset[int | str] = frozenset({0, "", "0", "0" * 32, NIL, -1})

NUMBER = ShopColumn("int", "int unsigned", None)
TEXT = ShopColumn("varchar", "varchar(128)", "utf8mb4_general_ci", length=128)
BINARY = ShopColumn("binary", "binary(16)", None, length=16)
SHORT = ShopColumn("binary", "binary(4)", None, length=4)
VARBINARY = ShopColumn("varbinary", "varbinary(64)", None, length=64)
UUID = ShopColumn("uuid", "uuid", None)


@pytest.mark.parametrize(
    ("column", "text", "key"),
    [
        (NUMBER, " 7 ", 7),
        (NUMBER, "seven", None),
        (TEXT, "seven ", "seven "),
        (BINARY, HEX.upper(), HEX),
        (BINARY, HEX[2:], None),
        (BINARY, ID, None),
        (VARBINARY, "AB", "ab"),
        (VARBINARY, "log-1", None),
        (VARBINARY, "ab cd", None),
        (UUID, ID.upper(), ID),
        (UUID, HEX, ID),
        (UUID, "7", None),
    ],
)
def test_a_key_from_its_text(column: ShopColumn, text: str, key: int | str | None) -> None:
    assert column.key(text) == key


@pytest.mark.parametrize(
    ("column", "keys", "parameters"),
    [
        (NUMBER, [1, 2], (1, 2)),
        (NUMBER, [], (None,)),
        (BINARY, [HEX, "x"], (bytes.fromhex(HEX),)),
        (BINARY, ["x"], (None,)),
        (UUID, [ID], (ID,)),
    ],
)
def test_as_parameters(column: ShopColumn, keys: list[int | str], parameters: tuple[Any, ...]) -> None:
    assert column.asked(keys) == parameters


@pytest.mark.parametrize(
    ("column", "nobody"),
    [
        (NUMBER, (0,)),  # it has no signs
        (TEXT, ("", "-1", "0", NIL, "0" * 32)),
        (BINARY, (bytes(16),)),
        (SHORT, (bytes(4),)),
        (VARBINARY, (b"", bytes(16))),
        (UUID, (NIL,)),
    ],
)
def test_who_is_nobody(column: ShopColumn, nobody: tuple[Any, ...]) -> None:
    assert set(column.nobody(GUESTS)) == set(nobody)


def test_one_form_of_a_key() -> None:
    assert NUMBER.fold("07") == NUMBER.fold(7)
    assert BINARY.fold(bytes.fromhex(HEX)) == BINARY.fold(HEX.upper()) == HEX
    assert UUID.fold(ID.upper()) == ID
    assert TEXT.fold("Zoë ") == "Zoë "
    folding = Folding({ord("Z"): "z", ord("ë"): "e", 0x308: None}, pads=True, composes=True)
    column = ShopColumn("char", "char(8)", "utf8mb4_general_ci", folding=folding)
    assert column.fold("Zoe\u0308  ") == column.fold("zoë") == "zoe"


def test_in_sql() -> None:
    assert BINARY.cast("l.cart_key") == "UNHEX(l.cart_key)"
    assert UUID.cast("l.cart_key") == "CAST(l.cart_key AS UUID)"


def test_a_conditions_values() -> None:
    assert BINARY.values(["AB00", "ff"]) == (b"\xab\0", b"\xff")
    assert UUID.values([ID]) == (ID,)
    with pytest.raises(ValueError, match="binary: give hex"):
        BINARY.values(["paid"])
    for wrong in (7, HEX):
        with pytest.raises(ValueError, match="uuid: give UUIDs"):
            UUID.values([wrong])
