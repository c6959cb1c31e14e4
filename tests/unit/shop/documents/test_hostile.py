"""Whatever the bytes are: a cart or a DocumentError, and no doubt is taken for sameness."""

import base64
import json
import zlib
from typing import Any

import pytest
import zstandard
from fakes.php import Object, serialized
from hypothesis import example, given
from hypothesis import strategies as st

from binlog_watcher.shop.documents.bounds import Budget
from binlog_watcher.shop.documents.cart import DocumentCart
from binlog_watcher.shop.documents.errors import DocumentError
from binlog_watcher.shop.documents.paths import Key, Path, parse_codec
from binlog_watcher.shop.documents.plan import Reading
from binlog_watcher.shop.documents.preset import DocumentColumn
from binlog_watcher.shop.documents.wanted import CONTAINER, Record, Wanted

FORM: dict[str, Any] = {
    "column": "c", "lines": "cart|php?.*", "product": "p", "variant": "v", "quantity": "q", "price": "c",
    "line_name": "n", "email": "customer|php?.email", "order": "o",
}  # fmt: skip
CODECS: dict[str, list[str]] = {
    "php": ["php"],
    "json": ["json"],
    "php-session": ["php-session"],
    "packed": ["zlib?", "zstd?", "php"],
    "base64": ["base64", "php"],
    "deflate": ["deflate", "json"],
}
PRESETS = {name: DocumentColumn.model_validate(FORM | {"codec": codec}) for name, codec in CODECS.items()}

LINE = {"p": 1, "v": "x", "q": 2.0, "c": 9.99, "n": "Größe"}
ROOT = {
    "cart": {"a": LINE, "b": Object("Line", {"*p": 2, "Line\0q": 3, "Far\0q": 4})},
    "customer": serialized({"email": "a@b.example"}),
    "o": None,
}
PHP = serialized(ROOT | {"loop": 0})[:-1].replace(b'"loop";i:0;', b'"loop";R:1;') + b"}"
JSON = json.dumps({"cart": [LINE], "customer": {"email": "a@b.example"}, "o": "7"}).encode()
DOCUMENTS = {
    "php": [PHP, serialized(ROOT | {"cart": serialized({"a": LINE})})],
    "json": [JSON],
    "php-session": [b"cart|" + serialized({"a": LINE}) + b"customer|N;o|R:3;"],
    "packed": [PHP, zlib.compress(PHP), zstandard.ZstdCompressor().compress(PHP)],
    "base64": [base64.b64encode(PHP)],
    "deflate": [zlib.compress(JSON)[2:-4]],
}
KNOWN = [(name, document) for name, documents in DOCUMENTS.items() for document in documents]


def read(name: str, document: bytes) -> DocumentCart | DocumentError:
    """Anything but a DocumentError is raised."""
    try:
        return PRESETS[name].plan.read(document)
    except DocumentError as error:
        found = error
    assert 0 <= found.at <= 2**20
    return found


@pytest.mark.parametrize(("name", "document"), KNOWN)
def test_the_documents_are_good_before_they_are_broken(name: str, document: bytes) -> None:
    cart = read(name, document)
    assert isinstance(cart, DocumentCart), cart
    assert cart.lines[0].product == 1


@pytest.mark.parametrize(("name", "document"), KNOWN)
def test_cut_off_at_each_byte(name: str, document: bytes) -> None:
    for length in range(1, len(document)):
        found = read(name, document[:length])
        if name != "php-session":  # which is whole where one of its values ends
            assert isinstance(found, DocumentError), document[:length]


@pytest.mark.parametrize(("name", "document"), KNOWN)
def test_each_byte_changed(name: str, document: bytes) -> None:
    for at in range(len(document)):
        for byte in (0, 0x30, 0x39, 0x22, 0x3B, 0x7B, 0x7D, 0x52, 0xFF):
            read(name, document[:at] + bytes([byte]) + document[at + 1 :])


@given(st.sampled_from(list(CODECS)), st.binary(max_size=300))
def test_any_bytes(name: str, document: bytes) -> None:
    read(name, document)


TOKENS = st.sampled_from(
    b'a:1:{ a:2:{ a:0:{} } i:0; i:1; N; R:1; r:2; R:3; s:4:"cart"; s:1:"q"; s:1:"p"; O:1:"A":1:{ O:1:"A":2:{ '
    b's:4:"\0*\0p"; s:4:"\0A\0p"; s:4:"\0B\0p"; E:3:"A:B"; C:1:"A":2:{R}} d:1.5; d:NAN; b:1; cart| o| [ { ] "cart": '
    b'"q": 1 , " \\ - 1e9'.split()
)


