"""Headers: what stands before every request and every response.

A request says which API and version it is, and a number that its response repeats. Flexible
versions have tagged fields behind it. The response to ApiVersions never has them, so that a client
can read it before it knows anything of the broker (KIP-511).

Source: Kafka's protocol guide, "Request and Response Headers".
"""

import struct
from typing import NamedTuple

from app.wire.errors import MalformedMessage
from app.wire.message import Api
from app.wire.primitives import read_uvarint

API_VERSIONS_KEY = 18

TAGS_MAX = 1_000
"""Tagged fields of a header; Kafka has defined none so far."""

_FIXED = struct.Struct(">hhih")
_CORRELATION_ID = struct.Struct(">i")


class RequestHeader(NamedTuple):
    """What a request says of itself."""

    api_key: int
    api_version: int
    correlation_id: int
    client_id: str | None
    client_id_end: int
    """Where the tagged fields begin, or the body if the version has none."""


def read_header(frame: bytes | bytearray) -> RequestHeader:
    """Read the header of a request up to where it depends on the version.

    Raises:
        MalformedMessage: There is none.
    """
    try:
        api_key, version, correlation_id, size = _FIXED.unpack_from(frame)
        end = _FIXED.size
        client_id = None
        if size >= 0:
            start, end = end, end + size
            if end > len(frame):
                raise MalformedMessage("the client id points behind the end")
            client_id = frame[start:end].decode()
    except struct.error as error:
        raise MalformedMessage("the request ends within its header") from error
    except UnicodeDecodeError as error:
        raise MalformedMessage("the client id is not UTF-8") from error
    return RequestHeader(api_key, version, correlation_id, client_id, end)


def body_position(frame: bytes | bytearray, header: RequestHeader, api: Api) -> int:
    """Return where the body begins, behind the header's tagged fields if there are any.

    Raises:
        MalformedMessage: They do not end.
    """
    position = header.client_id_end
    if not api.is_flexible(header.api_version):
        return position
    try:
        count, position = read_uvarint(frame, position)
        if count > TAGS_MAX:
            raise MalformedMessage(f"{count} tagged fields in a header")
        for _ in range(count):
            _, position = read_uvarint(frame, position)
            size, position = read_uvarint(frame, position)
            position += size
    except IndexError as error:
        raise MalformedMessage("the request ends within its header") from error
    if position > len(frame):
        raise MalformedMessage("a tagged field points behind the end")
    return position


def write_response_header(out: bytearray, correlation_id: int, api: Api, version: int) -> None:
    """Append the header of a response."""
    out += _CORRELATION_ID.pack(correlation_id)
    if api.is_flexible(version) and api.key != API_VERSIONS_KEY:
        out.append(0)
