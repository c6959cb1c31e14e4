"""Statements as nopCommerce's data layer (linq2db) sends them: one row each, all of its columns, each for itself."""

from typing import Any
from uuid import uuid4

from fakes.shop_statements import Run, ago, create_tables, insert, update

_NUMBERS = frozenset({"int", "tinyint", "decimal"})


class Writer:
    """Inserts and saves whole rows, as objects are written."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._columns: dict[str, list[tuple[str, str, bool]]] = {}

    def _create_tables(self) -> None:
        create_tables(self._run, "nopcommerce.sql")
        for table, column, kind, may_be_null in self._run(
            "SELECT TABLE_NAME, COLUMN_NAME, DATA_TYPE, IS_NULLABLE FROM information_schema.COLUMNS "
            "WHERE TABLE_SCHEMA = DATABASE() ORDER BY TABLE_NAME, ORDINAL_POSITION"
        ):
            self._columns.setdefault(table, []).append((column, kind, may_be_null == "YES"))

    def columns_of(self, table: str) -> list[str]:
        """All but the number that the server gives."""
        return [name for name, *_ in self._columns[table] if name != "Id"]

    def _insert(self, table: str, **values: Any) -> int:
        """Properties that nobody set are written, too: with what the class has for them."""
        assert values.keys() <= {name for name, *_ in self._columns[table]}, values
        row = {
            name: values.get(name, None if may_be_null else _unset(kind))
            for name, kind, may_be_null in self._columns[table]
            if name != "Id" or "Id" in values
        }
        self._run(*insert(f"INSERT INTO `{table}`", row))
        ((number,),) = self._run("SELECT LAST_INSERT_ID()")
        return int(number or values["Id"])

    def _save(self, table: str, number: int, **changed: Any) -> None:
        (row,) = self._run(f"SELECT * FROM `{table}` WHERE `Id` = %s", (number,))
        before = dict(zip(self.columns_of(table), row[1:], strict=True))
        self._run(*update(f"UPDATE `{table}`", "`Id`", number, before | changed))

    def _delete(self, table: str, number: int) -> None:
        self._run(f"DELETE FROM `{table}` WHERE `Id` = %s", (number,))


def _unset(kind: str) -> Any:
    if kind in _NUMBERS:
        return 0
    return {"datetime": ago(0), "char": str(uuid4())}.get(kind, "")
