"""What the server's dictionary says of the shop's columns: how a key, a time or a text is compared and read."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo
from itertools import dropwhile
from typing import Any

from binlog_watcher.errors import ConfigError
from binlog_watcher.shop.keys import as_bytes, as_key, as_uuid
from binlog_watcher.shop.moments import Format, format_of
from binlog_watcher.shop.schema import Schema
from binlog_watcher.shop.sql_text import quote
from binlog_watcher.store.database import Asks
from binlog_watcher.store.moments import time_column
from binlog_watcher.store.shop_tables.folding import EXACT, Folding, ask_folding
from binlog_watcher.store.times import UTC_COLUMN, TimeColumn

INTEGERS = frozenset({"tinyint", "smallint", "mediumint", "int", "bigint"})
TEXTS = frozenset({"char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum"})
PRIMARY = "PRIMARY"
"""The name of every primary key."""

FEW_VALUES = 200
"""Of a column before a moment in an index: each is a range of its own to read."""

BYTES = frozenset({"binary", "varbinary"})
UUID = "uuid"
"""MariaDB's; SQL takes and gives its text, so it needs to be told from text only where an index serves."""

_WHOLE = re.compile(r"-?[0-9]{1,128}")

KEY_TYPES = INTEGERS | BYTES | {"char", "varchar", UUID}

_UNIX_TYPES = INTEGERS | {"decimal"}
_SHORT_TEXTS = frozenset({"char", "varchar"})
MOMENT_TYPES: dict[Format | None, frozenset[str]] = {
    None: frozenset({"timestamp", "datetime"}), Format.UNIX: _UNIX_TYPES, Format.UNIX_MS: _UNIX_TYPES,
    Format.DAY: INTEGERS | _SHORT_TEXTS, Format.TEXT: _SHORT_TEXTS, Format.ISO: _SHORT_TEXTS,
}  # fmt: skip
"""How a column holds a moment → the types that can."""


