"""Compress and decompress the records of a batch, within bounds.

What a client compressed is opened under a cap: a size that the data declares is checked before
anything is decompressed, and whatever it declares, decompression stops at the cap. A bomb of a few
kilobytes costs a look at its header, or at most the cap.

The forms are those that Kafka's clients write: gzip; snappy in the framing of xerial's library
(Java, Python) or as one raw block (librdkafka); the frame format of LZ4; zstd frames, with or
without their content size.

Invariants:
    Nothing longer than the cap is ever returned, nor held.
    Malformed data of any kind raises ``CorruptBatch``, nothing else.
Called by: decoder, validation, compaction. Calls: cramjam, lz4, zlib, zstandard (docs/adr/0007).
Source: KIP-110 (zstd), KIP-390 (levels), KIP-57 (LZ4 framing); xerial snappy-java's
``SnappyOutputStream``; RFC 1952, RFC 8878.
"""

import struct
import zlib
from collections.abc import Callable

import cramjam
import lz4.frame  # type: ignore[import-untyped] # has no types
import zstandard

from storage.errors import CorruptBatch
from storage.format.batch import Compression

DECOMPRESSED_BYTES_MAX = 64 * 1024 * 1024
"""Bytes of one batch's records, decompressed."""

GZIP_LEVEL_DEFAULT = -1
LZ4_LEVEL_DEFAULT = 9
"""Kafka's number for the fast compressor; every other level is one of the high compressor."""

ZSTD_LEVEL_DEFAULT = 3

_GZIP_WINDOW_BITS = 31
_ZSTD_WINDOW_BYTES_MAX = 1 << 27

_XERIAL_MAGIC = b"\x82SNAPPY\x00"
_XERIAL_HEADER = _XERIAL_MAGIC + struct.pack(">ii", 1, 1)
_XERIAL_BLOCK_BYTES = 32 * 1024
_SIZE = struct.Struct(">i")


def compress(codec: Compression, data: bytes, level: int | None = None) -> bytes:
    """Return the records of a batch compressed.

    Args:
        codec: How; ``NONE`` returns them as they are.
        data: The records, as they stand behind a batch's header.
        level: The codec's, in Kafka's numbers; its default if None. Snappy has none.
    """
    if codec is Compression.NONE:
        return data
    return _COMPRESS[codec](data, level)


def decompress(codec: Compression, data: bytes, limit: int = DECOMPRESSED_BYTES_MAX) -> bytes:
    """Return the records of a batch decompressed.

    Args:
        codec: How they are compressed; ``NONE`` returns them as they are.
        data: What stands behind a batch's header.
        limit: Refuse more bytes than this.

    Raises:
        CorruptBatch: Malformed, or longer than the limit.
    """
    if codec is Compression.NONE:
        return data
    try:
        return _DECOMPRESS[codec](data, limit)
    except CorruptBatch as error:
        fault = str(error)
    except _FAULTS as error:
        fault = f"{codec.name.lower()} data is damaged: {error}"
    # Not above: whoever keeps this error is to keep no frame with what was decompressed so far.
    raise CorruptBatch(fault)


def _too_long(limit: int) -> CorruptBatch:
    return CorruptBatch(f"a batch holds more than {limit} bytes when decompressed")


def _compress_gzip(data: bytes, level: int | None) -> bytes:
    wanted = GZIP_LEVEL_DEFAULT if level is None else level
    return zlib.compress(data, wanted, _GZIP_WINDOW_BITS)


def _decompress_gzip(data: bytes, limit: int) -> bytes:
    parts: list[bytes] = []
    have = 0
    rest = data
    while rest or not parts:
        member = zlib.decompressobj(_GZIP_WINDOW_BITS)
        parts.append(member.decompress(rest, limit - have + 1))
        have += len(parts[-1])
        if have > limit:
            raise _too_long(limit)
        if not member.eof:
            raise CorruptBatch("gzip data is cut off")
        rest = member.unused_data
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _compress_snappy(data: bytes, level: int | None) -> bytes:
    del level
    parts = [_XERIAL_HEADER]
    for start in range(0, len(data), _XERIAL_BLOCK_BYTES):
        block = bytes(cramjam.snappy.compress_raw(data[start : start + _XERIAL_BLOCK_BYTES]))
        parts += (_SIZE.pack(len(block)), block)
    return b"".join(parts)


def _decompress_snappy(data: bytes, limit: int) -> bytes:
    if not data.startswith(_XERIAL_MAGIC):
        return _snappy_block(data, limit)
    parts: list[bytes] = []
    position = len(_XERIAL_HEADER)
    if len(data) < position:
        raise CorruptBatch("snappy data is cut off")
    while position < len(data):
        if len(data) - position < _SIZE.size:
            raise CorruptBatch("snappy data is cut off")
        (size,) = _SIZE.unpack_from(data, position)
        position += _SIZE.size
        if not 0 <= size <= len(data) - position:
            raise CorruptBatch(f"a snappy block of {size} bytes does not fit its batch")
        parts.append(_snappy_block(data[position : position + size], limit))
        limit -= len(parts[-1])
        position += size
    return b"".join(parts)


def _snappy_block(block: bytes, limit: int) -> bytes:
    if cramjam.snappy.decompress_raw_len(block) > limit:
        raise _too_long(limit)
    return bytes(cramjam.snappy.decompress_raw(block))


def _compress_lz4(data: bytes, level: int | None) -> bytes:
    wanted = 0 if level is None or level == LZ4_LEVEL_DEFAULT else level
    return bytes(lz4.frame.compress(data, compression_level=wanted))


def _decompress_lz4(data: bytes, limit: int) -> bytes:
    if lz4.frame.get_frame_info(data)["content_size"] > limit:
        raise _too_long(limit)
    frame = lz4.frame.LZ4FrameDecompressor()
    found = bytes(frame.decompress(data, max_length=limit + 1))
    if len(found) > limit:
        raise _too_long(limit)
    if not frame.eof or frame.unused_data:
        raise CorruptBatch("lz4 data is not one whole frame")
    return found


def _compress_zstd(data: bytes, level: int | None) -> bytes:
    wanted = ZSTD_LEVEL_DEFAULT if level is None else level
    return zstandard.ZstdCompressor(level=wanted).compress(data)


def _decompress_zstd(data: bytes, limit: int) -> bytes:
    declared = zstandard.frame_content_size(data)
    if declared > limit:
        raise _too_long(limit)
    decompressor = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW_BYTES_MAX)
    # The bound counts only where the frame does not declare its size.
    return decompressor.decompress(data, max_output_size=limit, allow_extra_data=False)


_COMPRESS: dict[Compression, Callable[[bytes, int | None], bytes]] = {
    Compression.GZIP: _compress_gzip,
    Compression.SNAPPY: _compress_snappy,
    Compression.LZ4: _compress_lz4,
    Compression.ZSTD: _compress_zstd,
}
_DECOMPRESS: dict[Compression, Callable[[bytes, int], bytes]] = {
    Compression.GZIP: _decompress_gzip,
    Compression.SNAPPY: _decompress_snappy,
    Compression.LZ4: _decompress_lz4,
    Compression.ZSTD: _decompress_zstd,
}
_FAULTS = (
    zlib.error,
    cramjam.DecompressionError,
    zstandard.ZstdError,
    RuntimeError,
    ValueError,
    OverflowError,
)
"""What the libraries raise on malformed data; ``lz4`` a bare ``RuntimeError``."""
