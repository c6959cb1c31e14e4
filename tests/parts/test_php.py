"""What real PHP writes is read as PHP means it: every leaf of every sample, by a path of its own."""

import base64
import struct

import pytest
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
