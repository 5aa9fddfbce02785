import gzip
import tracemalloc
from collections.abc import Callable, Sequence
from itertools import pairwise

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from app.api.errors import ApiError
from app.api.request_body import BODY_BYTES_MAX, ClientLeft, header, pieces, read_body
from tests.support.application import Exchange, body_messages, request_scope

Pack = Callable[[bytes], bytes]
PACKERS: dict[str, Pack] = {
    "identity": bytes,
    "gzip": gzip.compress,
    "zstd": zstandard.ZstdCompressor().compress,
}
packers = pytest.mark.parametrize(("coding", "pack"), [*PACKERS.items()][1:])
SKIPPABLE_FRAME = b"\x50\x2a\x4d\x18" + (4).to_bytes(4, "little") + b"skip"


async def read(coding: str, sent: Sequence[bytes], maximum: int = BODY_BYTES_MAX) -> bytes:
    scope = request_scope("POST", "/", content_encoding=coding)
    return await read_body(scope, Exchange(body_messages(sent)).receive, maximum)


async def refusal(coding: str, sent: Sequence[bytes], maximum: int = BODY_BYTES_MAX) -> ApiError:
    with pytest.raises(ApiError) as caught:
        await read(coding, sent, maximum)
    return caught.value


@settings(deadline=None)
@given(
    coding=st.sampled_from([*PACKERS]),
    parts=st.lists(st.binary(max_size=300), min_size=1, max_size=3),
    cuts=st.lists(st.integers(0, 400), max_size=6),
)
async def test_body_is_the_same_however_it_is_cut_and_in_however_many_members(
    coding: str, parts: list[bytes], cuts: list[int]
) -> None:
    packed = b"".join(map(PACKERS[coding], parts))
    places = [0, *sorted(min(cut, len(packed)) for cut in cuts), len(packed)]
    sent = [packed[one:other] for one, other in pairwise(places)]

    assert await read(coding, sent) == b"".join(parts)


@pytest.mark.parametrize("coding", ["", "identity", " GZIP ", "x-gzip", "ZSTD"])
async def test_body_is_unpacked_by_the_coding_s_name_in_any_case(coding: str) -> None:
    pack = PACKERS.get(coding.strip().lower().removeprefix("x-"), bytes)

    assert await read(coding, [pack(b"records")]) == b"records"


@pytest.mark.parametrize("coding", ["br", "deflate", "gzip, gzip", "snappy"])
async def test_body_is_refused_when_its_coding_is_not_taken(coding: str) -> None:
    refused = await refusal(coding, [b"x"])

    assert (refused.status, refused.error_code) == (415, 415)


@packers
@pytest.mark.parametrize("damage", ["empty", "cut", "nonsense", "behind"])
async def test_packed_body_is_refused_when_it_is_damaged(
    coding: str, pack: Pack, damage: str
) -> None:
    whole = pack(b"records" * 10)
    sent = {
        "empty": b"",
        "cut": whole[:-1],
        "nonsense": b"these are no packed bytes",
        "behind": whole + b"and these are none either",
    }

    refused = await refusal(coding, [sent[damage]])

    assert (refused.status, refused.error_code) == (400, 400)


async def test_zstd_body_may_have_frames_that_are_skipped() -> None:
    packed = SKIPPABLE_FRAME + PACKERS["zstd"](b"records")

    assert await read("zstd", [packed]) == b"records"


@pytest.mark.parametrize("coding", [*PACKERS])
async def test_body_is_taken_at_the_bound_and_refused_one_byte_above(coding: str) -> None:
    pack = PACKERS[coding]

    assert await read(coding, [pack(b"x" * 1000)], 1000) == b"x" * 1000
    refused = await refusal(coding, [pack(b"x" * 1001)], 1000)
    assert (refused.status, refused.error_code) == (413, 413)


async def test_body_is_refused_by_its_declared_length_before_it_is_read() -> None:
    exchange = Exchange([])
    scope = request_scope("POST", "/", content_length="1001")

    with pytest.raises(ApiError) as caught:
        await read_body(scope, exchange.receive, 1000)

    assert caught.value.status == 413


@packers
async def test_bomb_is_refused_without_being_unpacked(coding: str, pack: Pack) -> None:
    bomb = pack(bytes(64 * 1024 * 1024))
    tracemalloc.start()

    refused = await refusal(coding, [bomb], 1024 * 1024)

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert refused.status == 413
    assert peak < 16 * 1024 * 1024


async def test_zstd_body_is_refused_when_it_wants_a_window_larger_than_allowed() -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=27, enable_ldm=True)
    writer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    packed = writer.compress(b"x") + writer.flush()

    refused = await refusal("zstd", [packed])

    assert (refused.status, refused.error_code) == (400, 400)


async def test_pieces_come_as_the_body_does() -> None:
    exchange = Exchange(body_messages([b"one", b"", b"two"]))

    found = [one async for one in pieces(request_scope("POST", "/"), exchange.receive)]

    assert found == [b"one", b"two"]


async def test_reading_ends_when_the_client_leaves_before_the_end() -> None:
    exchange = Exchange([{"type": "http.request", "body": b"half", "more_body": True}])

    with pytest.raises(ClientLeft):
        await read_body(request_scope("POST", "/"), exchange.receive)


async def test_header_is_the_first_of_its_name_or_nothing() -> None:
    scope = {"headers": [(b"accept", b"a"), (b"accept", b"b")]}

    assert header(scope, b"accept") == b"a"
    assert header(scope, b"host") == b""
