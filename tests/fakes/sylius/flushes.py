"""Doctrine's flush: a transaction with the INSERTs, then the UPDATEs of what has changed, then the DELETEs."""

from typing import Any

from fakes.shop_statements import Run, ago, insert, update

_VERSIONED = ("sylius_order_item", "sylius_product_variant")
_UNDATED = ("sylius_order_item",)


class EntityManager:
    """Collects what is to be written until ``flush``, as a unit of work does. INSERTs go at once, for their ids."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._open = False
        self._updates: dict[tuple[str, int], dict[str, Any]] = {}
        self._deletes: list[tuple[str, int]] = []

    def persist(self, table: str, **values: Any) -> int:
        self._begin()
        return self.insert(table, **values)

    def insert(self, table: str, **values: Any) -> int:
        """By itself, as fixtures do."""
        self._run(*insert(f"INSERT INTO {table}", values))
        ((number,),) = self._run("SELECT LAST_INSERT_ID()")
        return int(number)

    def change(self, table: str, row: int, **values: Any) -> None:
        self._updates.setdefault((table, row), {}).update(values)

    def get(self, table: str, row: int, *columns: str) -> tuple[Any, ...]:
        """As they will be after the flush."""
        (found,) = self._run(f"SELECT {', '.join(columns)} FROM {table} WHERE id = %s", (row,))
        waiting = self._updates.get((table, row), {})
        return tuple(waiting.get(column, value) for column, value in zip(columns, found, strict=True))

    def remove(self, table: str, *rows: int) -> None:
        self._deletes += [(table, row) for row in rows]

    def removed(self, table: str) -> set[int]:
        return {row for name, row in self._deletes if name == table}

    def flush(self, minutes_ago: float = 0) -> None:
        for (table, row), values in self._updates.items():
            if row not in self.removed(table):
                self._update(table, row, values, minutes_ago)
        for table, row in self._deletes:
            self._begin()
            self._run(f"DELETE FROM {table} WHERE id = %s", (row,))
        if self._open:
            self._run("COMMIT")
        self._open, self._updates, self._deletes = False, {}, []

    def _update(self, table: str, row: int, values: dict[str, Any], minutes_ago: float) -> None:
        """Only what differs is written; ``updated_at`` and a version go along."""
        (before,) = self._run(f"SELECT {', '.join(values)} FROM {table} WHERE id = %s", (row,))
        changed = {name: new for (name, new), was in zip(values.items(), before, strict=True) if new != was}
        if not changed:
            return
        self._begin()
        if table not in _UNDATED:
            changed["updated_at"] = ago(minutes_ago)
        sql, parameters = update(f"UPDATE {table}", "id", row, changed)
        if table in _VERSIONED:
            ((version,),) = self._run(f"SELECT version FROM {table} WHERE id = %s", (row,))
            sql = sql.replace(" WHERE ", ", version = version + 1 WHERE ") + " AND version = %s"
            parameters = (*parameters, version)
        self._run(sql, parameters)

    def _begin(self) -> None:
        if not self._open:
            self._run("START TRANSACTION")
            self._open = True


def stamps(minutes_ago: float) -> dict[str, Any]:
    """What Gedmo sets in a new row."""
    return {"created_at": ago(minutes_ago), "updated_at": ago(minutes_ago)}
