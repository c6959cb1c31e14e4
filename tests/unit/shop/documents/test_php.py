"""The reader of serialised PHP, by hand. Real PHP's own samples: tests/parts/test_php.py."""

import math
from collections.abc import Callable

import pytest
from fakes.php import Object, serialized

from binlog_watcher.shop.documents.bounds import MAX_DEPTH, MAX_VALUES, Budget
from binlog_watcher.shop.documents.errors import DocumentError
from binlog_watcher.shop.documents.paths import Path, parse_path
from binlog_watcher.shop.documents.plan import Reading
from binlog_watcher.shop.documents.wanted import CONTAINER, Found, Record, Wanted


def read(
    document: bytes, *paths: str, codec: str = "php", clock: Callable[[], int] | None = None
) -> list[Found]:
    root = Wanted()
    for place, text in enumerate(paths):
        steps = parse_path(f"|{codec}").steps + (parse_path(text).steps if text else ())
        root.follow(Path(steps)).places.append(place)
    record: Record = [None] * len(paths)
    Reading(Budget(clock)).text(document, 0, len(document), root, record, 0)
    return record


def refused(document: bytes, path: str = "x", codec: str = "php") -> tuple[str, int]:
    with pytest.raises(DocumentError) as error:
        read(document, path, codec=codec)
    return error.value.reason, error.value.at


@pytest.mark.parametrize(
    ("document", "value"),
    [
        (b"N;", None), (b"b:1;", True), (b"b:0;", False), (b"i:0;", 0), (b"i:-12;", -12), (b"i:+3;", 3),
        (b"i:9223372036854775807;", 2**63 - 1), (b"i:-9223372036854775808;", -(2**63)),
        (b"d:1.5;", 1.5), (b"d:-0;", -0.0), (b"d:.5;", 0.5), (b"d:1.0E+25;", 1e25), (b"d:INF;", math.inf),
        (b"d:-INF;", -math.inf), (b's:0:"";', b""), (b's:9:"a";s:1:"b";', b'a";s:1:"b'), (b"a:0:{}", CONTAINER),
        (b'E:11:"Suit:Hearts";', CONTAINER), (b'C:1:"A":5:{x;}{"}', CONTAINER), (b'O:8:"stdClass":0:{}', CONTAINER),
    ],
)  # fmt: skip
def test_values(document: bytes, value: Found) -> None:
    assert read(document, "") == [value]


def test_an_empty_column_has_nothing() -> None:
    for codec in ("php", "php-session", "json", "base64|php"):
        assert read(b"", "x", codec=codec) == [None]


def test_nan() -> None:
    (value,) = read(b"d:NAN;", "")
    assert isinstance(value, float)
    assert math.isnan(value)


@pytest.mark.parametrize(
    ("document", "reason", "at"),
    [
        (b"i:12", "truncated", 0),
        (b's:5:"ab', "truncated", 7),
        (b'a:1:{i:0;s:2:"ab";', "truncated", 18),
        (b'O:8:"stdCl', "truncated", 10),
        (b'C:1:"A":9:{x}', "truncated", 13),
        (b"X;", "syntax", 0),
        (b'S:1:"\\41";', "syntax", 0),
        (b"i:1.5;", "syntax", 0),
        (b"b:2;", "syntax", 0),
        (b"d:x;", "syntax", 0),
        (b"i:;", "syntax", 0),
        (b"a:-1:{}", "syntax", 0),
        (b"a:1:{b:1;i:1;}", "syntax", 5),
        (b"a:1:{i:0;i:1;i:1;i:2;}", "syntax", 13),
        (b'O:8:"stdClass";', "syntax", 13),
        (b's:1:"ab";', "length", 6),
        ('s:2:"äö";'.encode(), "length", 7),
        (b'E:3:"A:Bc";', "length", 8),
        (b"a:99999999:{}", "count", 12),
        (b"a:2:{i:0;N;}", "count", 5),
        (b'O:1:"A":99999:{}', "count", 15),
        (b"N;N;", "trailing", 2),
        (b"i:9223372036854775808;", "integer", 0),
        (b"r:1;", "reference", 0),
        (b"R:0;", "reference", 0),
    ],
)
def test_what_is_not_serialised_php(document: bytes, reason: str, at: int) -> None:
    assert refused(document, "") == (reason, at)


def test_what_is_wrong_beside_the_path_is_seen_too() -> None:
    assert refused(b'a:2:{s:1:"x";i:1;s:1:"y";a:1:{i:0;i:1;i:1;i:2;}}')[0] == "syntax"
    assert refused(b'a:2:{s:1:"x";i:1;s:1:"y";s:1:"ab";}')[0] == "length"


def test_names_of_properties_are_without_their_class() -> None:
    document = serialized(Object("A\\B", {"*kept": 1, "A\\B\0own": 2, "open": 3, "Far\0hidden": 4, "*": 5}))
    assert read(document, "kept", "own", "open", "hidden") == [1, 2, 3, 4]


def test_a_property_of_its_own_hides_an_ancestor_s() -> None:
    for own in ("A\0x", "*x", "x"):
        assert read(serialized(Object("A", {"Far\0x": 1, own: 2})), "x") == [2]
        assert read(serialized(Object("A", {own: 2, "Far\0x": 1})), "x") == [2]
    assert refused(serialized(Object("A", {"Far\0x": 1, "Farther\0x": 2})))[0] == "duplicate_key"


