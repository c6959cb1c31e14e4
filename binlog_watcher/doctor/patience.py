"""How long the checks let the shop's server work for them."""

import contextlib
from collections.abc import Callable
from typing import Any

import pymysql.err


def limit_time(rows: Callable[[str], list[tuple[Any, ...]]]) -> None:
    """Of each SELECT of a session from now on, to ten seconds; where the server knows no limit there is none."""
    for limit in ("max_execution_time = 10000", "max_statement_time = 10"):  # MySQL, in ms; MariaDB
        with contextlib.suppress(pymysql.err.OperationalError):
            rows(f"SET SESSION {limit}")
