"""What the fake shops share: statements with their parameters, and points in time that the server computes."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

Statement = tuple[str, tuple[Any, ...]]
Run = Callable[..., list[tuple[Any, ...]]]
"""``run(sql, parameters=None)`` executes one statement in autocommit and returns its rows."""

_DATA = Path(__file__).parents[1] / "data"


@dataclass(frozen=True, slots=True)
class Ago:
    """A DATETIME that many seconds before the server's now, in UTC."""

    seconds: int


def ago(minutes: float) -> Ago:
    return Ago(int(minutes * 60))


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)


def create_tables(run: Run, file: str) -> None:
    """All tables of a file in tests/data, in an empty database."""
    for statement in (_DATA / file).read_text(encoding="utf-8").split(";\n"):
        if statement.strip():
            run(statement)


def insert(into: str, values: Mapping[str, Any]) -> Statement:
    """``into``: all up to the columns, as in ``INSERT INTO `cart```."""
    columns = ", ".join(f"`{column}`" for column in values)
    expressions, parameters = _placed(values.values())
    return f"{into} ({columns}) VALUES ({', '.join(expressions)})", parameters


def update(table: str, key: str, row: Any, values: Mapping[str, Any]) -> Statement:
    """``table``: all up to SET, as in ``UPDATE `cart```; ``key``: the column that is ``row``, as it is written."""
    expressions, parameters = _placed(values.values())
    pairs = ", ".join(f"`{column}` = {sql}" for column, sql in zip(values, expressions, strict=True))
    return f"{table} SET {pairs} WHERE {key} = %s", (*parameters, row)


def _placed(values: Iterable[Any]) -> tuple[list[str], tuple[Any, ...]]:
    """The values as SQL with placeholders, and the parameters for these."""
    listed = list(values)
    return (
        ["UTC_TIMESTAMP() - INTERVAL %s SECOND" if isinstance(value, Ago) else "%s" for value in listed],
        tuple(value.seconds if isinstance(value, Ago) else value for value in listed),
    )
