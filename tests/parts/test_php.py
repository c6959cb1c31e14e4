"""What real PHP writes is read as PHP means it: every leaf of every sample, by a path of its own.

And PHP reads what the tests' own serializer writes.
"""

import base64
import math
import pathlib
import random
import struct
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from fakes.php import Object, serialized
from fakes.shopware import payload as shopware
from fakes.shopware.catalogue import KETTLE as SHOPWARE_KETTLE
from fakes.shopware.catalogue import RED_L as SHOPWARE_RED
from fakes.woocommerce.catalogue import BLUE_ANY, KETTLE, RED_L
from fakes.woocommerce.session import Session, line
from parts.php import Php, Sample

from binlog_watcher.shop.documents.bounds import Budget
from binlog_watcher.shop.documents.errors import DocumentError
from binlog_watcher.shop.documents.paths import Key, Path, parse_codec
from binlog_watcher.shop.documents.plan import Reading
from binlog_watcher.shop.documents.wanted import Found, Record, Wanted

pytestmark = pytest.mark.parts

CODECS = {
    "php": ["php"], "php-session": ["php-session"], "json": ["json"], "zlib": ["zlib", "php"],
    "deflate": ["deflate", "php"], "base64": ["base64", "php"],
}  # fmt: skip


@pytest.fixture(scope="module")
def samples(php_program: Php, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Sample]:
    return {sample.name: sample for sample in php_program.samples(tmp_path_factory.mktemp("php"))}


def steps_to(leaf: list[str]) -> tuple[Key, ...]:
    return tuple(Key(base64.b64decode(step)) for step in leaf)


def read(document: bytes, stored: str, paths: list[tuple[Key, ...]]) -> Record:
    root = Wanted()
    codecs = tuple(parse_codec(text) for text in CODECS[stored])
    for place, steps in enumerate(paths):
        root.follow(Path((*codecs, *steps))).places.append(place)
    record: Record = [None] * len(paths)
    Reading(Budget()).text(document, 0, len(document), root, record, 0)
    return record


def as_told(value: Found) -> tuple[str, str]:
    """A value as the script tells it."""
    if value is None:
        return "null", ""
    if isinstance(value, bool):
        return "bool", "1" if value else ""
    if isinstance(value, int):
        return "int", str(value)
    if isinstance(value, float):
        return "float", struct.pack(">d", value).hex()
    if isinstance(value, bytes):
        return "string", base64.b64encode(value).decode()
    return "container", ""


NAMES = ["scalars", "floats", "nested", "objects", "enums", "references", "loop", "custom", "spl"]
PACKED = [
    f"{name}{packed}"
    for name in NAMES
    for packed in ("", " by gzcompress", " by gzencode", " by gzdeflate", " by base64_encode")
]
OTHERS = [
    "floats with 17 digits", "floats with 100 digits", "json", "json in plain letters", "session of php",
    "session of php_serialize",
]  # fmt: skip


@pytest.mark.parametrize("name", PACKED + OTHERS)
def test_every_leaf_is_what_php_says(samples: dict[str, Sample], name: str) -> None:
    sample = samples[name]
    found = read(sample.document, sample.stored, [steps_to(leaf) for leaf, _ in sample.leaves])
    assert sample.leaves
    told = {b".".join(step.name for step in steps_to(leaf)): tuple(value) for leaf, value in sample.leaves}
    ours = [as_told(value) for value in found]
    assert dict(zip(told, ours, strict=True)) == told


def test_no_sample_is_left_out(samples: dict[str, Sample]) -> None:
    assert set(samples) == {*PACKED, *OTHERS}


@pytest.mark.parametrize("name", NAMES + OTHERS)
def test_a_document_that_is_cut_off_anywhere_is_refused(samples: dict[str, Sample], name: str) -> None:
    sample = samples[name]
    paths = [steps_to(leaf) for leaf, _ in sample.leaves]
    for length in range(1, len(sample.document)):
        try:
            read(sample.document[:length], sample.stored, paths)
        except DocumentError:
            continue
        # A session is whole wherever one of its values ends.
        assert sample.stored == "php-session"
        assert sample.document[length - 1 : length] in (b"}", b";")


def test_a_reference_behind_an_object_that_writes_itself_is_refused(samples: dict[str, Sample]) -> None:
    # "custom" has one to before it, which is read; PHP numbers what is inside of it as well.
    document = samples["custom"].document.replace(b'"ref";r:2;', b'"ref";r:9;')
    assert document != samples["custom"].document
    with pytest.raises(DocumentError, match="reference"):
        read(document, "php", [(Key(b"ref"), Key(b"v"))])


