"""What an account lacks, all at once, after the server has refused it something."""

import re
from collections.abc import Callable, Sequence
from typing import Any

import pymysql.err

from binlog_watcher.settings.connection import ConnectionSettings
from binlog_watcher.settings.grants import HELP, Grants
from binlog_watcher.shop.schema import Schema


def lacking(
    rows: Callable[[str], list[tuple[Any, ...]]],
    connection: ConnectionSettings,
    schema: Schema,
    denied: Sequence[str],
    *,
    writes: bool,
) -> str:
    """One line that names it. ``denied``: what was refused, for servers that do not tell all the rights.

    ``rows``: runs a statement; ``writes``: whether our own tables will be kept.
    """
    user, _, host = str(rows("SELECT CURRENT_USER()")[0][0]).rpartition("@")
    grants = Grants(user, host, connection.database, tuple(schema.tables()), writes=writes)
    try:
        lacks = grants.lacking(str(row[0]) for row in rows("SHOW GRANTS"))
    except pymysql.err.MySQLError:
        lacks = []
    named = "; ".join(lacks or denied)
    hint = ""
    if any(f"{connection.database}.{table}" in re.split(r"[ ,;]+", named) for table in schema.tables()):
        # The server says the same of a table that does not exist.
        hint = f" (or SHOP_SCHEMA = {schema.origin} and MYSQL_DATABASE do not fit this shop)"
    return f"the account '{user}'@'{host}' lacks {named}{hint}: {HELP}"
