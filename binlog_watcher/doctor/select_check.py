"""Checks a preset's SELECT before anything relies on it.

It only reads, it prepares, it gives what was promised, and it finds the keys by an index.
"""

import difflib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import pymysql.err
from pymysql.constants import FIELD_TYPE

from binlog_watcher.doctor.select_keys import check_keys
from binlog_watcher.shop.moments import Format
from binlog_watcher.shop.sql_text import bare

Run = Callable[..., tuple[list[tuple[Any, ...]], list[tuple[str, int]]]]
"""Executes a statement: its rows, and name and type of each column."""

_NUMBERS = frozenset(
    {
        FIELD_TYPE.DECIMAL, FIELD_TYPE.NEWDECIMAL, FIELD_TYPE.TINY, FIELD_TYPE.SHORT, FIELD_TYPE.INT24,
        FIELD_TYPE.LONG, FIELD_TYPE.LONGLONG, FIELD_TYPE.FLOAT, FIELD_TYPE.DOUBLE,
    }
)  # fmt: skip
_TEXTS = frozenset(
    {
        FIELD_TYPE.VARCHAR, FIELD_TYPE.VAR_STRING, FIELD_TYPE.STRING, FIELD_TYPE.TINY_BLOB, FIELD_TYPE.BLOB,
        FIELD_TYPE.MEDIUM_BLOB, FIELD_TYPE.LONG_BLOB, FIELD_TYPE.ENUM, FIELD_TYPE.SET,
    }
)  # fmt: skip
_TIMES = frozenset({FIELD_TYPE.TIMESTAMP, FIELD_TYPE.DATETIME})
_ANY = _NUMBERS | _TEXTS
_KINDS = {
    _NUMBERS: "a number", _TEXTS: "text", _TIMES: "a date with time", _ANY: "a number or text",
    _ANY | _TIMES: "a date with time, a number or text",
}  # fmt: skip

CREATED: dict[Format | None, frozenset[int]] = {
    None: _TIMES, Format.UNIX: _NUMBERS, Format.UNIX_MS: _NUMBERS, Format.DAY: _ANY, Format.TEXT: _TEXTS,
    Format.ISO: _TEXTS,
}  # fmt: skip
"""How the rows hold their creation → the types that a SELECT may give it with."""

_LINES = {
    "cart": _ANY, "product": _ANY, "name": _TEXTS, "price": _NUMBERS, "quantity": _NUMBERS, "created": _TIMES,
}  # fmt: skip
_MAY_GIVE = {"category": _TEXTS, "image": _TEXTS, "url": _TEXTS, "currency": _TEXTS, "available": _ANY}
PROMISED: dict[str, tuple[dict[str, frozenset[int]], dict[str, frozenset[int]]]] = {
    "lines.select": (_LINES, _MAY_GIVE),
    "cart.select": (_LINES, {**_MAY_GIVE, "store": _ANY}),
    "customers.select": (
        {"cart": _ANY, "email": _TEXTS},
        {
            "id": _ANY, "name": _TEXTS, "language": _TEXTS, "consent": _ANY, "role": _TEXTS, "currency": _TEXTS,
            "rate": _NUMBERS, "store": _ANY,
        },
    ),
    "orders.by_customer": ({"customer": _ANY, "id": _ANY, "bought_at": _TIMES}, {}),
    "orders.by_email": ({"email": _TEXTS, "id": _ANY, "bought_at": _TIMES}, {}),
    "orders.unpaid": ({"id": _ANY}, {}),
    "cart.document.select": (
        {"id": _ANY, "name": _TEXTS},
        {
            "price": _NUMBERS, "category": _TEXTS, "image": _TEXTS, "url": _TEXTS, "stock": _NUMBERS,
            "available": _ANY,
        },
    ),
    "products.select": (
        {"id": _ANY, "name": _TEXTS, "price": _NUMBERS},
        {"description": _TEXTS, "category": _TEXTS, "image": _TEXTS, "url": _TEXTS, "stock": _NUMBERS},
    ),
}  # fmt: skip
"""The preset's key → the columns that its SELECT must give, and those that it may give."""

_KEYS_COLUMN = {
    "products.select": "id",
    "cart.document.select": "id",
    "orders.by_customer": "customer",
    "orders.by_email": "email",
    "orders.unpaid": "id",
}
"""SELECT → its column with what it is asked for, where that is not the cart."""

_NOT_READ_ONLY = re.compile(
    r"/\*M?!|;|:=|\bINTO\b|\bFOR\s+(?:UPDATE|SHARE)\b|\bLOCK\s+IN\s+SHARE\b|\bNEXT\s+VALUE\b"
    r"|\b(?:GET_LOCK|RELEASE_LOCK|RELEASE_ALL_LOCKS|SLEEP|BENCHMARK|LOAD_FILE|NEXTVAL|SETVAL|LAST_INSERT_ID|MASTER_POS_WAIT"
    r"|SOURCE_POS_WAIT|MASTER_GTID_WAIT|WAIT_FOR_EXECUTED_GTID_SET|WAIT_UNTIL_SQL_THREAD_AFTER_GTIDS)\s*\(",
    re.IGNORECASE,
)
_MANY_ROWS = 1000

