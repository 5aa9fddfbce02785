import gzip
import struct
import tracemalloc

import cramjam
import lz4.frame
import pytest
import zstandard
from aiokafka import codec as theirs_codec
from hypothesis import given
from hypothesis import strategies as st

from storage.errors import CorruptBatch
from storage.format.batch import Compression
from storage.format.compression import _XERIAL_HEADER, compress, decompress

CODECS = [one for one in Compression if one is not Compression.NONE]
TEXT = b"a stream runs in its bed; " * 2000
VARIED = b" ".join(b"%x" % (number * number * 2654435761 % 5003) for number in range(9000))
BOMB = b"\0" * 200_000_000
SMALL_LIMIT = 100_000


def raw_snappy(data: bytes) -> bytes:
    return bytes(cramjam.snappy.compress_raw(data))


def zstd_without_size(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(write_content_size=False).compress(data)


@given(st.sampled_from(list(Compression)), st.binary(max_size=200_000))
def test_there_and_back(codec: Compression, data: bytes) -> None:
    assert decompress(codec, compress(codec, data)) == data


@pytest.mark.parametrize(
    ("codec", "level"),
    [
        *[(Compression.GZIP, level) for level in (-1, 1, 9)],
        *[(Compression.LZ4, level) for level in (1, 9, 17)],
        *[(Compression.ZSTD, level) for level in (-131072, 1, 3, 22)],
    ],
)
def test_every_level_of_kafka_s_is_one(codec: Compression, level: int) -> None:
    assert decompress(codec, compress(codec, TEXT, level)) == TEXT


def test_higher_level_packs_more() -> None:
    for codec, low, high in (
        (Compression.GZIP, 1, 9),
        (Compression.LZ4, 9, 17),
        (Compression.ZSTD, -5, 19),
    ):
        assert len(compress(codec, VARIED, high)) < len(compress(codec, VARIED, low))


@pytest.mark.parametrize(
    ("codec", "theirs"),
    [
        (Compression.GZIP, theirs_codec.gzip_decode),
        (Compression.SNAPPY, theirs_codec.snappy_decode),
        (Compression.LZ4, theirs_codec.lz4_decode),
        (Compression.ZSTD, theirs_codec.zstd_decode),
    ],
)
def test_aiokafka_opens_what_we_pack(codec: Compression, theirs: object) -> None:
    assert callable(theirs)

    assert theirs(compress(codec, TEXT)) == TEXT


@pytest.mark.parametrize(
    ("codec", "packed"),
    [
        (Compression.GZIP, theirs_codec.gzip_encode(TEXT)),
        (Compression.GZIP, gzip.compress(TEXT[:100]) + gzip.compress(TEXT[100:])),
        (Compression.SNAPPY, theirs_codec.snappy_encode(TEXT)),
        (Compression.SNAPPY, raw_snappy(TEXT)),
        (Compression.LZ4, theirs_codec.lz4_encode(TEXT)),
        (Compression.LZ4, lz4.frame.compress(TEXT, store_size=False, content_checksum=True)),
        (Compression.ZSTD, theirs_codec.zstd_encode(TEXT)),
        (Compression.ZSTD, zstd_without_size(TEXT)),
    ],
)
def test_every_form_that_clients_write_is_opened(codec: Compression, packed: bytes) -> None:
    assert decompress(codec, packed) == TEXT


@pytest.mark.parametrize(
    ("codec", "packed"),
    [
        (Compression.GZIP, gzip.compress(BOMB)),
        (Compression.SNAPPY, raw_snappy(BOMB)),
        (Compression.SNAPPY, _XERIAL_HEADER + struct.pack(">i", 5) + b"\xff\xff\xff\xff\x07"),
        (Compression.LZ4, lz4.frame.compress(BOMB)),
        (Compression.LZ4, lz4.frame.compress(BOMB, store_size=False)),
        (Compression.ZSTD, zstandard.ZstdCompressor().compress(BOMB)),
        (Compression.ZSTD, zstd_without_size(BOMB)),
    ],
)
def test_bomb_is_refused_in_the_memory_of_the_limit(codec: Compression, packed: bytes) -> None:
    tracemalloc.start()
    with pytest.raises(CorruptBatch, match=f"more than {SMALL_LIMIT} bytes|damaged") as kept:
        decompress(codec, packed, SMALL_LIMIT)
    now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert kept.value.__context__ is None
    assert now < SMALL_LIMIT, "who keeps the error keeps nothing that was decompressed"
    assert peak < 10 * SMALL_LIMIT


def test_limit_holds_over_the_blocks_of_a_snappy_frame_and_the_members_of_a_gzip_file() -> None:
    block = raw_snappy(b"x" * 60_000)
    frame = _XERIAL_HEADER + (struct.pack(">i", len(block)) + block) * 2

    with pytest.raises(CorruptBatch):
        decompress(Compression.SNAPPY, frame, SMALL_LIMIT)
    with pytest.raises(CorruptBatch):
        decompress(Compression.GZIP, gzip.compress(b"x" * 60_000) * 2, SMALL_LIMIT)


@pytest.mark.parametrize("codec", CODECS)
def test_exactly_the_limit_is_taken(codec: Compression) -> None:
    data = b"x" * SMALL_LIMIT

    assert decompress(codec, compress(codec, data), SMALL_LIMIT) == data
    with pytest.raises(CorruptBatch):
        decompress(codec, compress(codec, data + b"x"), SMALL_LIMIT)


@pytest.mark.parametrize("codec", CODECS)
def test_every_truncation_is_refused(codec: Compression) -> None:
    packed = compress(codec, TEXT[:300])

    for size in range(len(packed)):
        try:
            found = decompress(codec, packed[:size])
        except CorruptBatch:
            continue
        assert (codec, size) == (Compression.SNAPPY, len(_XERIAL_HEADER))
        assert found == b""


@pytest.mark.parametrize("codec", CODECS)
def test_bytes_behind_are_refused(codec: Compression) -> None:
    with pytest.raises(CorruptBatch):
        decompress(codec, compress(codec, TEXT) + b"more")


@given(st.sampled_from(CODECS), st.binary(max_size=200))
def test_any_bytes_are_data_or_corrupt(codec: Compression, data: bytes) -> None:
    try:
        found = decompress(codec, data, SMALL_LIMIT)
    except CorruptBatch:
        return
    assert len(found) <= SMALL_LIMIT


@given(st.sampled_from(CODECS), st.data())
def test_any_flipped_bit_is_data_or_corrupt(codec: Compression, data: st.DataObject) -> None:
    packed = bytearray(compress(codec, TEXT[:500]))
    bit = data.draw(st.integers(0, len(packed) * 8 - 1))
    packed[bit // 8] ^= 1 << bit % 8

    try:
        found = decompress(codec, bytes(packed), SMALL_LIMIT)
    except CorruptBatch:
        return
    assert len(found) <= SMALL_LIMIT
