"""MariaDB's positions: one GTID a domain."""

import pytest

from binlog_watcher.binlog.protocol.mariadb_gtid import MariadbGtid, has_reached, parse_domains, write_domains
from binlog_watcher.binlog.protocol.position import Position


def test_text_goes_both_ways() -> None:
    domains = parse_domains("1-1-7,0-2-100")
    assert domains == {0: MariadbGtid(0, 2, 100), 1: MariadbGtid(1, 1, 7)}
    assert write_domains(domains) == "0-2-100,1-1-7"
    assert parse_domains("") == {}
    assert write_domains({}) == ""


@pytest.mark.parametrize("text", ["nonsense", "0-1", "0-1-x"])
def test_text_that_is_no_position(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_domains(text)


@pytest.mark.parametrize(
    ("reached", "wanted", "expected"),
    [
        ("0-1-7", "0-1-7", True),
        ("0-2-8", "0-1-7", True),  # whichever server wrote it
        ("0-1-6", "0-1-7", False),
        ("0-1-7,1-1-1", "0-1-7", True),
        ("0-1-7", "0-1-7,1-1-1", False),
        ("0-1-7", "", False),
    ],
)
def test_how_far_a_server_has_got(reached: str, wanted: str, expected: bool) -> None:
    assert has_reached(parse_domains(reached), parse_domains(wanted)) is expected


def test_a_position_without_a_file_is_that_of_its_domains() -> None:
    position = Position("", 0, "me", domains=parse_domains("1-1-7,0-2-100"))
    assert str(position) == "0-2-100,1-1-7"
    position.file, position.offset = "mariadb-bin.000001", 42
    assert str(position) == "mariadb-bin.000001:42"
