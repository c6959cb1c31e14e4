"""Where a mark goes: by Kafka's own rule, and one to each partition."""

import pytest

from binlog_watcher.kafka.marks import _murmur2, key_of, marks_for, partition_of


@pytest.mark.parametrize(
    ("key", "signed"),
    [
        ("21", -973932308),
        ("foobar", -790332482),
        ("a-little-bit-long-string", -985981536),
        ("a-little-bit-longer-string", -1486304829),
        ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        ("abc", 479470107),
    ],
)
def test_the_hash_is_that_of_kafkas_java_clients(key: str, signed: int) -> None:
    """The values are those of the tests of Kafka's own clients (UtilsTest)."""
    assert _murmur2(key.encode()) == signed & 0xFFFFFFFF


@pytest.mark.parametrize("partitions", [1, 2, 3, 12, 64, 200])
def test_each_partition_has_one_mark(partitions: int) -> None:
    marks = marks_for(partitions)
    assert len(marks) == partitions
    assert {partition_of(key_of(mark), partitions) for mark in marks} == set(range(partitions))


def test_a_key_is_written_as_the_converter_writes_it() -> None:
    assert key_of(17) == b'{"mark":17}'