REFUSED = "the server refuses it"
"""How the problem begins that a SELECT can't be run at all."""


def check_select(
    run: Run,
    statement: str,
    text: str,
    *,
    key: str,
    samples: Sequence[Any],
    parameters: Mapping[str, Any],
    indexes: Callable[[str], list[list[str]]],
    needs_created: bool = True,
    created: frozenset[int] = _TIMES,
    needs: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[str]:
    """What is wrong with a preset's SELECT, one line a problem.

    ``statement``: as compiled; ``text``: as written. ``samples``: a few keys that there are, for the plan.
    ``indexes``: the columns of each index of a table, in lower case. ``created``: types that the creation may have.
    ``needs``: columns that it must give since a key of the preset names one of these rows' → that key.
    """
    if (writes := _why_not_read_only(text)) is not None:
        yield writes
        return
    try:
        # Two keys in any case: with one, what only works for one would pass.
        keys = (*samples, *samples, None, None)[:2]
        rows, columns = run(statement, {**parameters, "keys": keys})
        plan, names = run(f"EXPLAIN FORMAT=TRADITIONAL {statement}", {**parameters, "keys": keys})
    except (pymysql.err.MySQLError, KeyError, ValueError, TypeError) as error:
        yield f"{REFUSED}: {' '.join(str(error.args[-1] if error.args else error).split())}"
        return
    yield from _check_columns(
        dict(columns), [name for name, _ in columns], key, created if needs_created else None, needs
    )
    yield from _check_form(rows, [name for name, _ in columns], _KEYS_COLUMN.get(key, "cart"), samples)
    for name in needs.keys() - dict(columns).keys():
        yield f"gives no column {name}, and {needs[name]} is a column of these rows; add it AS {name}"
    yield from check_keys(text, indexes)
    yield from _check_plan([dict(zip([n for n, _ in names], row, strict=True)) for row in plan])


def _why_not_read_only(text: str) -> str | None:
    code = bare(text).strip().rstrip(";").strip()
    if not re.match(r"\(*\s*(?:SELECT|WITH)\b", code, re.IGNORECASE):
        return "give one SELECT (or WITH … SELECT)"
    if found := _NOT_READ_ONLY.search(code):
        return f"must only read, without locks: take {found[0].strip()!r} out"
    return None


def _check_columns(
    types: dict[str, int],
    names: list[str],
    key: str,
    created: frozenset[int] | None,
    needs: Mapping[str, str],
) -> Iterator[str]:
    """``created``: types of the rows' creation, None where they need not have one."""
    needed, optional = PROMISED[key]
    if "version" in needs:
        optional = {**optional, "version": _ANY | _TIMES}
    if created is None:
        needed = {name: kind for name, kind in needed.items() if name != "created"}
        optional = {**optional, "created": _ANY | _TIMES}
    elif "created" in needed:
        needed = {**needed, "created": created}
    for name in dict.fromkeys(name for name in names if names.count(name) > 1):
        yield f"gives two columns {name}"
    for name in needed.keys() - types.keys():
        near = difflib.get_close_matches(name, types.keys() - needed.keys() - optional.keys(), n=1)
        hint = f"{near[0]} AS {name}" if near else f"… AS {name}"
        yield f"gives no column {name}; add {hint}"
    for name in sorted(types.keys() - needed.keys() - optional.keys()):
        yield f"gives a column {name} that has no use; it may give {', '.join([*needed, *optional])}"
    for name, kinds in (needed | optional).items():
        kind = types.get(name)
        if kind is not None and kind not in kinds and kind != FIELD_TYPE.NULL:
            yield f"its column {name} must be {_KINDS[kinds]}"


def _check_form(
    rows: Sequence[tuple[Any, ...]], names: Sequence[str], name: str, samples: Sequence[Any]
) -> Iterator[str]:
    """Keys that are bytes must come as they are: the fence compares them with their column's."""
    is_bytes = any(isinstance(sample, bytes) for sample in samples)
    if is_bytes and name in names and any(isinstance(row[names.index(name)], str) for row in rows):
        yield f"its column {name} must be the column with the key itself, not its hex"


def _check_plan(plan: list[dict[str, Any]]) -> Iterator[str]:
    """EXPLAIN's rows. Without rows to look at (an empty table) nothing can be said."""
    for row in plan:
        table, access = str(row.get("table") or ""), str(row.get("type") or "")
        scanned = access in {"ALL", "index"} and not row.get("possible_keys") and not table.startswith("<")
        if scanned and int(row.get("rows") or 0) > _MANY_ROWS:
            yield f"reads all {row['rows']} rows of {table}: join it by a column that an index begins with"
