"""Tells which fragment of a preset is the one that does not fit, where a SELECT with fragments is refused."""

from collections.abc import Iterator, Mapping
from typing import Any

import pymysql.err

from binlog_watcher.doctor.select_check import Run
from binlog_watcher.shop.schema import Schema
from binlog_watcher.store.shop_tables.queries import Queries


def blamed(
    run: Run, schema: Schema, queries: Queries, text: str, parameters: Mapping[str, Any]
) -> str | None:
    """The fragment without which the server takes the SELECT ``text``; None: no single one, or not by itself.

    It is left out by a NULL in its place, so that only fragments that are values can be told. Of fragments within
    each other it is the innermost.
    """
    found = [
        name
        for name, without in _without_each(schema, text)
        if _is_taken(run, queries.select(without), parameters)
    ]
    return min(found, key=lambda name: len(schema.fragments[name]), default=None)


def _without_each(schema: Schema, text: str) -> Iterator[tuple[str, str]]:
    for name, fragment in schema.fragments.items():
        if (piece := fragment.strip()) in text:
            yield name, text.replace(piece, "NULL")


def _is_taken(run: Run, statement: str, parameters: Mapping[str, Any]) -> bool:
    try:
        run(f"EXPLAIN FORMAT=TRADITIONAL {statement}", {**parameters, "keys": (None, None)})
    except (pymysql.err.MySQLError, KeyError, ValueError, TypeError):
        return False
    return True
