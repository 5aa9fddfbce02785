"""Compressed answers: gzip or zstd where the client takes them and it is worth it.

An answer of known length is held until its body is there and leaves whole, compressed if it became
smaller. One without a length is a stream: each piece is compressed and flushed at once, so that
nobody waits for a line longer than without compression.

Bounds on what this may cost: nothing below a size is touched; pieces above a size are compressed
by one thread, off the event loop; when that thread is behind, or too many streams are open that
each hold a compressor's memory, answers leave as they are.
Source: RFC 9110 8.4 and 12.5.3; RFC 9111 5.2.2.6 (no-transform).
"""

import asyncio
import re
import zlib
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Protocol

import zstandard

from app.api.answers import Send
from app.api.request_body import Message

BODY_BYTES_MIN = 1024
"""Smaller answers fit into a packet or two as they are."""

LOOP_BYTES_MAX = 16 * 1024
"""What is compressed on the event loop: a fraction of a millisecond."""

WAITING_MAX = 16
"""Pieces that may wait for the thread; answers that come then leave as they are."""

STREAMS_MAX = 64
"""Streams that are compressed at a time: each holds some 300 KiB."""

_GZIP_LEVEL = 1
_ZSTD_LEVEL = 1
_ZSTD_WINDOW_LOG = 17
_GZIP_WINDOW = zlib.MAX_WBITS | 16
_NO_BODY = frozenset({204, 205, 206, 304})
_COMPRESSIBLE = re.compile(rb"text/|application/(json|x-ndjson|javascript|xml|[^;]*\+(json|xml))\b")
_CODINGS = (b"zstd", b"gzip")
"""Those served, the better one first."""


@lru_cache(maxsize=256)
def choose_coding(accepted: bytes) -> bytes | None:
    """Return the coding that an Accept-Encoding header likes best of those served, if any."""
    weights: dict[bytes, float] = {}
    for part in accepted.lower().split(b","):
        name, _, parameter = part.partition(b";")
        key, _, value = parameter.partition(b"=")
        try:
            weight = float(value) if key.strip() == b"q" else 1.0
        except ValueError:
            weight = 0.0
        weights[name.strip()] = weight
    if b"x-gzip" in weights:
        weights.setdefault(b"gzip", weights[b"x-gzip"])
    others = weights.get(b"*", 0.0)
    best = max(_CODINGS, key=lambda coding: weights.get(coding, others))
    return best if weights.get(best, others) > 0 else None


class _Compressor(Protocol):
    def compress(self, data: bytes) -> bytes:
        """Take bytes in; give what came out of them so far."""
        ...

    def flush(self, mode: int, /) -> bytes:
        """Give all that was taken in."""
        ...


class Compression:
    """Compresses the answers of one node."""

    def __init__(self, body_bytes_min: int = BODY_BYTES_MIN) -> None:
        """Make ready; the thread starts when it is first needed."""
        self.body_bytes_min = body_bytes_min
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="compress")
        self._waiting = 0
        self._streams = 0

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def sender(self, coding: bytes, send: Send) -> "CompressingSender":
        """Return a way to send one answer; close it when the request has ended."""
        return CompressingSender(self, coding, send)

    def begin_stream(self) -> bool:
        """Take one of the places for streams, if one is free."""
        if self._streams >= STREAMS_MAX:
            return False
        self._streams += 1
        return True

    def end_stream(self) -> None:
        """Give a place back."""
        self._streams -= 1

    @property
    def is_behind(self) -> bool:
        """Whether no more may wait for the thread."""
        return self._waiting >= WAITING_MAX

    async def run(self, compressor: _Compressor, data: bytes, mode: int) -> bytes:
        """Return what a compressor makes of a piece, flushed."""
        if len(data) <= LOOP_BYTES_MAX:
            return compressor.compress(data) + compressor.flush(mode)
        loop = asyncio.get_running_loop()
        self._waiting += 1
        try:
            return await loop.run_in_executor(
                self._thread, lambda: compressor.compress(data) + compressor.flush(mode)
            )
        finally:
            self._waiting -= 1


