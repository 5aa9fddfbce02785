"""Codec: from a message to a client's frame, and from a frame of the server's to a message.

Two subprotocols: ``cauce.v1.json`` has text messages only; ``cauce.v1.bin`` has text messages for
everything but records, which come and go in binary ones:

    u8 kind, three zero bytes, u32 size of the header, the header (JSON, filled up with spaces so
    that what follows lies at a multiple of eight), the records

Numbers are little-endian, so that a browser may lay typed arrays over them where they are.

Invariants:
    Whatever the bytes are, the outcome is a frame or ``BadFrame``; bounded by the message's size.
    A frame that is encoded decodes to the same.
Pure. Called by: connection. Calls: client_frames, server_frames, columns.
"""

import struct
from enum import Enum, IntEnum

import msgspec

from app.api.embedded_formats import JSON_DEPTH_MAX
from app.api.ws.client_frames import BinaryProduce, ClientFrame, ClientFrames
from app.api.ws.server_frames import ServerFrame

PREFIX = struct.Struct("<B3xI")
ALIGNMENT = 8
HEADER_BYTES_MAX = 1024 * 1024
BEAT = "{}"
"""The frame that says nothing but that its sender lives."""


class Subprotocol(Enum):
    """What a socket speaks."""

    JSON = "cauce.v1.json"
    BINARY = "cauce.v1.bin"


class Kind(IntEnum):
    """What stands behind the header of a binary message."""

    RECORD_COLUMNS = 1
    RECORD_BATCHES = 2
    PRODUCE_COLUMNS = 3
    PRODUCE_BATCH = 4


class BadFrame(Exception):
    """A message is no frame; the socket can go on if its ``id`` could be read."""

    def __init__(self, message: str, frame_id: int | str | None = None) -> None:
        super().__init__(message)
        self.frame_id = frame_id


class _IdOnly(msgspec.Struct):
    id: int | str | None = None


_decoder: msgspec.json.Decoder[ClientFrame] = msgspec.json.Decoder(ClientFrames)
_id_decoder = msgspec.json.Decoder(_IdOnly)
_header_decoder = msgspec.json.Decoder(BinaryProduce)
_encoder = msgspec.json.Encoder()


def decode_text(text: str) -> ClientFrame:
    """Return the frame of a text message.

    Raises:
        BadFrame: It is none.
    """
    data = text.encode("utf-8", "replace")
    try:
        return _decoder.decode(data)
    except RecursionError:  # only records may nest at all: their own bound is parsing's
        raise BadFrame(f"JSON nests deeper than {JSON_DEPTH_MAX}") from None
    except msgspec.ValidationError as error:
        raise BadFrame(_worded(error), _id_of(data)) from None
    except msgspec.MsgspecError:
        raise BadFrame("a frame is one JSON object") from None


def decode_binary(data: bytes) -> tuple[Kind, BinaryProduce, memoryview]:
    """Return what a binary message of a client is, its header, and the records behind it.

    Raises:
        BadFrame: It is none.
    """
    if len(data) < PREFIX.size:
        raise BadFrame(f"a binary frame has at least {PREFIX.size} bytes")
    kind, size = PREFIX.unpack_from(data)
    if kind not in (Kind.PRODUCE_COLUMNS, Kind.PRODUCE_BATCH) or data[1:4] != b"\0\0\0":
        raise BadFrame(f"a client sends binary frames of kind 3 or 4, not {kind}")
    end = PREFIX.size + size
    if size > HEADER_BYTES_MAX or end > len(data) or end % ALIGNMENT:
        raise BadFrame("the header's size does not fit its frame, or is not filled up to 8 bytes")
    header = data[PREFIX.size : end]
    try:
        return Kind(kind), _header_decoder.decode(header), memoryview(data)[end:]
    except msgspec.ValidationError as error:
        raise BadFrame(_worded(error), _id_of(header)) from None
    except (msgspec.MsgspecError, RecursionError):
        raise BadFrame("the header of a binary frame is one JSON object") from None


def encode_frame(frame: ServerFrame) -> bytes:
    """Return the text message of a frame, in UTF-8."""
    return _encoder.encode(frame)


def encode_binary(kind: Kind, header: bytes, payload: list[bytes | memoryview]) -> bytes:
    """Return a binary message.

    Args:
        kind: What stands behind the header.
        header: Its JSON.
        payload: The records, in pieces; each one's size a multiple of eight but the last's.
    """
    filled = header + b" " * (-(PREFIX.size + len(header)) % ALIGNMENT)
    return b"".join((PREFIX.pack(kind, len(filled)), filled, *payload))


def padding(size: int) -> bytes:
    """Return the bytes that fill up so many to a multiple of eight."""
    return b"\0" * (-size % ALIGNMENT)


def _id_of(data: bytes) -> int | str | None:
    try:
        return _id_decoder.decode(data).id
    except (msgspec.MsgspecError, RecursionError):
        return None


def _worded(error: msgspec.ValidationError) -> str:
    return f"not a frame: {str(error)[:300]}"
