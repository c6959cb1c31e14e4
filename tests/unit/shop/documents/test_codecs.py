import base64
import gzip
import tracemalloc
import zlib

import pytest
import zstandard

from binlog_watcher.shop.documents.codecs import UNPACK, looks_packed
from binlog_watcher.shop.documents.errors import DocumentError

DATA = b'a:1:{s:4:"cart";s:2:"ok";}' * 40
BOUND = 10_000


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def unsized_zstd(data: bytes) -> bytes:
    packer = zstandard.ZstdCompressor().compressobj()
    return packer.compress(data) + packer.flush()


PACKED = [
    pytest.param("zlib", zlib.compress, id="zlib"),
    pytest.param("zlib", gzip.compress, id="gzip"),
    pytest.param("deflate", raw_deflate, id="deflate"),
    pytest.param("zstd", zstandard.ZstdCompressor().compress, id="zstd"),
    pytest.param("zstd", unsized_zstd, id="unsized zstd"),
    pytest.param("base64", base64.b64encode, id="base64"),
    pytest.param("base64", base64.encodebytes, id="base64 in lines"),
]


def reason(codec: str, data: bytes, bound: int = BOUND) -> str:
    with pytest.raises(DocumentError) as error:
        UNPACK[codec](data, bound)
    return error.value.reason


@pytest.mark.parametrize(("codec", "pack"), PACKED)
def test_it_unpacks_up_to_the_bound(codec: str, pack: type[bytes]) -> None:
    assert UNPACK[codec](pack(DATA), len(DATA)) == DATA
    assert UNPACK[codec](pack(b""), 0) == b""
    assert reason(codec, pack(DATA), len(DATA) - 1) == "too_large"


@pytest.mark.parametrize(("codec", "pack"), PACKED[:5])
def test_a_bomb_stops_at_the_bound(codec: str, pack: type[bytes]) -> None:
    bomb = pack(bytes(50_000_000))
    tracemalloc.start()
    try:
        assert reason(codec, bomb) == "too_large"
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(("codec", "pack"), PACKED[:4])
def test_what_is_cut_off_or_has_something_behind_it_is_refused(codec: str, pack: type[bytes]) -> None:
    packed = pack(DATA)
    for length in range(len(packed)):
        assert reason(codec, packed[:length]) in {"truncated", "codec"}
    assert reason(codec, packed + b"x") in {"trailing", "codec"}


@pytest.mark.parametrize("codec", UNPACK)
@pytest.mark.parametrize("data", [b"\xff" * 30, DATA, b"====", b"YQ", "ä".encode()])
def test_what_is_not_packed_is_refused(codec: str, data: bytes) -> None:
    assert reason(codec, data) in {"codec", "truncated"}


def test_long_text_is_refused_before_it_is_decoded() -> None:
    assert reason("base64", b"A" * 200_000) == "too_large"


def test_packed_data_is_told_from_documents() -> None:
    for pack in (zlib.compress, gzip.compress):
        assert looks_packed("zlib", pack(DATA))
    for level in range(10):
        assert looks_packed("zlib", zlib.compress(DATA, level))
    assert looks_packed("zstd", unsized_zstd(DATA))
    for plain in (DATA, b"N;", b'O:1:"A":0:{}', b'{"a": 1}', b"[]", b"x", b"", b"x:1;", b" {}"):
        assert not looks_packed("zlib", plain)
        assert not looks_packed("zstd", plain)
