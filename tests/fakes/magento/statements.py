"""Statements as Magento sends them, what it commits together, and the ids that it gives."""

from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import Any

from fakes import shop_statements
from fakes.shop_statements import Run, Statement

Together = Callable[[Sequence[Statement]], None]
"""Executes statements in one transaction."""


class Writer:
    """``together``: without it each statement is a transaction of its own, in the same order."""

    def __init__(self, run: Run, *, together: Together | None = None) -> None:
        self._run = run
        self._together = together
        self._ids: dict[str, Iterator[int]] = {}

    def _next(self, table: str) -> int:
        return next(self._ids.setdefault(table, count(1)))

    def _commit(self, statements: list[Statement]) -> None:
        """What Magento saves in one transaction."""
        if self._together is not None and len(statements) > 1:
            self._together(statements)
            return
        for statement in statements:
            self._run(*statement)


def insert(table: str, /, **columns: Any) -> Statement:
    return shop_statements.insert(f"INSERT INTO `{table}`", columns)


def update(table: str, where: dict[str, Any], /, **columns: Any) -> Statement:
    ((key, wanted),) = where.items()
    return shop_statements.update(f"UPDATE `{table}`", f"`{key}`", wanted, columns)


def delete(table: str, /, **where: Any) -> Statement:
    ((key, wanted),) = where.items()
    return f"DELETE FROM `{table}` WHERE `{key}` = %s", (wanted,)
