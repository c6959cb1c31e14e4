"""The SQL of the pages on real servers: indexes of the shops' pages, and what the page on servers tells to set."""

import contextlib
import re
from collections.abc import Iterator
from typing import Any

import pytest
from fakes.doc_blocks import MAKE_SHOP_INDEXES, blocks_of
from fakes.shop_statements import create_tables

from binlog_watcher.demo.server import Server


def statements(text: str) -> list[str]:
    return [one.strip() for one in text.split(";\n") if one.strip()]


@contextlib.contextmanager
def session(server: Server, **options: Any) -> Iterator[Any]:
    with server.connect(autocommit=True, **options) as connection, connection.cursor() as cursor:

        def run(sql: str, parameters: Any = None) -> list[tuple[Any, ...]]:
            cursor.execute(sql, parameters)
            return list(cursor.fetchall())

        yield run


@pytest.mark.parametrize(("page", "number"), MAKE_SHOP_INDEXES, ids=str)
def test_the_indexes_of_a_shops_page_can_be_made(
    server: Server, fresh_database: str, page: str, number: int
) -> None:
    wanted = statements(blocks_of(page, "sql")[number])
    with session(server, database=fresh_database) as run:
        run("SET sql_mode = ''")
        create_tables(run, MAKE_SHOP_INDEXES[page, number])
        for statement in wanted:
            _drop_if_there(run, statement)
            run(statement)


def test_what_the_page_on_servers_tells_mysql_to_persist_it_takes(mysql_server: Server) -> None:
    persist, for_rds = blocks_of("docs/servers.md", "sql")
    with session(mysql_server) as run:
        names = dict.fromkeys(re.findall(r"SET PERSIST (\w+) =", persist))
        before = {name: run(f"SELECT @@GLOBAL.{name}")[0][0] for name in names}
        run("SET GLOBAL gtid_mode = 'ON_PERMISSIVE'")  # as the page finds a server: not ON yet
        try:
            run("SET GLOBAL gtid_mode = 'OFF_PERMISSIVE'")
            for statement in statements(persist):
                run(statement)
            assert run("SELECT @@GLOBAL.gtid_mode, @@GLOBAL.binlog_row_metadata") == [("ON", "FULL")]
        finally:
            for name in names:
                run(f"RESET PERSIST IF EXISTS {name}")
                if name != "gtid_mode":
                    run(f"SET GLOBAL {name} = %s", (before[name],))
        run("DROP PROCEDURE IF EXISTS mysql.rds_set_configuration")
        run(
            "CREATE PROCEDURE mysql.rds_set_configuration(name VARCHAR(30), value INT) "  # as RDS has it
            "SELECT name, value"
        )
        assert run(for_rds.rstrip(";\n")) == [("binlog retention hours", 72)]
        run("DROP PROCEDURE mysql.rds_set_configuration")


def test_the_option_file_for_mariadb_names_what_it_knows(mariadb_server: Server) -> None:
    (text,) = blocks_of("docs/servers.md", "ini")
    assert text.startswith("[mariadb]\n")
    options = dict(re.findall(r"^(\w+) = (\w+)$", text, re.MULTILINE))
    assert len(options) == len(text.splitlines()) - 1
    with session(mariadb_server) as run:
        for name, value in options.items():
            ((_, now),) = run("SHOW GLOBAL VARIABLES LIKE %s", (name,))
            if name in {"binlog_format", "binlog_row_metadata"}:
                assert now == value


def _drop_if_there(run: Any, statement: str) -> None:
    """Where the test's tables have the index already."""
    name, table = re.findall(r"CREATE INDEX (\w+) ON (\S+)", statement)[0]
    for row in run(f"SHOW INDEX FROM {table}"):
        if row[2] == name:
            run(f"DROP INDEX {name} ON {table}")
            return