class CompressingSender:
    """Sends one answer, compressed if it is worth it."""

    def __init__(self, compression: Compression, coding: bytes, send: Send) -> None:
        self._compression = compression
        self._coding = coding
        self._send = send
        self._held: Message | None = None
        """The start of an answer whose body decides."""

        self._stream: _Compressor | None = None

    async def __call__(self, message: Message) -> None:
        """Send a message of the answer."""
        kind = message["type"]
        if kind == "http.response.start":
            await self._start(message)
        elif kind == "http.response.body" and self._stream is not None:
            await self._send_piece(self._stream, message)
        elif kind == "http.response.body" and self._held is not None:
            start, self._held = self._held, None
            await self._send_held(start, message)
        else:
            await self._send(message)

    def close(self) -> None:
        """Give back what the answer held, however it ended."""
        if self._stream is not None:
            self._stream = None
            self._compression.end_stream()

    async def _start(self, start: Message) -> None:
        headers = dict(start.get("headers", ()))
        if not _may_compress(start["status"], headers):
            await self._send(start)
            return
        start = {**start, "headers": [*start["headers"], (b"vary", b"accept-encoding")]}
        length = headers.get(b"content-length")
        if length is None:
            await self._begin_stream(start)
        elif int(length) < self._compression.body_bytes_min:
            await self._send(start)
        else:
            self._held = start

    async def _send_held(self, start: Message, message: Message) -> None:
        if message.get("more_body", False):
            await self._begin_stream(start)
            await self(message)
            return
        body = bytes(message.get("body", b""))
        if len(body) > LOOP_BYTES_MAX and self._compression.is_behind:
            packed = body
        else:
            compressor, end = _compressor(self._coding, streaming=False)
            packed = await self._compression.run(compressor, body, end)
        if len(packed) < len(body):
            start = _encoded(start, self._coding, len(packed))
            message = {**message, "body": packed}
        await self._send(start)
        await self._send(message)

    async def _begin_stream(self, start: Message) -> None:
        if self._compression.is_behind or not self._compression.begin_stream():
            await self._send(start)
            return
        self._stream, _ = _compressor(self._coding, streaming=True)
        await self._send(_encoded(start, self._coding, None))

    async def _send_piece(self, compressor: _Compressor, message: Message) -> None:
        more = message.get("more_body", False)
        body = bytes(message.get("body", b""))
        if more and not body:
            await self._send(message)
            return
        mode = _flush_mode(self._coding, more=more)
        packed = await self._compression.run(compressor, body, mode)
        if not more:
            self.close()
        await self._send({**message, "body": packed})


def _may_compress(status: int, headers: dict[bytes, bytes]) -> bool:
    return (
        status >= 200
        and status not in _NO_BODY
        and b"content-encoding" not in headers
        and b"no-transform" not in headers.get(b"cache-control", b"")
        and _COMPRESSIBLE.match(headers.get(b"content-type", b"")) is not None
    )


def _encoded(start: Message, coding: bytes, length: int | None) -> Message:
    """Return the start of an answer whose body is compressed."""
    headers = [(b"content-encoding", coding)]
    for name, value in start["headers"]:
        if name == b"etag" and not value.startswith(b"W/"):
            headers.append((name, b"W/" + value))
        elif name != b"content-length":
            headers.append((name, value))
    if length is not None:
        headers.append((b"content-length", b"%d" % length))
    return {**start, "headers": headers}


def _compressor(coding: bytes, *, streaming: bool) -> tuple[_Compressor, int]:
    """Return a compressor, and how its end is flushed."""
    end = _flush_mode(coding, more=False)
    if coding == b"gzip":
        return zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, _GZIP_WINDOW), end
    if not streaming:
        return zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compressobj(), end
    parameters = zstandard.ZstdCompressionParameters.from_level(
        _ZSTD_LEVEL, window_log=_ZSTD_WINDOW_LOG
    )
    return zstandard.ZstdCompressor(compression_params=parameters).compressobj(), end


def _flush_mode(coding: bytes, *, more: bool) -> int:
    if coding == b"gzip":
        return zlib.Z_SYNC_FLUSH if more else zlib.Z_FINISH
    return zstandard.COMPRESSOBJ_FLUSH_BLOCK if more else zstandard.COMPRESSOBJ_FLUSH_FINISH