def test_a_key_that_comes_twice_is_refused_where_it_matters() -> None:
    assert refused(b'a:2:{s:1:"x";i:1;s:1:"x";i:2;}')[0] == "duplicate_key"
    assert read(b'a:3:{s:1:"y";i:1;s:1:"y";i:2;s:1:"x";i:3;}', "x") == [3]


def test_references() -> None:
    document = b'a:4:{s:1:"a";a:1:{s:1:"v";i:7;}s:1:"x";R:2;s:1:"y";R:3;s:1:"z";O:1:"A":1:{s:1:"v";r:1;}}'
    assert read(document, "x.v", "y", "z.v.a.v", "x") == [7, 7, 7, CONTAINER]


def test_a_reference_to_what_comes_later_is_refused() -> None:
    assert refused(b'a:2:{s:1:"x";R:3;s:1:"y";i:1;}')[0] == "reference"
    assert refused(b'a:1:{s:1:"x";R:99;}')[0] == "reference"
    assert read(b'a:1:{s:1:"y";R:99;}', "x") == [None]  # nobody asks where it leads


def test_a_loop_goes_as_far_as_its_path() -> None:
    document = b'a:2:{s:1:"v";i:1;s:1:"x";R:1;}'
    assert read(document, ".".join("x" * 31)) == [CONTAINER]
    assert read(document, f"{'x.' * 30}v") == [1]


def test_behind_an_object_that_writes_itself_numbers_are_unknown() -> None:
    document = b'a:3:{i:0;O:1:"A":1:{s:1:"v";i:5;}i:1;C:1:"B":4:{i:9;}s:1:"x";r:%d;}'
    assert read(document % 2, "x.v") == [5]
    assert refused(document % 5)[0] == "reference"


def test_a_path_into_something_else_is_refused_unless_it_is_empty() -> None:
    value: object
    for value in (None, False, 0, 0.0, "", "0", []):
        assert read(serialized({"x": value}), "x.y") == [None]
    for value in (True, 1, "text", -1.5):
        assert refused(serialized({"x": value}), "x.y")[0] == "shape"
    assert refused(b'a:1:{s:1:"x";E:3:"A:B";}', "x.y")[0] == "shape"
    assert refused(b'a:1:{s:1:"x";C:1:"A":0:{}}', "x.y")[0] == "shape"
    assert refused(serialized({"x": [1]}), "x|php.y")[0] == "shape"


def test_sessions() -> None:
    assert read(b"", "a", codec="php-session") == [None]
    session = b'a|i:1;b c|a:1:{i:0;s:3:"x|y";}d|R:3;'
    assert read(session, "a", '"b c".0', "d", "", codec="php-session") == [1, b"x|y", b"x|y", CONTAINER]
    assert refused(b"a|i:1;b", "a", codec="php-session") == ("syntax", 6)
    assert refused(b"a|i:1;b|", "a", codec="php-session") == ("truncated", 8)
    assert refused(b"x|i:1;x|i:1;", codec="php-session") == ("duplicate_key", 8)


def nested(depth: int) -> bytes:
    return b"a:1:{i:0;" * depth + b"N;" + b"}" * depth


def test_depth() -> None:
    assert read(nested(MAX_DEPTH - 1), "x") == [None]
    assert refused(nested(MAX_DEPTH + 1))[0] == "depth"
    assert refused(nested(50_000))[0] == "depth"
    inside = serialized("x")
    for _ in range(10):
        inside = serialized({"s": inside})
    assert read(inside, "s|php." * 9 + "s|php") == [b"x"]
    deep = nested(50)
    for _ in range(10):
        deep = serialized({"s": deep})
    assert refused(deep, "s|php." * 10 + "0.0")[0] == "depth"


def test_values_are_counted() -> None:
    fits = serialized({"x": 1, "y": [None] * (MAX_VALUES - 10)})
    assert read(fits, "x") == [1]
    assert refused(serialized([None] * (MAX_VALUES + 10)))[0] == "too_many_values"
    assert refused(serialized([None] * 60_000 + [[None] * 60_000]))[0] == "too_many_values"


def test_references_are_no_bomb() -> None:
    # Each level refers to the one before it a hundred times: 100 ** 20 values, were they taken.
    level = b'a:1:{s:1:"v";i:1;}'
    document, number = b"i:0;" + level, 2
    for key in range(1, 20):
        document += b"i:%d;a:100:{%s}" % (key, b"".join(b"i:%d;R:%d;" % (n, number) for n in range(100)))
        number = 2 + 2 + (key - 1)
    document = b"a:20:{" + document + b"}"
    assert read(document, "0.v") == [1]
    steps = parse_path("|php.19.*.*.*").steps
    root = Wanted()
    root.follow(Path(steps)).places.append(0)
    with pytest.raises(DocumentError) as error:
        Reading(Budget()).text(document, 0, len(document), root, [None], 0)
    assert error.value.reason == "too_many_values"


def test_time_is_bounded() -> None:
    now = iter(range(0, 10**12, 10_000_000))  # 10 ms at each look
    document = serialized([None] * 20_000)
    with pytest.raises(DocumentError) as error:
        read(document, "x", clock=lambda: next(now))
    assert error.value.reason == "too_slow"
    assert 0 < error.value.at < len(document) / 2
    assert read(document, "x", clock=lambda: 0) == [None]
    references = serialized([None] * 20_000)[:-1].replace(b"a:20000", b"a:20001") + b"i:20000;R:2;}"
    now = iter(range(0, 10**12, 10_000_000))
    with pytest.raises(DocumentError) as error:
        read(references, "20000", clock=lambda: next(now))
    assert error.value.reason == "too_slow"
