"""Spans of time as they are typed."""

import pytest

from binlog_watcher.settings.durations import parse_span_us

HOUR = 3_600_000_000


@pytest.mark.parametrize(
    ("text", "hours"),
    [("48", 48), ("48h", 48), (" 48 H ", 48), ("1.5h", 1.5), ("90m", 1.5), ("3d", 72), ("0.5", 0.5)],
)
def test_spans(text: str, hours: float) -> None:
    assert parse_span_us(text) == hours * HOUR


@pytest.mark.parametrize(
    "text", ["", "soon", "0", "0h", "-1h", "1w", "1h30", "48 hours", "1e3", "\u0661h", "9" * 40, "h"]
)
def test_what_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="no span of time"):
        parse_span_us(text)
