"""Batches in order, none too large, none empty."""

from binlog_watcher.core.batches import in_batches


def test_all_come_in_their_order() -> None:
    assert list(in_batches("abcde", 2)) == ["ab", "cd", "e"]
    assert list(in_batches([1, 2], 2)) == [[1, 2]]
    assert list(in_batches([], 2)) == []
