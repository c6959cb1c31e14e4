import base64

import pytest
from fakes.php import Object, serialized

from binlog_watcher.shop.documents.paths import Decode
from binlog_watcher.shop.documents.preset import DocumentColumn
from binlog_watcher.shop.documents.sameness import Sameness

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