@dataclass(frozen=True, slots=True)
class ShopColumn:
    """One column of the shop. ``collation``: of text; ``length``: its most characters, or bytes.

    A key is a number or text everywhere but in SQL: bytes are known by their hex.
    """

    data_type: str
    column_type: str
    collation: str | None
    nullable: bool = True
    length: int | None = None
    folding: Folding = EXACT

    @property
    def is_number(self) -> bool:
        """Whether it holds whole numbers."""
        return self.data_type in INTEGERS

    @property
    def kind(self) -> str:
        """Of keys: those of two kinds are never the same."""
        if self.data_type in BYTES:
            return "bytes"
        return "a number" if self.is_number else "a UUID" if self.data_type == UUID else "text"

    @property
    def outgrows_the_log(self) -> bool:
        """Whether it may hold ids that are too high for the log's ``user_id``."""
        return self.data_type == "bigint" and "unsigned" in self.column_type

    @property
    def charset(self) -> str | None:
        """The character set of text."""
        return None if self.collation is None else self.collation.partition("_")[0]

    def key(self, text: str) -> int | str | None:
        """A key as this column has it, from its text; None for what can't be one."""
        match self.kind:
            case "a number":
                number = _whole(text)
                lowest, highest = (0, 2**64) if "unsigned" in self.column_type else (-(2**63), 2**63)
                return number if number is not None and lowest <= number < highest else None
            case "bytes":
                raw = as_bytes(text)
                fits = raw is not None and (self.data_type != "binary" or len(raw) == self.length)
                return raw.hex() if raw is not None and fits else None
            case "a UUID":
                return as_uuid(text)
            case _:
                return text

    def asked(self, keys: Iterable[int | str]) -> tuple[Any, ...]:
        """Keys of this column's own, as parameters of ``column IN %s``; never empty."""
        found: tuple[Any, ...] = tuple(keys)
        if self.data_type in BYTES:
            found = tuple(raw for key in found if (raw := as_bytes(str(key))) is not None)
        return found or (None,)

    def fold(self, value: object) -> str:
        """A form in which values that this column holds for equal are equal, whatever type they come in.

        Text does by its collation, as the server was asked (``ShopColumns``).
        """
        text = str(value)
        if self.is_number:
            number = _whole(text)
            return text if number is None else str(number)
        if self.kind != "text":
            return str(as_key(value)).lower()
        return self.folding(text)

    @property
    def any_case(self) -> bool:
        """Whether text is found by an index in whatever case it is given."""
        return self.collation is not None and "_ci" in self.collation

    def values(self, given: Iterable[str | int]) -> tuple[str | int | bytes, ...]:
        """Values of a condition in this column's type, so that nothing is compared by conversion.

        Raises ValueError, which says what to give instead.
        """
        if self.data_type in TEXTS:
            return tuple(str(value) for value in given)
        if self.kind in {"bytes", "a UUID"}:
            texts = [str(value).lower() for value in given]  # as the binlog's are told
            if self.kind == "a UUID" and any(as_uuid(text) != text for text in texts):
                raise ValueError(f"the column is {self.data_type}: give UUIDs with their hyphens")
            if self.kind == "bytes" and any(as_bytes(text) is None for text in texts):
                raise ValueError(f"the column is {self.data_type}: give hex, such as '0fa91ce3'")
            return self.asked(texts)
        if not self.is_number and self.data_type not in {"bit", "decimal", "float", "double"}:
            raise ValueError(
                f"the column is {self.data_type}: only is_null = true or false can be asked of it"
            )
        if any(_whole(str(value)) is None for value in given):
            raise ValueError(f"the column is {self.data_type}: give whole numbers")
        return tuple(int(value) for value in given)

    def cast(self, expression: str) -> str:
        """SQL that turns a text expression into this column's type, so that its index can be used."""
        if self.is_number:
            return f"CAST({expression} AS {'UNSIGNED' if 'unsigned' in self.column_type else 'SIGNED'})"
        if self.kind == "bytes":
            return f"UNHEX({expression})"
        if self.kind == "a UUID":
            return f"CAST({expression} AS UUID)"
        return f"CONVERT({expression} USING {self.charset or 'utf8mb4'}) COLLATE {self.collation or 'utf8mb4_bin'}"

    def same(self, name: str, expression: str) -> str:
        """SQL: the column ``name`` equals an address, but for its case; its index finds the rows.

        Collations that leave accents out of account would take jose@ for josé@, and muller.example for müller.example.
        """
        wanted = self.cast(expression)
        return f"{name} = {wanted} AND {_small(name)} = {_small(wanted)}"

    def nobody(self, values: frozenset[int | str]) -> tuple[int | str | bytes, ...]:
        """Of the values that mean nobody, those of this column's type: others would compare by conversion."""
        if self.kind == "text":
            return tuple(sorted({str(value) for value in values}))
        if self.kind == "bytes":
            values = values | {"00" * (self.length or 0) if self.data_type == "binary" else ""}
        return self.asked(sorted({key for value in values if (key := self.key(str(value))) is not None}))