@given(st.sampled_from(list(CODECS)), st.lists(TOKENS, max_size=60))
@example("php", [b"a:1:{", b's:4:"cart";', b"R:1;", b"}"])
@example("php", [b"a:1:{", b's:4:"cart";', b"a:1:{", b"i:0;", b"R:2;", b"}", b"}"])
def test_any_tokens(name: str, tokens: list[bytes]) -> None:
    read(name, b"".join(tokens))


@given(st.sampled_from(KNOWN), st.data())
def test_pieces_moved_doubled_or_lost(known: tuple[str, bytes], data: st.DataObject) -> None:
    name, document = known
    cuts = sorted(data.draw(st.lists(st.integers(0, len(document)), min_size=2, max_size=4)))
    pieces = [document[a:b] for a, b in zip([0, *cuts], [*cuts, len(document)], strict=True)]
    order = data.draw(st.lists(st.sampled_from(pieces), max_size=6))
    read(name, b"".join(order))


KEYS = st.one_of(st.integers(-(2**63), 2**63 - 1), st.text(max_size=6))
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False),
    st.binary(max_size=20),
)  # fmt: skip
VALUES = st.recursive(SCALARS, lambda inner: st.dictionaries(KEYS, inner, max_size=5), max_leaves=25)


def leaves(value: Any, steps: tuple[Key, ...] = ()) -> list[tuple[tuple[Key, ...], Any]]:
    if not isinstance(value, dict):
        return [(steps, value)]
    found = [(steps, CONTAINER)]
    for key, one in value.items():
        found += leaves(one, (*steps, Key(str(key).encode())))
    return found


@given(VALUES)
def test_every_leaf_is_found_again(value: Any) -> None:
    expected = leaves(value)
    document = serialized(value)
    if len({steps for steps, _ in expected}) != len(expected):
        return  # 1 and "1": one key to PHP
    root = Wanted()
    for place, (steps, _) in enumerate(expected):
        root.follow(Path((parse_codec("php"), *steps))).places.append(place)
    record: Record = [None] * len(expected)
    Reading(Budget()).text(document, 0, len(document), root, record, 0)
    assert record == [one for _, one in expected]


PARTS = st.sampled_from(
    [b"N;", b"i:1;", serialized({"a": LINE}), serialized(serialized({"a": LINE})), b"R:2;", b"r:3;"]
)
ELEMENTS = st.lists(
    st.tuples(st.sampled_from(["cart", "customer", "o", "x", 'a";s:4:"cart']), PARTS), max_size=5
)


@given(ELEMENTS, ELEMENTS, st.integers(0, 5), st.integers(0, 5))
def test_documents_that_are_called_the_same_have_the_same_cart(
    before: list[tuple[str, bytes]], after: list[tuple[str, bytes]], count: int, other_count: int
) -> None:
    documents = [
        b"a:%d:{%s}" % (number, b"".join(serialized(key) + part for key, part in elements))
        for elements, number in ((before, min(count, len(before))), (after, min(other_count, len(after))))
    ]
    if PRESETS["php"].sameness.unchanged(*documents):
        carts = [read("php", document) for document in documents]
        known = [(cart.lines, cart.email) for cart in carts if isinstance(cart, DocumentCart)]
        assert len(set(known)) <= 1


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_sameness_never_raises(before: bytes, after: bytes) -> None:
    for preset in PRESETS.values():
        assert preset.sameness.unchanged(before, after) is (before == after)


SESSION = serialized(
    {
        "cart": serialized({"a": {"p": 1, "v": 2, "q": 3}, "b": {"p": 4, "q": 5}}),
        "totals": serialized({"total": "19.90"}),
        "customer": serialized({"email": "a@b.example", "city": "x"}),
        "notices": None,
    }
)
EDITS = st.lists(
    st.tuples(st.integers(0, len(SESSION)), st.integers(0, 3), st.one_of(st.binary(max_size=3), TOKENS)),
    max_size=3,
)


def edited(document: bytes, edits: list[tuple[int, int, bytes]]) -> bytes:
    for at, lost, put in edits:
        document = document[:at] + put + document[at + lost :]
    return document


@given(EDITS, EDITS)
@example([(SESSION.index(b"i:3;") + 2, 1, b"4")], [])
@example([(SESSION.index(b"@") + 1, 1, b"c")], [])
@example([(SESSION.index(b"19.90"), 1, b"2")], [])
def test_edited_documents_that_are_called_the_same_have_the_same_cart(
    before: list[tuple[int, int, bytes]], after: list[tuple[int, int, bytes]]
) -> None:
    documents = [edited(SESSION, before), edited(SESSION, after)]
    preset = PRESETS["php"]
    carts = [read("php", document) for document in documents]
    known = {(cart.lines, cart.email) for cart in carts if isinstance(cart, DocumentCart)}
    if preset.sameness.unchanged(*documents):
        assert len(known) <= 1
    if len(known) > 1:
        assert preset.sameness.parts(documents[0]) != preset.sameness.parts(documents[1])
