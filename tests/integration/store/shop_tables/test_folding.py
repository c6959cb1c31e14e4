"""What a collation holds for equal: asked of the server, and held against what SQL compares."""

from collections.abc import Iterator
from typing import Any

import pytest

from binlog_watcher.demo.server import Server
from binlog_watcher.store.shop_tables.folding import ask_folding

TEXTS = (
    "abc", "ABC", "abc ", "abc  ", " abc", "abc\t", "äbc", "ÄBC", "a\u0308bc", "a-bc", "a_bc", "abd", "", " ", "i", "I",
    "\N{LATIN SMALL LETTER DOTLESS I}", "İ", "y", "v", "w", "ø", "Ø", "o", "ö", "ñ", "n", "Жан", "жан", "ё", "Σ", "ς",
    "\N{GREEK SMALL LETTER SIGMA}", "\N{CYRILLIC SMALL LETTER IE}", "ή", "\N{GREEK CAPITAL LETTER ETA}",
)  # fmt: skip


@pytest.fixture
def session(server: Server) -> Iterator[Any]:
    class Asking:
        def rows(self, sql: str, parameters: Any = None) -> list[tuple[Any, ...]]:
            cursor.execute(sql, parameters)
            return list(cursor.fetchall())

    with server.connect(autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("SET NAMES utf8mb4")
        yield Asking()


def collations(session: Any) -> list[str]:
    """Of each kind that the server has: with and without capitals, accents, spaces at the end, of some languages."""
    rows = session.rows(
        "SELECT COLLATION_NAME FROM information_schema.COLLATIONS WHERE CHARACTER_SET_NAME IN "
        "('utf8mb4', 'latin1', 'ascii', 'utf16') AND COLLATION_NAME REGEXP "
        "'(general|unicode|bin|swedish|danish|turkish|german|spanish|nopad_bin|general_cs|0900_(ai|as)_c.|nopad_ci)$' "
        "ORDER BY 1"
    )
    return [str(name) for (name,) in rows] + ["utf8mb4_general_ci", "latin1_swedish_ci", "utf8mb4_turkish_ci"]


def test_folded_alike_is_what_the_server_holds_for_equal(session: Any) -> None:
    tried = collations(session)
    assert len(tried) > 8
    for collation in tried:
        charset = collation.partition("_")[0]
        folding = ask_folding(session, collation)
        values = " UNION ALL ".join(
            f"SELECT %(t{nth})s AS plain, CONVERT(%(t{nth})s USING {charset}) COLLATE {collation} AS held"
            for nth in range(len(TEXTS))
        )
        equal = session.rows(
            f"SELECT a.plain, b.plain, a.held = b.held FROM ({values}) a JOIN ({values}) b "
            "WHERE CONVERT(a.held USING utf8mb4) COLLATE utf8mb4_bin = a.plain "
            "AND CONVERT(b.held USING utf8mb4) COLLATE utf8mb4_bin = b.plain",
            {f"t{nth}": text for nth, text in enumerate(TEXTS)},
        )
        wrong = [
            (one, other, bool(same))
            for one, other, same in equal
            if (folding(one) == folding(other)) is not bool(same)
        ]
        assert wrong == [], collation
