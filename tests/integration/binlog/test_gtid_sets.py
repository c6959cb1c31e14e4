"""GTID sets against the server's own arithmetic."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from binlog_watcher.binlog.protocol.mysql_gtid import GtidSet, Source
from binlog_watcher.demo.server import Server

A = uuid.UUID("3e11fa47-71ca-11e1-9e33-c80aa9429562")
B = uuid.UUID("4c9e3dfc-9d25-11e9-8d2e-0242ac1cfd7e")
HIGHEST = 2**63 - 2

numbers = st.integers(1, 60) | st.integers(HIGHEST - 30, HIGHEST - 20)
sources = st.sampled_from([(A.bytes, ""), (A.bytes, "spring"), (A.bytes, "_2"), (B.bytes, "")])
additions = st.lists(st.tuples(sources, numbers, st.integers(0, 10)), max_size=25)
Additions = list[tuple[Source, int, int]]
on_a_server = settings(max_examples=150, deadline=None)


@pytest.fixture(scope="module")
def cursor(mysql_server: Server) -> Iterator[Any]:
    with mysql_server.connect() as connection, connection.cursor() as found:
        yield found


def ask(cursor: Any, expression: str, *arguments: str) -> Any:
    cursor.execute(f"SELECT {expression}", arguments)
    (answer,) = cursor.fetchone()
    return answer.replace("\n", "") if isinstance(answer, str) else answer


def build(parts: Additions) -> GtidSet:
    result = GtidSet()
    for source, first, more in parts:
        result.add(source, first, first + more)
    return result


def as_written(parts: Additions) -> str:
    """The same set without any arithmetic: one member for each addition."""
    members = []
    for (identifier, tag), first, more in parts:
        middle = f":{tag}" if tag else ""
        members.append(f"{uuid.UUID(bytes=identifier)}{middle}:{first}-{first + more}")
    return ",".join(members)


@on_a_server
@given(additions)
def test_the_sum_is_the_servers(cursor: Any, parts: Additions) -> None:
    assert str(build(parts)) == ask(cursor, "GTID_SUBTRACT(%s, '')", as_written(parts))


@on_a_server
@given(additions, sources, numbers)
def test_what_one_more_transaction_adds(cursor: Any, parts: Additions, source: Source, number: int) -> None:
    before, after = build(parts), build(parts)
    known = ask(cursor, "GTID_SUBSET(%s, %s)", str(build([(source, number, 0)])), str(before))
    after.add(source, number)
    difference = ask(cursor, "GTID_SUBTRACT(%s, %s)", str(after), str(before))
    assert difference == ("" if known else str(build([(source, number, 0)])))
    assert GtidSet.parse(str(after)).intervals == after.intervals
