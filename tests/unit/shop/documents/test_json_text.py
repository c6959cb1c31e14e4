import json
import time
from typing import Any

import pytest

from binlog_watcher.shop.documents.bounds import MAX_DEPTH, MAX_NANOSECONDS, MAX_VALUES, Budget
from binlog_watcher.shop.documents.errors import DocumentError
from binlog_watcher.shop.documents.json_text import JsonReader
from binlog_watcher.shop.documents.paths import Path, parse_path
from binlog_watcher.shop.documents.plan import Reading
from binlog_watcher.shop.documents.wanted import CONTAINER, Found, Record, Wanted


def read(document: bytes, *paths: str) -> list[Found]:
    root = Wanted()
    for place, text in enumerate(paths):
        root.follow(Path(parse_path("|json").steps + (parse_path(text).steps if text else ()))).places.append(
            place
        )
    record: Record = [None] * len(paths)
    Reading(Budget()).text(document, 0, len(document), root, record, 0)
    return record


def refused(document: bytes, path: str = "x") -> tuple[str, int]:
    with pytest.raises(DocumentError) as error:
        read(document, path)
    return error.value.reason, error.value.at


def test_values() -> None:
    text = '{"n": null, "t": true, "f": false, "i": -7, "d": 1.50, "s": "ä\\u00e4\\"", "l": [1, {"k": 2}], "ö": "ö"}'
    assert read(text.encode(), "n", "t", "f", "i", "d", "s", "l.0", "l.1.k", "ö", "l", "l.2") == [
        None, True, False, -7, 1.5, 'ää"'.encode(), 1, 2, "ö".encode(), CONTAINER, None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("document", "reason", "at"),
    [
        (b"{", "truncated", 1),
        (b'{"x": "a', "truncated", 6),
        (b'{"x": [1, ', "truncated", 10),
        (b'{"x": 1} 2', "syntax", 9),
        (b"{x: 1}", "syntax", 1),
        (b'{"x": NaN}', "syntax", 0),
        (b'{"x": -Infinity}', "syntax", 0),
        (b'{"x": 9223372036854775808}', "integer", 0),
        (b'{"x": ' + b"9" * 10_000 + b"}", "integer", 0),
        (b'{"x": 1, "x": 1}', "duplicate_key", 0),
        (b'{"y": {"a": 1, "a": 2}}', "duplicate_key", 0),
        (b'{"x": "\xff"}', "encoding", 7),
        (b'{"x": "\\ud800"}', "encoding", 0),
        ('{"ä": 1, x}'.encode(), "syntax", 10),
        ("\ufeff{}".encode(), "syntax", 0),
    ],
)
def test_what_is_not_json(document: bytes, reason: str, at: int) -> None:
    assert refused(document) == (reason, at)


def test_a_number_beyond_all_bounds_is_none_that_a_cart_can_use() -> None:
    assert read(b'{"x": 1e999}', "x") == [float("inf")]


def test_a_path_into_something_else_is_refused_unless_it_is_empty() -> None:
    for value in ("null", "false", "0", '""', '"0"', "[]", "{}"):
        assert read(b'{"x": %s}' % value.encode(), "x.y") == [None]
    for value in ("true", "1", '"text"'):
        assert refused(b'{"x": %s}' % value.encode(), "x.y")[0] == "shape"
    assert refused(b'{"x": []}', "x|php")[0] == "shape"


def test_depth() -> None:
    for opening, closing in ((b"[", b"]"), (b'{"a":', b"}")):
        fits = opening * (MAX_DEPTH - 1) + b"1" + closing * (MAX_DEPTH - 1)
        assert read(b"[" + fits[:0] + b"]", "x") == [None]
        assert read(fits, "x") == [None]
        assert refused(opening * 200_000)[0] == "depth"
    assert read(json.dumps({"x": "[" * 1000 + '\\"{' * 1000}).encode(), "y") == [None]


def test_values_are_counted_before_they_are_made() -> None:
    assert read(b"[" + b"1," * (MAX_VALUES - 10) + b"1]", "x") == [None]
    assert refused(b"[" + b"1," * MAX_VALUES + b"1]")[0] == "too_many_values"
    assert refused(b"[" + b"{}," * MAX_VALUES + b"1]")[0] == "too_many_values"


@pytest.mark.parametrize("piece", [b'\\"', b'"', b"\\", b'"\\', b'{"', b'\\\\"'])
def test_hostile_quotes_cost_linear_time(piece: bytes) -> None:
    document = b'"' + piece * (500_000 // len(piece))
    started = time.process_time()
    with pytest.raises(DocumentError):
        read(document, "x")
    assert time.process_time() - started < 2


def test_what_is_parsed_too_slowly_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    passed_ns = 0
    loads = json.loads

    def slow(*args: Any, **more: Any) -> Any:
        nonlocal passed_ns
        passed_ns += MAX_NANOSECONDS + 1
        return loads(*args, **more)

    monkeypatch.setattr(json, "loads", slow)
    reading = Reading(Budget(lambda: passed_ns))
    with pytest.raises(DocumentError, match="too_slow"):
        JsonReader(reading, b"[1]", 0, 3).read(Wanted(), [], 0)


def test_the_clock_is_looked_at_on_the_way_over_many_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0
    loads = json.loads

    def clock() -> int:
        nonlocal looks
        looks += 1
        return 0

    def parsed(*args: Any, **more: Any) -> Any:
        nonlocal looks
        looks = 0
        return loads(*args, **more)

    monkeypatch.setattr(json, "loads", parsed)
    document = json.dumps({f"k{number}": 1 for number in range(4096)}).encode()
    wanted = Wanted()
    wanted.follow(parse_path("x")).places.append(0)
    JsonReader(Reading(Budget(clock)), document, 0, len(document)).read(wanted, [None], 0)
    assert looks >= 4096 // 512
