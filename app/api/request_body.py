"""Request bodies: read in pieces, decompressed in pieces, bounded all the way.

A compressed body counts with what it becomes, and is never unpacked further than its bound: a
few kilobytes of zstd may stand for gigabytes. Both formats may be of several parts, gzip's members
and zstd's frames; together they are the body (RFC 1952 2.2, RFC 8878 3.1).
"""

import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, MutableMapping
from typing import Any, Protocol

import zstandard

from app.api.errors import ApiError

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Scope = MutableMapping[str, Any]

BODY_BYTES_MAX = 16 * 1024 * 1024
"""Bytes of one body, unpacked; a streamed produce has no such bound, only its records do."""

_PIECE_BYTES = 256 * 1024
_ZSTD_WINDOW_MAX = 8 * 1024 * 1024


class ClientLeft(Exception):
    """The client closed the connection before its body ended."""


class _Unpacker(Protocol):
    def unpack(self, data: bytes) -> Iterator[bytes]:
        """Yield what the data becomes, in bounded pieces."""
        ...

    def finish(self) -> None:
        """Refuse a body that ends in the middle."""
        ...


class _Plain:
    def unpack(self, data: bytes) -> Iterator[bytes]:
        if data:
            yield data

    def finish(self) -> None:
        return


class _Gzip:
    def __init__(self) -> None:
        self._stream = zlib.decompressobj(_GZIP_WINDOW)

    def unpack(self, data: bytes) -> Iterator[bytes]:
        try:
            for start in range(0, len(data), _GZIP_INPUT_BYTES):
                rest = data[start : start + _GZIP_INPUT_BYTES]
                while rest:
                    if self._stream.eof:
                        self._stream = zlib.decompressobj(_GZIP_WINDOW)
                    piece = self._stream.decompress(rest, _PIECE_BYTES)
                    rest = self._stream.unused_data or self._stream.unconsumed_tail
                    if piece:
                        yield piece
        except zlib.error:
            raise ApiError(400, 400, "Bad Request: the body is not valid gzip") from None

    def finish(self) -> None:
        if not self._stream.eof:
            raise ApiError(400, 400, "Bad Request: the gzip body is cut off")


_GZIP_WINDOW = zlib.MAX_WBITS | 16
_GZIP_INPUT_BYTES = 16 * 1024
"""Fed in steps: what is behind a member is copied for the next one."""


class _Zstd:
    def __init__(self) -> None:
        self._decompressor = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW_MAX)
        self._stream = self._begin()

    def unpack(self, data: bytes) -> Iterator[bytes]:
        try:
            for start in range(0, len(data), _ZSTD_INPUT_BYTES):
                rest = data[start : start + _ZSTD_INPUT_BYTES]
                while rest:
                    if self._stream.eof:
                        self._stream = self._begin()
                    piece = self._stream.decompress(rest)
                    rest = self._stream.unused_data
                    if piece:
                        yield piece
        except zstandard.ZstdError:
            raise ApiError(400, 400, "Bad Request: the body is not valid zstd") from None

    def finish(self) -> None:
        if not self._stream.eof:
            raise ApiError(400, 400, "Bad Request: the zstd body is cut off")

    def _begin(self) -> "zstandard.ZstdDecompressionObj":
        return self._decompressor.decompressobj(write_size=_PIECE_BYTES)


_ZSTD_INPUT_BYTES = 64
"""Fed in small steps: one block of a bomb grows to 128 KiB at the most."""


def _unpacker(coding: bytes) -> _Unpacker:
    if coding in (b"", b"identity"):
        return _Plain()
    if coding in (b"gzip", b"x-gzip"):
        return _Gzip()
    if coding == b"zstd":
        return _Zstd()
    raise ApiError(415, 415, "Unsupported Content-Encoding: gzip, zstd and identity are taken")


def header(scope: Scope, name: bytes) -> bytes:
    """Return the first header of that lower-case name, or nothing."""
    for found, value in scope["headers"]:
        if found == name:
            return bytes(value)
    return b""


async def pieces(scope: Scope, receive: Receive) -> AsyncIterator[bytes]:
    """Yield a body's bytes, unpacked, as they come.

    Raises:
        ApiError: Not what its Content-Encoding says.
        ClientLeft: The connection was closed.
    """
    unpacker = _unpacker(header(scope, b"content-encoding").strip().lower())
    more = True
    while more:
        data, more = _received(await receive())
        for piece in unpacker.unpack(data):
            yield piece
    unpacker.finish()


def _received(message: Message) -> tuple[bytes, bool]:
    """Return the bytes that a message brings, and whether more will come."""
    if message["type"] == "http.disconnect":
        raise ClientLeft
    return message.get("body", b""), message.get("more_body", False)


async def read_body(scope: Scope, receive: Receive, maximum: int = BODY_BYTES_MAX) -> bytes:
    """Return a whole body.

    Raises:
        ApiError: Larger than the bound, or not what its headers say.
        ClientLeft: The connection was closed before its end.
    """
    declared = header(scope, b"content-length")
    if declared.isdigit() and int(declared) > maximum:
        raise _too_large(maximum)
    parts: list[bytes] = []
    size = 0
    unpacker = _unpacker(header(scope, b"content-encoding").strip().lower())
    more = True
    while more:  # as ``pieces``, without the price of a generator
        data, more = _received(await receive())
        for piece in unpacker.unpack(data):
            size += len(piece)
            if size > maximum:
                raise _too_large(maximum)
            parts.append(piece)
    unpacker.finish()
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _too_large(maximum: int) -> ApiError:
    return ApiError(413, 413, f"Content Too Large: a body has at most {maximum} bytes")
