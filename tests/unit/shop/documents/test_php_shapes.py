"""A line of a known shape is read as it would be value by value."""

from typing import Any

import pytest
from fakes.php import serialized
from hypothesis import given
from hypothesis import strategies as st

from binlog_watcher.shop.documents.cart import DocumentCart
from binlog_watcher.shop.documents.errors import DocumentError
from binlog_watcher.shop.documents.php_shapes import Shapes
from binlog_watcher.shop.documents.plan import DocumentPlan
from binlog_watcher.shop.documents.preset import DocumentColumn

PRESET = DocumentColumn.model_validate(
    {"column": "c", "codec": "php", "lines": "cart|php?.*", "product": "p", "variant": "v", "quantity": "q"}
)
SLOW = DocumentPlan(PRESET.content.paths)
KEYS = {b's:1:"p";': b"p", b's:1:"v";': b"v"}


def elements(**values: object) -> tuple[bytes, int]:
    """Elements as they stand in a line, and how many."""
    whole = serialized(values)
    return whole[whole.index(b"{") + 1 : -1], len(values)


def taught(*lines: dict[str, object], containers: frozenset[bytes] = frozenset()) -> Shapes:
    shapes = Shapes(KEYS, containers)
    for line in lines:
        data, count = elements(**line)
        shapes.learn(data, 0, len(data), count)
    return shapes


def take(shapes: Shapes, **values: object) -> dict[bytes, Any] | None:
    data, count = elements(**values)
    taken = shapes.take(b"x" + data + b"}", 1, len(data) + 2, count)
    if taken is None:
        return None
    assert taken.behind == len(data) + 1
    return dict(taken.values)


def test_a_shape_that_was_seen_twice_is_taken_at_once() -> None:
    line: dict[str, object] = {
        "p": 7,
        "key": "x" * 32,
        "v": "blue",
        "note": "hello",
        "tax": {1: 1.5},
        "n": None,
    }
    once, twice = taught(line), taught(line, line)
    assert take(once, **line) is None
    assert take(twice, **line) == {b"p": 7, b"v": b"blue"}
    other = {"p": -3, "key": "y" * 32, "v": "", "note": "", "tax": {1: float("inf")}, "n": True}
    assert take(twice, **other) == {b"p": -3, b"v": b""}


@pytest.mark.parametrize(
    "other",
    [
        {"p": 7, "note": 'a "quoted" one'},
        {"p": 7, "note": 'ends early";i:5;'},
        {"p": 7, "note": 5},
        {"p": "7", "note": "x"},
        {"p": {"x": 1}, "note": "x"},
        {"p": 7, "notes": "x"},
        {"note": "x", "p": 7},
        {"p": 10**18, "note": "x"},
    ],
)
def test_another_shape_is_left_to_the_reader(other: dict[str, object]) -> None:
    line: dict[str, object] = {"p": 7, "note": "hello"}
    assert take(taught(line, line), **other) is None


@pytest.mark.parametrize("length", [b"0", b"4", b"6", b"05", b"99999999"])
def test_a_string_is_as_long_as_is_written_before_it(length: bytes) -> None:
    shapes = taught({"p": 7, "note": "hello"}, {"p": 7, "note": "hello"})
    data = b's:1:"p";i:7;s:4:"note";s:%s:"hello";' % length
    taken = shapes.take(data, 0, len(data), 2)
    assert (taken is not None) == (length == b"05")  # five, to PHP, too


@pytest.mark.parametrize(
    "data",
    [
        b's:01:"p";i:1;',  # PHP reads it as p
        b"i:+7;i:1;",
        b's:1:"p";R:1;',
        b's:1:"p";a:1:{i:0;N;}',
        b's:1:"x";a:1:{i:0;a:1:{i:0;a:1:{i:0;N;}}}',
        b's:1:"x";O:1:"A":0:{}',
        b's:1:"o";i:1;',
        b's:1:"p";s:200:"%s";' % (b"x" * 200),
        b's:1:"p"',
    ],
)
def test_what_is_no_shape(data: bytes) -> None:
    shapes = Shapes(KEYS, frozenset([b's:1:"o";']))
    for _ in range(3):
        shapes.learn(data, 0, len(data), 1)
    assert shapes.take(data, 0, len(data), 1) is None


def test_of_lines_with_as_many_elements_there_are_few_shapes() -> None:
    lines: list[dict[str, object]] = [{"p": 1, f"plugin_{number}": number} for number in range(50)]
    shapes = taught(*lines, *lines)
    assert sum(take(shapes, **line) is not None for line in lines) == 4


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**62), 2**62), st.floats(allow_nan=False), st.text(max_size=12),
    st.sampled_from(['a";i:1;', "x" * 32, "", '"', {"a": 1}, {"a": {"b": "c"}}, {}]),
)  # fmt: skip
LINES = st.fixed_dictionaries({"p": VALUES, "q": VALUES, "x": VALUES}, optional={"v": VALUES, "y": VALUES})


def read(plan: DocumentPlan, data: bytes) -> DocumentCart | tuple[str, str]:
    try:
        return plan.read(data)
    except DocumentError as error:
        return error.reason, error.what


@given(st.lists(LINES, min_size=1, max_size=4))
def test_any_lines(lines: list[dict[str, object]]) -> None:
    data = serialized({"cart": serialized(dict(enumerate(lines)))})
    plan = DocumentPlan(PRESET.content.paths, many=True)
    for _ in range(3):  # the third time with what it has learnt
        assert read(plan, data) == read(SLOW, data)
