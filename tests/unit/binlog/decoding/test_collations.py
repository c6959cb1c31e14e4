"""Which character set a collation's number means; the servers themselves are asked in the integration tests."""

import pytest

from binlog_watcher.binlog.decoding.collations import charset_of


@pytest.mark.parametrize(
    ("collation", "charset"),
    [
        (8, "latin1"), (63, "binary"), (255, "utf8mb4"), (35, "ucs2"), (54, "utf16"), (56, "utf16le"), (60, "utf32"),
        (1032, "latin1"), (609, "utf8mb4"), (738, "utf32"), (2048, "utf8mb3"), (2304, "utf8mb4"), (3327, "utf32"),
        (900, None), (9_999, None),
    ],
)  # fmt: skip
def test_numbers_of_both_servers(collation: int, charset: str | None) -> None:
    assert charset_of(collation) == charset
