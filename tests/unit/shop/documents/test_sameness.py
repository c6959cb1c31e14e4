import base64

import pytest
from fakes.php import Object, serialized
from hypothesis import given, settings
from hypothesis import strategies as st

from binlog_watcher.shop.documents.content import content_of
from binlog_watcher.shop.documents.errors import DocumentError
from binlog_watcher.shop.documents.paths import Decode
from binlog_watcher.shop.documents.preset import DocumentColumn
from binlog_watcher.shop.documents.sameness import Sameness, alone

SAMENESS = Sameness([Decode("php")], [b"cart", b"customer"])
CART = serialized({"a": {"product_id": 1, "quantity": 2}})
CUSTOMER = serialized({"email": "a@b.example"})


def session(**changed: object) -> bytes:
    return serialized({"cart": CART, "cart_totals": "x", "customer": CUSTOMER, "notices": None} | changed)


def test_changes_beside_the_parts_are_none() -> None:
    before = session()
    for after in (
        before,
        session(notices="hello"),
        session(cart_totals="y" * 5000),
        session(more=[1, 2, {"cart": 1}]),
        session(**{"a" * 500: 1}),
        serialized({"new": Object("A", {"*cart": 1}), "cart": CART, 5: [None], "customer": CUSTOMER}),
    ):
        assert SAMENESS.unchanged(before, after)
        assert SAMENESS.unchanged(after, before)


def test_changes_of_the_parts_are_seen() -> None:
    before = session()
    for after in (
        session(cart=serialized({"a": {"product_id": 1, "quantity": 3}})),
        session(cart=None),
        session(cart=serialized([])),
        session(customer=serialized({"email": "b@b.example"})),
        serialized({"customer": CUSTOMER}),
        serialized({"cart": CART}),
        serialized([]),
    ):
        assert not SAMENESS.unchanged(before, after)
        assert not SAMENESS.unchanged(after, before)


def test_parts_that_are_absent_on_both_sides_are_the_same() -> None:
    assert SAMENESS.unchanged(serialized({"a": 1}), serialized({"b": 1}))
    assert SAMENESS.unchanged(serialized({"a": 1, "cart": CART}), serialized({"cart": CART, "b": 1}))


def test_a_text_that_looks_like_the_part_is_none() -> None:
    disguise = b's:4:"cart";' + serialized(CART)
    before = serialized({"note": disguise, "cart": CART})
    after = serialized({"note": disguise, "cart": serialized({"a": {"product_id": 1, "quantity": 9}})})
    assert not SAMENESS.unchanged(before, after)


def test_a_reference_out_of_a_part_is_doubt() -> None:
    cart = b'a:1:{i:0;a:2:{s:10:"product_id";i:1;s:8:"quantity";R:2;}}'
    documents = [b'a:2:{s:1:"n";i:%d;s:4:"cart";%s}' % (number, cart) for number in (1, 2)]
    assert not SAMENESS.unchanged(*documents)


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"N;",
        b"i:1;",
        b"a:9:{",
        session()[:-3],
        session()[:40],
        b"\xff" * 99,
        b'O:1:"A":0:{}',
        b"a:1:{N;}",
    ],
)
def test_what_can_not_be_read_is_doubt(broken: bytes) -> None:
    assert not SAMENESS.unchanged(serialized({"a": 1}), broken)
    assert not SAMENESS.unchanged(broken, serialized({"a": 1}))


def test_a_part_that_comes_twice_or_a_document_beyond_the_bound_is_doubt() -> None:
    twice = b'a:3:{s:1:"a";i:%d;s:4:"cart";i:1;s:4:"cart";i:1;}'
    assert not SAMENESS.unchanged(twice % 1, twice % 2)
    assert not SAMENESS.unchanged(session(x="y" * 2**20), session(x="z" * 2**20))


