import asyncio
import gzip
import threading
import zlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
import zstandard

from app.api.edge import compression as module
from app.api.edge.compression import (
    LOOP_BYTES_MAX,
    STREAMS_MAX,
    WAITING_MAX,
    Compression,
    choose_coding,
)
from app.api.request_body import Message
from tests.support.application import Exchange

CODINGS = [b"gzip", b"zstd"]
LONG = b'{"a":1}' * 1000


@pytest_asyncio.fixture
async def compression() -> AsyncIterator[Compression]:
    one = Compression()
    yield one
    one.close()


def unpack(coding: bytes, data: bytes) -> bytes:
    """Unpack what there is so far."""
    if coding == b"gzip":
        return zlib.decompressobj(31).decompress(data)
    return zstandard.ZstdDecompressor().decompressobj().decompress(data)


def start(status: int = 200, **headers: str) -> Message:
    given = {"content_type": "application/json", **headers}
    return {
        "type": "http.response.start",
        "status": status,
        "headers": [
            (name.replace("_", "-").encode(), text.encode()) for name, text in given.items()
        ],
    }


def body(data: bytes, *, more: bool = False) -> Message:
    return {"type": "http.response.body", "body": data, "more_body": more}


async def whole(
    compression: Compression, data: bytes, coding: bytes = b"gzip", **headers: Any
) -> Exchange:
    """Send a whole answer."""
    exchange = Exchange([])
    sender = compression.sender(coding, exchange.send)
    await sender(start(content_length=str(len(data)), **headers))
    await sender(body(data))
    sender.close()
    return exchange


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        (b"gzip", b"gzip"),
        (b"gzip, deflate, br, zstd", b"zstd"),
        (b"GZIP", b"gzip"),
        (b"x-gzip", b"gzip"),
        (b"zstd;q=0.5, gzip", b"gzip"),
        (b"zstd; q=0.5, gzip; q=0.4", b"zstd"),
        (b"zstd;q=0, gzip;q=0.000", None),
        (b"*", b"zstd"),
        (b"*, zstd;q=0", b"gzip"),
        (b"*;q=0", None),
        (b"identity", None),
        (b"br", None),
        (b"gzip;q=much", None),
        (b"", None),
        (b";;,,=", None),
    ],
)
def test_coding_is_the_one_that_the_client_likes_best(
    accepted: bytes, coding: bytes | None
) -> None:
    assert choose_coding(accepted) == coding


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("data", [LONG, LONG * 100])
async def test_whole_answer_is_compressed(
    compression: Compression, coding: bytes, data: bytes
) -> None:
    exchange = await whole(compression, data, coding, etag='"1"')

    assert unpack(coding, exchange.body) == data
    assert exchange.headers == {
        b"content-type": b"application/json",
        b"content-encoding": coding,
        b"content-length": str(len(exchange.body)).encode(),
        b"vary": b"accept-encoding",
        b"etag": b'W/"1"',
    }
    assert len(exchange.body) < len(data) // 10
    assert [message["type"] for message in exchange.sent] == [
        "http.response.start",
        "http.response.body",
    ]


@pytest.mark.parametrize(
    ("data", "headers"),
    [
        (b"x" * 1023, {}),
        (LONG, {"content_type": "application/vnd.cauce.recordbatches"}),
        (LONG, {"content_encoding": "br"}),
        (LONG, {"cache_control": "public, no-transform"}),
        (LONG, {"status": 206}),
    ],
)
async def test_answer_that_is_not_worth_it_or_must_not_is_left(
    compression: Compression, data: bytes, headers: dict[str, Any]
) -> None:
    exchange = await whole(compression, data, **headers)

    assert exchange.body == data
    assert exchange.headers[b"content-length"] == str(len(data)).encode()
    assert exchange.headers.get(b"content-encoding") in (None, b"br")


@pytest.mark.parametrize("coding", CODINGS)
async def test_answer_that_does_not_become_smaller_is_left(
    compression: Compression, coding: bytes
) -> None:
    import random

    data = random.Random(1).randbytes(2000)
    exchange = await whole(compression, data, coding)

    assert exchange.body == data
    assert b"content-encoding" not in exchange.headers


