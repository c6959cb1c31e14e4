"""Names, signs and UUIDs of columns from information_schema, for servers that do not write them into the binlog.

MySQL: ``binlog_row_metadata=MINIMAL`` (the default) writes no names; MariaDB's default writes neither names nor
signs, and whatever it writes, a UUID looks like BINARY(16). The dictionary describes the table of now, the binlog that
of then: number and types of the columns are compared, and a difference is an error. FULL metadata needs none of this,
but for UUIDs, which are found by their names. Pure: the rows are handed in.

The binlog has columns that no dictionary lists. MariaDB puts them behind all others: first the two of a table that is
versioned without naming them, then one for each unique key on text of any length (``DB_ROW_HASH_1``).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from pymysqlreplication.constants import FIELD_TYPE

from binlog_watcher.binlog.decoding.collations import BINARY
from binlog_watcher.binlog.decoding.table_map import (
    COMPRESSED_BLOB,
    COMPRESSED_VARCHAR,
    VECTOR,
    Column,
    TableMap,
)
from binlog_watcher.binlog.decoding.values import INTEGERS
from binlog_watcher.binlog.protocol.wire import DecodeError

_BLOBS = frozenset(
    {
        FIELD_TYPE.TINY_BLOB,
        FIELD_TYPE.MEDIUM_BLOB,
        FIELD_TYPE.LONG_BLOB,
        FIELD_TYPE.BLOB,
        FIELD_TYPE.JSON,
        COMPRESSED_BLOB,
    }
)
_UUID = "uuid"
_BYTES = frozenset({"binary", "varbinary", _UUID})
_TYPES: dict[str, frozenset[int]] = {
    "tinyint": frozenset({FIELD_TYPE.TINY}),
    "smallint": frozenset({FIELD_TYPE.SHORT}),
    "mediumint": frozenset({FIELD_TYPE.INT24}),
    "int": frozenset({FIELD_TYPE.LONG}),
    "bigint": frozenset({FIELD_TYPE.LONGLONG}),
    "decimal": frozenset({FIELD_TYPE.NEWDECIMAL}),
    "float": frozenset({FIELD_TYPE.FLOAT}),
    "double": frozenset({FIELD_TYPE.DOUBLE}),
    "varchar": frozenset({FIELD_TYPE.VARCHAR, FIELD_TYPE.VAR_STRING, COMPRESSED_VARCHAR}),
    "varbinary": frozenset({FIELD_TYPE.VARCHAR, FIELD_TYPE.VAR_STRING, COMPRESSED_VARCHAR}),
    "char": frozenset({FIELD_TYPE.STRING}),
    "binary": frozenset({FIELD_TYPE.STRING}),
    _UUID: frozenset({FIELD_TYPE.STRING}),
    "enum": frozenset({FIELD_TYPE.ENUM}),
    "set": frozenset({FIELD_TYPE.SET}),
    "bit": frozenset({FIELD_TYPE.BIT}),
    "year": frozenset({FIELD_TYPE.YEAR}),
    "date": frozenset({FIELD_TYPE.DATE, FIELD_TYPE.NEWDATE}),
    "time": frozenset({FIELD_TYPE.TIME, FIELD_TYPE.TIME2}),
    "datetime": frozenset({FIELD_TYPE.DATETIME, FIELD_TYPE.DATETIME2}),
    "timestamp": frozenset({FIELD_TYPE.TIMESTAMP, FIELD_TYPE.TIMESTAMP2}),
    "vector": frozenset({VECTOR}),
    **dict.fromkeys(("tinytext", "text", "mediumtext", "longtext"), _BLOBS),
    **dict.fromkeys(("tinyblob", "blob", "mediumblob", "longblob", "json"), _BLOBS),
}


@dataclass(frozen=True, slots=True)
class Hidden:
    """What a table has beside the columns of the dictionary: both only MariaDB's. ``hashed``: that many unique keys."""

    versioned: bool = False
    hashed: int = 0

    def columns(self) -> tuple[tuple[str, str, str, None], ...]:
        """As the dictionary would list them."""
        periods = ("row_start", "row_end") if self.versioned else ()
        return (
            *((name, "timestamp", "timestamp(6)", None) for name in periods),
            *((f"DB_ROW_HASH_{nth + 1}", "bigint", "bigint unsigned", None) for nth in range(self.hashed)),
        )


NOTHING_HIDDEN = Hidden()


def described(
    table: TableMap, rows: Sequence[tuple[Any, ...]], hidden: Hidden = NOTHING_HIDDEN
) -> tuple[Column, ...]:
    """The columns with names, signs, character sets and labels.

    ``rows``: of the table's columns in order, name, DATA_TYPE, COLUMN_TYPE and CHARACTER_SET_NAME. Raises
    DecodeError when the table looks different now.
    """
    if all(column.name is not None and _sign_known(column) for column in table.columns):
        uuids = {str(name) for name, data_type, *_ in rows if str(data_type).lower() == _UUID}
        return tuple(replace(column, uuid=column.name in uuids) for column in table.columns)
    rows = (*rows, *hidden.columns())
    if len(rows) != len(table.columns):
        raise DecodeError(
            f"{table.schema}.{table.table} has {len(rows)} columns now and {len(table.columns)} in the binlog; "
            "set binlog_row_metadata=FULL"
        )
    columns = []
    for column, (name, data_type, column_type, of_text) in zip(table.columns, rows, strict=True):
        kind = str(data_type).lower()
        if column.type not in _TYPES.get(kind, frozenset({column.type})):
            raise DecodeError(
                f"{table.schema}.{table.table}.{name} is {data_type} now and was another type in the binlog; "
                "set binlog_row_metadata=FULL"
            )
        unsigned = column.unsigned if column.unsigned is not None else "unsigned" in str(column_type).lower()
        labels = _labels(str(column_type)) if kind == "enum" else ()
        charset = BINARY if kind in _BYTES else of_text  # the dictionary has NULL for bytes
        columns.append(
            replace(
                column, name=str(name), unsigned=unsigned, charset=charset, labels=labels, uuid=kind == _UUID
            )
        )
    return tuple(columns)


def _sign_known(column: Column) -> bool:
    return column.type not in INTEGERS or column.unsigned is not None


def _labels(column_type: str) -> tuple[str, ...]:
    """The members of ``enum('a','b''c')``."""
    return tuple(label.replace("''", "'") for label in re.findall(r"'((?:[^']|'')*)'", column_type))