def test_packed_documents_and_other_formats_are_the_same_only_as_a_whole() -> None:
    packed = Sameness([Decode("base64"), Decode("php")], [b"cart"])
    documents = [base64.b64encode(session(notices=text)) for text in "ab"]
    assert packed.unchanged(documents[0], documents[0])
    assert not packed.unchanged(*documents)
    assert not Sameness([Decode("php")], []).unchanged(session(), session(notices="x"))


def test_a_preset_s_parts_are_those_that_its_lines_and_address_come_from() -> None:
    preset = {"column": "c", "codec": "php", "lines": "cart|php?.*", "product": "p", "quantity": "q"}
    with_address = DocumentColumn.model_validate(preset | {"email": "customer|php.email"})
    other = session(customer=serialized({"email": "b@b.example"}))
    assert DocumentColumn.model_validate(preset).sameness.unchanged(session(), other)
    assert not with_address.sameness.unchanged(session(), other)
    everything = DocumentColumn.model_validate(preset | {"lines": "*"})
    assert not everything.sameness.unchanged(session(), session(notices="x"))


OTHER_CART = serialized({"a": {"product_id": 1, "quantity": 9}})
TWICE = b's:4:"cart";s:%d:"%s";' % (len(OTHER_CART), OTHER_CART)


READS = DocumentColumn.model_validate(
    {
        "column": "c",
        "codec": "php",
        "lines": "cart|php?.*",
        "product": "product_id",
        "quantity": "quantity",
        "email": "customer|php?.email",
    }
)
ELEMENTS = st.sampled_from(
    [
        b's:4:"cart";s:%d:"%s";' % (len(CART), CART),
        TWICE,
        b's:4:"cart";' + CART,
        b's:04:"cart";N;',
        b's:4:"cart";a:1:{i:0;a:2:{s:10:"product_id";i:1;s:8:"quantity";R:2;}}',
        b's:8:"customer";s:%d:"%s";' % (len(CUSTOMER), CUSTOMER),
        b's:1:"n";i:2;',
        b's:1:"n";i:3;',
        b's:1:"x";s:300:"%s";' % (b"x" * 300),
        b's:6:"totals";a:1:{i:0;a:1:{i:0;a:1:{i:0;O:1:"A":0:{}}}}',
        b"i:7;r:1;",
    ]
)
DOCUMENTS = st.builds(
    lambda elements, count, end: b"a:%d:{%s%s" % (len(elements) + count, b"".join(elements), end),
    st.lists(ELEMENTS, max_size=6),
    st.sampled_from([0, 0, 0, 1]),
    st.sampled_from([b"}", b"}", b"}", b"", b"}}", b"}x"]),
)


def read(document: bytes) -> object:
    try:
        return READS.content.read(document)
    except DocumentError:
        return "unreadable"


@settings(max_examples=500, deadline=None)  # the first makes patterns
@given(before=DOCUMENTS, after=DOCUMENTS)
def test_what_is_unchanged_reads_the_same(before: bytes, after: bytes) -> None:
    found = read(before), read(after)
    if "unreadable" not in found and READS.sameness.unchanged(before, after):
        assert found[0] == found[1]


@settings(max_examples=500, deadline=None)
@given(document=DOCUMENTS)
def test_parts_read_as_their_document_does(document: bytes) -> None:
    """What is behind the last part may be broken: then who mails the cart sees it."""
    parts = alone(READS.sameness.parts(document))
    if parts is not None and read(document) != "unreadable":
        assert content_of(READS.content, document, None, parts) == content_of(READS.content, document)


def test_parts_that_can_not_be_read_alone() -> None:
    document = serialized({"n": 1, "cart": CART})
    assert alone(SAMENESS.parts(document)) == {b"cart": serialized(CART)}
    assert alone(SAMENESS.parts(document[:-1])) is None
    refers = b'a:2:{s:1:"n";i:1;s:4:"cart";a:1:{i:0;R:2;}}'
    assert alone(SAMENESS.parts(refers)) is None