class ShopColumns:
    """The columns of all tables that the schema names. ``zone``: of DATETIME columns.

    Of the columns with cart keys and customers the server is asked how their collations compare.
    """

    def __init__(self, session: Asks, schema: Schema, zone: tzinfo) -> None:
        self._zone = zone
        tables = tuple(schema.columns())
        self._indexes: dict[tuple[str, str], list[tuple[str, int]]] = defaultdict(list)
        for table, index, column, values in session.rows(
            "SELECT TABLE_NAME, INDEX_NAME, COLUMN_NAME, CARDINALITY FROM information_schema.STATISTICS "
            "WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME IN %s AND INDEX_TYPE NOT IN ('FULLTEXT', 'SPATIAL') "
            "ORDER BY TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX",
            (tables,),
        ):
            # A part that is an expression has no name.
            part = (str(column or "").casefold(), int(values or 0))
            self._indexes[str(table).casefold(), str(index)].append(part)
        self._columns = {
            (str(table), str(name).casefold()): ShopColumn(
                str(data_type).lower(),
                str(column_type).lower(),
                None if collation is None else str(collation),
                nullable == "YES",
                None if length is None else int(length),
            )
            for table, name, data_type, column_type, collation, nullable, length in session.rows(
                "SELECT TABLE_NAME, COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, COLLATION_NAME, IS_NULLABLE, "
                "CHARACTER_MAXIMUM_LENGTH "
                "FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME IN %s",
                (tables,),
            )
        }
        foldings: dict[str, Folding] = {}
        for table, name in (schema.key_column, (schema.cart.table, schema.cart.customer or "")):
            place = self._place(table, name)
            column = None if place is None else self._columns[place]
            if place is None or column is None or column.collation is None:
                continue
            if column.collation not in foldings:
                foldings[column.collation] = ask_folding(session, column.collation)
            self._columns[place] = replace(column, folding=foldings[column.collation])

    def _place(self, table: str, name: str) -> tuple[str, str] | None:
        """The server may keep table names in lower case."""
        places = ((table, name.casefold()), (table.lower(), name.casefold()))
        return next((place for place in places if place in self._columns), None)

    def get(self, table: str, name: str) -> ShopColumn:
        """A column. Raises ConfigError when it is missing."""
        place = self._place(table, name)
        if place is None:
            raise ConfigError(f"the table {table} has no column {name}")
        return self._columns[place]

    def index_to(
        self, table: str, name: str, *, keys: Collection[str] = (), fixed: Collection[str] = ()
    ) -> str | None:
        """How an index leads to a column: "" as its first, else behind the column of that name; None: none does.

        The column before it must have few values, as a shop's number has, and be none of ``keys``. ``fixed``: those
        that are compared with one value each; an index that begins with them serves as if they were not there.
        """
        table, name, barred = table.casefold(), name.casefold(), {key.casefold() for key in keys}
        behind = None
        for (of, _), parts in self._indexes.items():
            if of != table:
                continue
            names = not_fixed([column for column, _ in parts], {*fixed} - {name})
            if names[:1] == [name]:
                return ""
            values = parts[len(parts) - len(names)][1] if names else 0
            if names[1:2] == [name] and names[0] not in barred and values <= FEW_VALUES:
                behind = names[0]
        return behind

    def indexes_by(self, table: str, name: str) -> tuple[str, ...]:
        """The names of the indexes that begin with a column."""
        wanted = (table.casefold(), name.casefold())
        return tuple(index for (of, index), parts in self._indexes.items() if (of, parts[0][0]) == wanted)

    def is_primary_number(self, table: str, name: str) -> bool:
        """Whether a column of whole numbers is the primary key, alone."""
        parts = self._indexes.get((table.casefold(), PRIMARY), [])
        return [column for column, _ in parts] == [name.casefold()] and self.get(table, name).is_number

    def time(self, table: str, name: str) -> TimeColumn:
        """How to read a moment. Raises ConfigError when the column is missing or no date with time."""
        held_as, data_type = format_of(name), self.get(table, name).data_type
        if held_as is not None:
            return time_column(held_as, data_type, self._zone)
        match data_type:
            case "timestamp":
                return UTC_COLUMN
            case "datetime":
                return TimeColumn(self._zone)
            case other:
                raise ConfigError(f"{table}.{name} must be a TIMESTAMP or DATETIME, not {other}")


def not_fixed(index: Sequence[str], fixed: Collection[str]) -> list[str]:
    """The columns of an index from the first on that is not compared with one value. All in lower case."""
    return list(dropwhile(lambda column: column in fixed, index))


def _whole(text: str) -> int | None:
    """A whole number as SQL writes it: of its digits only, and no more than a key has characters; else None."""
    return int(text) if _WHOLE.fullmatch(text.strip()) else None


def _small(text: str) -> str:
    return f"CONVERT(LOWER({text}) USING utf8mb4) COLLATE utf8mb4_bin"


def named(alias: str, name: str) -> str:
    """``alias.`name```."""
    return f"{alias}.{quote(name)}"
