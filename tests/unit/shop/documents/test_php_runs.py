"""What goes over many values at once finds what the reader of one after the other finds."""

from typing import Any

import pytest
from fakes.php import Object, serialized
from hypothesis import example, given
from hypothesis import strategies as st

from binlog_watcher.shop.documents.bounds import MAX_DEPTH, Budget
from binlog_watcher.shop.documents.cart import DocumentCart
from binlog_watcher.shop.documents.errors import DocumentError
from binlog_watcher.shop.documents.php_runs import Elements, run_past
from binlog_watcher.shop.documents.php_scan import Scanner
from binlog_watcher.shop.documents.plan import DocumentPlan
from binlog_watcher.shop.documents.preset import DocumentColumn

PRESET = DocumentColumn.model_validate(
    {
        "column": "c", "codec": "php", "lines": "cart|php?.*", "product": ["p", "0"], "variant": "v", "quantity": "q",
        "email": "customer|php?.email",
    }
)  # fmt: skip
QUICK = PRESET.content
SLOW = DocumentPlan(QUICK.paths)
LINE: dict[Any, Any] = {
    "key": "x" * 32, "p": 7, "v": "blue", "variation": {"size": 'l";i:1;', "colour": "red"}, "q": 2, "hash": "y" * 32,
    "taxes": {"subtotal": {1: 3.19}, "total": {1: 3.19}}, "a": 1.5, "b": None, "c": True, "d": -3, "e": "",
    "options": {"text": "t" * 300, "gift": {"wrap": True}}, "long": "l" * 700, "deep": {"x": {"y": {"z": {"q": 9}}}},
    "many": dict.fromkeys("abcdefgh", 0), "object": Object("A", {"*q": 5}),
}  # fmt: skip

ALIKE = {name: value for name, value in LINE.items() if name not in ("deep", "many", "object", "variation")}
"""Lines like it become a shape."""


def document(*lines: dict[Any, Any], **beside: object) -> bytes:
    root = {
        "notes": "n" * 90,
        "cart": serialized(dict(enumerate(lines))),
        "customer": serialized({"phone": "", "email": "a@b.example"}),
    }
    return serialized(root | beside)


WHOLE = [
    document(LINE),
    document(LINE, {"q": 1, "p": 2}, {0: 5, "q": "3"}),
    document(cart={"a": LINE, "b": {"p": 1, "q": 2}, "c": {"p": "a" * 100, "q": 1}}),
    document(
        {"p": "2", "q": 1.0, "x": {}}, {"v": None, "q": 0}, {"p": 2**62, "q": 1, "r": {"s": {}, "t": []}}
    ),
]


def read(plan: DocumentPlan, data: bytes) -> DocumentCart | tuple[str, str]:
    try:
        return plan.read(data)
    except DocumentError as error:
        return error.reason, error.what


def skipped(data: bytes, slots: list[int] | None) -> int | str:
    """The offset behind the value; with ``slots`` nothing is gone over at once."""
    try:
        return Scanner(data, len(data), Budget()).skip(0, 0, slots)
    except DocumentError as error:
        return error.reason


@pytest.mark.parametrize("data", WHOLE)
def test_whole_documents(data: bytes) -> None:
    cart = read(QUICK, data)
    assert isinstance(cart, DocumentCart)
    assert cart.lines
    assert cart == read(SLOW, data)
    assert skipped(data, None) == skipped(data, []) == len(data)


@pytest.mark.parametrize("data", [document(LINE), document(cart={"a": LINE}), document(ALIKE, ALIKE)])
def test_each_byte_changed(data: bytes) -> None:
    assert isinstance(read(QUICK, data), DocumentCart)
    for at in (at for at in range(len(data)) if data[at] not in b"lnt"):  # but of long texts
        for byte in b'0129";{}':
            broken = data[:at] + bytes([byte]) + data[at + 1 :]
            assert read(QUICK, broken) == read(SLOW, broken), broken
            assert skipped(broken, None) == skipped(broken, []), broken