@pytest.mark.parametrize(
    "kind",
    [
        "text/event-stream",
        "text/html; charset=utf-8",
        "application/x-ndjson",
        "application/vnd.kafka.json.v2+json",
    ],
)
async def test_types_of_text_are_compressed(compression: Compression, kind: str) -> None:
    exchange = await whole(compression, LONG, content_type=kind)

    assert unpack(b"gzip", exchange.body) == LONG


@pytest.mark.parametrize("coding", CODINGS)
async def test_stream_begins_at_once_and_each_piece_can_be_read_at_once(
    compression: Compression, coding: bytes
) -> None:
    exchange = Exchange([])
    sender = compression.sender(coding, exchange.send)

    await sender(start())
    assert exchange.headers[b"content-encoding"] == coding
    seen = b""
    for piece in (b"first\n", LONG * 10, b"third\n"):
        await sender(body(piece, more=True))
        seen += piece
        assert unpack(coding, exchange.body) == seen
    await sender(body(b"", more=True))
    await sender(body(b"end"))

    assert unpack(coding, exchange.body) == seen + b"end"
    if coding == b"gzip":
        assert gzip.decompress(exchange.body) == seen + b"end"
    assert not exchange.sent[-1]["more_body"]


async def test_answer_of_known_length_in_pieces_is_a_stream(compression: Compression) -> None:
    exchange = Exchange([])
    sender = compression.sender(b"gzip", exchange.send)

    await sender(start(content_length=str(2 * len(LONG))))
    assert exchange.sent == []
    await sender(body(LONG, more=True))
    await sender(body(LONG))

    assert b"content-length" not in exchange.headers
    assert gzip.decompress(exchange.body) == LONG * 2


async def test_only_so_many_streams_are_compressed_and_places_are_given_back(
    compression: Compression,
) -> None:
    senders = []
    for _ in range(STREAMS_MAX):
        senders.append(compression.sender(b"gzip", Exchange([]).send))
        await senders[-1](start())
    one_more = Exchange([])
    beyond = compression.sender(b"gzip", one_more.send)

    await beyond(start())
    await beyond(body(LONG))
    beyond.close()
    assert one_more.body == LONG
    await senders[0](body(b"end"))
    senders[0].close()
    senders[1].close()

    assert [compression.begin_stream() for _ in range(3)] == [True, True, False]


async def test_large_piece_is_compressed_off_the_loop_and_small_ones_on_it(
    compression: Compression, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[str] = []

    class Noting:
        def compress(self, data: bytes) -> bytes:
            threads.append(threading.current_thread().name)
            return b""

        def flush(self, mode: int) -> bytes:
            return b""

    monkeypatch.setattr(module, "_compressor", lambda coding, streaming: (Noting(), 0))
    await whole(compression, b"x" * LOOP_BYTES_MAX)
    await whole(compression, b"x" * (LOOP_BYTES_MAX + 1))

    assert threads == [threading.current_thread().name, "compress_0"]


async def test_answers_leave_as_they_are_when_the_thread_is_behind(
    compression: Compression,
) -> None:
    held = threading.Event()
    data = LONG * 10
    occupied = asyncio.get_running_loop().run_in_executor(compression._thread, held.wait, 30)
    waiting = [asyncio.create_task(whole(compression, data)) for _ in range(WAITING_MAX)]
    await asyncio.sleep(0)
    assert compression.is_behind

    beyond = await whole(compression, data)
    stream = Exchange([])
    sender = compression.sender(b"gzip", stream.send)
    await sender(start())
    await sender(body(b"small"))
    small = await whole(compression, LONG)
    held.set()
    await occupied
    done = await asyncio.gather(*waiting)

    assert (beyond.body, stream.body) == (data, b"small")
    assert unpack(b"gzip", small.body) == LONG
    assert {unpack(b"gzip", one.body) for one in done} == {data}
    assert not compression.is_behind
