"""Statements as Shopware's data abstraction layer sends them."""

import re
from typing import Any

from fakes.shop_statements import Run, ago, insert

_ID = re.compile(r"[0-9a-f]{32}")


class Writer:
    """Executes single statements. Ids are given as hex, and written as bytes."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def _insert(self, table: str, minutes_ago: float = 0, **values: Any) -> None:
        row = {name: stored(value) for name, value in values.items()}
        self._run(*insert(f"INSERT INTO `{table}`", row | {"created_at": ago(minutes_ago)}))

    def _now(self) -> str:
        """What ``(new DateTime())->format(Defaults::STORAGE_DATE_TIME_FORMAT)`` gives: PHP's own clock, in UTC."""
        ((now,),) = self._run("SELECT DATE_FORMAT(UTC_TIMESTAMP(3), '%Y-%m-%d %H:%i:%s.%f')")
        return str(now)[:23]


def stored(value: Any) -> Any:
    """``Uuid::fromHexToBytes`` for what is an id."""
    if isinstance(value, str) and _ID.fullmatch(value):
        return bytes.fromhex(value)
    return value