def test_cut_off_at_each_byte() -> None:
    for length in range(1, len(WHOLE[0])):
        assert read(QUICK, WHOLE[0][:length]) == read(SLOW, WHOLE[0][:length])
        assert skipped(WHOLE[0][:length], None) == skipped(WHOLE[0][:length], [])


TOKENS = st.sampled_from(
    b'a:0:{} a:1:{ a:2:{ a:3:{ a:4:{ } i:0; i:1; i:-7; N; R:1; b:1; d:1.5; d:1.0E+25; s:1:"q"; s:1:"p"; s:1:"v"; '
    b's:01:"q"; s:0:""; s:5:"a";}{"; s:4:"cart"; O:1:"A":1:{ E:3:"A:B"; s:9:"'.split(b" ")
)


@given(st.lists(TOKENS, max_size=40).map(b"".join), st.integers(0, 9))
@example(b's:1:"p";i:1;s:1:"q";i:2;s:1:"q";i:3;', 3)
@example(b's:1:"p";i:1;s:1:"q";i:2;i:0;i:0;i:1;i:0;', 2)
@example(b's:1:"p";i:1;s:1:"q";i:2;i:0;a:2:{i:0;N;}', 3)
def test_any_tokens(tokens: bytes, count: int) -> None:
    for data in (b'a:1:{s:4:"cart";a:1:{i:0;a:%d:{%s}}}' % (count, tokens), b"a:%d:{%s}" % (count, tokens)):
        assert read(QUICK, data) == read(SLOW, data)
        assert skipped(data, None) == skipped(data, [])


@pytest.mark.parametrize("depth", range(MAX_DEPTH - 7, MAX_DEPTH + 2))
def test_small_arrays_are_not_deeper_than_others(depth: int) -> None:
    data = serialized({"a": {"b": {1: 2}}, "c": 1})
    for _ in range(depth):
        data = b"a:1:{i:0;%s}" % data
    assert skipped(data, None) == skipped(data, [])
    whole = document(cart={"a": {"p": 1, "q": 2, "x": 0}})
    whole = whole.replace(b's:1:"x";i:0;', b's:1:"x";' + data)
    assert read(QUICK, whole) == read(SLOW, whole)


@pytest.mark.parametrize("length", [*range(140), 255, 256, 511, 512, 600])
def test_a_string_ends_where_its_length_says(length: int) -> None:
    text = (b'";i:1;s:1:"q";i:9;' * 40)[:length]
    line = {"x": text, "p": 1, "y": {"z": text}, "q": 2, "w": text}
    cart = read(QUICK, document(line, line))
    assert isinstance(cart, DocumentCart)
    assert [(one.product, int(one.quantity)) for one in cart.lines] == [(1, 2)] * 2


def test_a_run_stops_at_a_name_however_it_is_written() -> None:
    past = run_past(frozenset([b"q", b"7", b"-1"]))
    element = b"i:0;N;"
    for key in (b's:1:"q";', b"i:7;", b's:1:"7";', b"i:-1;", b's:2:"-1";'):
        found = past(element + key + b"i:1;" + element, 0, 999)
        assert found is not None
        assert (found.lastindex, found.end()) == (1, len(element))
    found = past(element * 3 + b's:2:"qq";i:1;i:8;N;}', 0, 999)
    assert found is not None
    assert (found.lastindex, found[0][-6:]) == (5, b"i:8;N;")


def test_what_is_taken_and_what_is_passed_over() -> None:
    elements = Elements(frozenset([b"p", b"q"]), frozenset([b"p"]))
    found = elements.step(b's:1:"p";i:12;i:0;N;s:1:"x";s:3:"abc";s:1:"q";i:1;', 0, 99)
    assert found is not None
    assert elements.keys[found[1]] == b"p"
    assert (found[2], found[3]) == (b"12", None)
    assert found.lastindex == elements.OTHERS + 2
    assert found[0].endswith(b'"abc";')
