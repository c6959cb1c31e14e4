"""What the text of a SELECT tells without a server."""

import pytest

from binlog_watcher.shop.presets import load_schema, preset_names
from binlog_watcher.shop.sql_text import tables_in


@pytest.mark.parametrize(
    ("sql", "tables"),
    [
        ("SELECT 1 FROM a JOIN b ON a.x = b.x LEFT JOIN `order` o USING (x)", ["a", "b", "order"]),
        ("SELECT 1 FROM a, b AS c, d WHERE x IN (1, e)", ["a", "b", "d"]),
        ("SELECT (SELECT y FROM b), COALESCE((SELECT z FROM c), 0) FROM (SELECT 1 FROM d) e", ["b", "c", "d"]),
        ("SELECT EXTRACT(YEAR FROM x), TRIM(LEADING '0' FROM y), s.`from` FROM a s ORDER BY s.from, s.x", ["a"]),
        ("WITH w AS (SELECT 1 FROM a), v (n) AS (SELECT 2 FROM b) SELECT * FROM w JOIN v JOIN c", ["a", "b", "c"]),
        ("SELECT from_x FROM a -- FROM b\n WHERE y = 'FROM c' /* JOIN d */", ["a"]),
        ("SELECT 1 FROM a WHERE EXISTS (SELECT 1 FROM b) AND x = (SELECT y FROM (c JOIN d))", ["a", "b", "c", "d"]),
        ("SELECT 1 FROM elsewhere.a JOIN b", ["b"]),
    ],
)  # fmt: skip
def test_the_tables_that_a_select_reads(sql: str, tables: list[str]) -> None:
    assert tables_in(sql) == tables


@pytest.mark.parametrize("name", preset_names())
def test_a_presets_tables_begin_with_those_of_its_columns(name: str) -> None:
    schema = load_schema(name)
    tables = schema.tables()
    assert tables[: len(schema.columns())] == list(schema.columns())
    assert len(tables) == len(set(tables))
