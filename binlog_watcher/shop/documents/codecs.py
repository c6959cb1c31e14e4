"""How the bytes of a document are packed: zlib, gzip, raw deflate, zstd, base64. None unpacks beyond its bound.

What shops write: Shopware 6 gzcompress (zlib) or zstd_compress, by its column ``compressed`` (1 and 2; 0 is plain);
Aimeos base64_encode; WooCommerce and VirtueMart nothing. PHP calls RFC 1950 gzcompress, RFC 1952 gzencode, and RFC
1951 gzdeflate.
"""

import binascii
import zlib
from collections.abc import Callable

import zstandard

from binlog_watcher.shop.documents.errors import DocumentError

_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"  # RFC 8878, 3.1.1
_GZIP_MAGIC = b"\x1f\x8b"
_CHUNK = 1 << 16
_ZSTD_WINDOW = 1 << 23  # what RFC 8878 asks every decoder to take
_BLANKS = b" \t\r\n"

_RAW_DEFLATE = -15  # zlib's windowBits: no header
_ZLIB_OR_GZIP = 32 + 15  # zlib's windowBits: whichever header there is


def looks_packed(codec: str, data: bytes) -> bool:
    """Whether ``data`` begins as ``codec`` (zlib or zstd) writes it. No serialised PHP and no JSON does."""
    if codec == "zstd":
        return data.startswith(_ZSTD_MAGIC)
    # RFC 1950: method 8 with a window of up to 32 KB, and a header that is a multiple of 31
    is_zlib = len(data) >= 2 and data[0] & 0x8F == 0x08 and int.from_bytes(data[:2], "big") % 31 == 0
    return is_zlib or data.startswith(_GZIP_MAGIC)


def _inflate(data: bytes, bound: int, window_bits: int) -> bytes:
    stream = zlib.decompressobj(window_bits)
    try:
        unpacked = stream.decompress(data, bound + 1)
    except zlib.error:
        raise DocumentError("codec", 0) from None
    if len(unpacked) > bound:
        raise DocumentError("too_large", bound)
    if not stream.eof:
        raise DocumentError("truncated", len(unpacked))
    if stream.unused_data:
        raise DocumentError("trailing", len(unpacked))
    return unpacked


def _zlib(data: bytes, bound: int) -> bytes:
    return _inflate(data, bound, _ZLIB_OR_GZIP)


def _deflate(data: bytes, bound: int) -> bytes:
    return _inflate(data, bound, _RAW_DEFLATE)


def _zstd(data: bytes, bound: int) -> bytes:
    try:
        size = zstandard.frame_content_size(data)
        if size > bound:
            raise DocumentError("too_large", bound)
        decompressor = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
        if size >= 0:
            return decompressor.decompress(data, allow_extra_data=False)
        return _unsized(decompressor, data, bound)
    except zstandard.ZstdError:
        raise DocumentError("codec", 0) from None


def _unsized(decompressor: zstandard.ZstdDecompressor, data: bytes, bound: int) -> bytes:
    """Of a frame that does not say its size. Where it ends too early, so does the document inside of it."""
    chunks: list[bytes] = []
    size = 0
    reader = decompressor.stream_reader(data)
    while chunk := reader.read(_CHUNK):
        size += len(chunk)
        if size > bound:
            raise DocumentError("too_large", bound)
        chunks.append(chunk)
    return b"".join(chunks)


def _base64(data: bytes, bound: int) -> bytes:
    if len(data) > bound // 3 * 4 + _CHUNK:  # before anything is allocated; line breaks take some room
        raise DocumentError("too_large", bound)
    try:
        unpacked = binascii.a2b_base64(data.translate(None, _BLANKS), strict_mode=True)
    except binascii.Error:
        raise DocumentError("codec", 0) from None
    if len(unpacked) > bound:
        raise DocumentError("too_large", bound)
    return unpacked


UNPACK: dict[str, Callable[[bytes, int], bytes]] = {
    "zlib": _zlib,
    "deflate": _deflate,
    "zstd": _zstd,
    "base64": _base64,
}
"""Codec → what unpacks (data, bound in bytes). ``zlib`` takes gzip as well. Raises DocumentError."""