# --- the tests' serializer ------------------------------------------------------------------------------------------

KINDS = {str: "string", int: "integer"}


def leaves_of(value: Any, steps: tuple[tuple[str, str], ...] = ()) -> Iterator[tuple[Any, tuple[str, str]]]:
    """A value as php_reads.php tells it."""
    if isinstance(value, Object):
        plain = {name.removeprefix("*").rpartition("\0")[2]: one for name, one in value.properties.items()}
        value = {"__PHP_Incomplete_Class_Name": value.name} | plain
    if isinstance(value, str):
        value = value.encode()
    if not isinstance(value, list | dict):
        yield steps, as_told(value)
        return
    elements = value if isinstance(value, dict) else dict(enumerate(value))
    if not elements:
        yield steps, ("container", "")
    for key, one in elements.items():
        step = (KINDS[type(key)], base64.b64encode(str(key).encode()).decode())
        yield from leaves_of(one, (*steps, step))


def woocommerce_session(*, later: bool = False) -> Session:
    lines = line(KETTLE, 2), line(RED_L), line(BLUE_ANY, size="größe-m", note={"gravur": "Für Zoë 🎁"})
    session = Session(*lines, later=later)
    session.apply_coupon("größe10", Decimal("3.37"))
    session.notice("„Kessel“ 🫖 &times; 2")
    session.customer(
        email="ada@example.com", first_name="Ada", last_name="Löwe 🦁", country="DE", state="DE-BE"
    )
    session.choose_shipping()
    session.remember_removed(line(KETTLE))
    session.values |= {
        "order_awaiting_payment": 4711,
        "chosen_payment_method": "bacs",
        "store_api_draft_order": False,
    }
    return session


def test_php_reads_a_woocommerce_session_as_it_was_meant(php_program: Php, tmp_path: pathlib.Path) -> None:
    session = woocommerce_session()
    emptied = woocommerce_session()
    emptied.empty()
    sessions = [session, emptied, woocommerce_session(later=True)]
    for told, one in zip(
        php_program.reads([one.document for one in sessions], tmp_path), sessions, strict=True
    ):
        found = {tuple(map(tuple, steps)): tuple(value) for steps, value in told.leaves}
        assert found == dict(leaves_of(one.values))
        assert told.again == one.document


def test_php_reads_a_shopware_cart_as_it_was_meant(php_program: Php, tmp_path: pathlib.Path) -> None:
    """The delivery's positions are the lines themselves, wherever these stand."""
    lines = [
        shopware.line(SHOPWARE_KETTLE, 2),
        shopware.promotion("MINUS10", Decimal(10)),
        shopware.line(SHOPWARE_RED),
    ]
    document = shopware.Cart(lines).document("x" * 32)
    (told,) = php_program.reads([document], tmp_path)
    assert told.again == document
    found = {tuple(base64.b64decode(key).decode() for _, key in steps): value for steps, value in told.leaves}
    place = ("deliveries", "elements", "0", "positions", "elements")
    names = [found[*place, str(nth), "lineItem", "referencedId"][1] for nth in range(3)]
    assert [base64.b64decode(name).decode() for name in names] == [
        SHOPWARE_KETTLE.id,
        "MINUS10",
        SHOPWARE_RED.id,
    ]


def test_php_writes_floats_and_keys_as_the_tests_do(php_program: Php, tmp_path: pathlib.Path) -> None:
    chance = random.Random(20)
    drawn = [struct.unpack(">d", chance.randbytes(8))[0] for _ in range(2000)]
    floats = [one for one in drawn if math.isfinite(one)]
    floats += [digits * 10.0**power for power in range(-12, 30) for digits in (1, -1, 1.5, 12345678901234567)]
    floats += [chance.uniform(0, 1e6) / 1.19 for _ in range(2000)]
    floats += [0.0, -0.0, math.inf, -math.inf, math.nan]
    keys = {"05": 1, "5": 2, "-5": 3, "-0": 4, "9223372036854775807": 5, "9223372036854775808": 6, "٣": 7,
            "12345678901234567890123456789012": 8, "": 9, "1.5": 10, "-": 11}  # fmt: skip
    documents = [serialized(floats), serialized(keys)]
    assert [told.again for told in php_program.reads(documents, tmp_path)] == documents
