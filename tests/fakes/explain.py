"""How a real server would run a statement."""

from typing import Any

from binlog_watcher.store.own_tables.statement import Statement


def plan_of(shop: Any, statement: Statement) -> list[dict[str, Any]]:
    """A line for each table that is read: among others ``key`` and ``rows``, which are text in one of the servers."""
    explain = "EXPLAIN FORMAT=TRADITIONAL" if shop.server.flavor == "mysql" else "EXPLAIN"
    with shop.database.session() as session:
        found: list[dict[str, Any]] = session.records(f"{explain} {statement.sql}", statement.parameters)
    return found
