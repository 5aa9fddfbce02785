"""Content types of REST v2: which format a request's records have, and what an answer is.

``application/vnd.kafka.<format>.v2+json`` carries records, ``application/vnd.kafka.v2+json``
everything else. Version and format may be left out as Karapace allows it, the former always, the
latter where the dialect takes plain JSON for binary.
Pure.
Source: Confluent REST Proxy v2, "Content Types"; Karapace for what may be left out.
"""

import re
from collections.abc import Iterator
from enum import Enum
from functools import lru_cache

from app.api.errors import V2_TYPE, ApiError

V2 = V2_TYPE.encode()

_KAFKA = re.compile(
    rb"application/vnd\.kafka(?:\.(?P<format>[a-z]+))??(?:\.v[12])?\+json", re.ASCII
)
_PLAIN = frozenset({b"", b"application/json", b"application/octet-stream"})
_ANY = frozenset({b"*/*", b"application/*", b"*/json"})
RANGES_MAX = 50
"""Media ranges of one Accept header that are looked at."""


class RecordFormat(Enum):
    """How keys and values look in JSON."""

    BINARY = "binary"
    """Base64."""

    JSON = "json"
    TEXT = "text"
    """A JSON string that is stored without its quotes."""

    AVRO = "avro"
    """The JSON view of what a schema of the registry describes; likewise the next two."""

    JSONSCHEMA = "jsonschema"
    PROTOBUF = "protobuf"

    @property
    def media_type(self) -> bytes:
        """The type of records in this format."""
        return b"application/vnd.kafka.%b.v2+json" % self.value.encode()


def record_format(name: str) -> RecordFormat | None:
    """Return the format of that name; None for one that is not served."""
    return next((one for one in RecordFormat if one.value == name), None)


@lru_cache(maxsize=256)
def request_format(content_type: bytes, *, plain_is_binary: bool) -> RecordFormat:
    """Return the format of the records of a request.

    Raises:
        ApiError: 415.
    """
    given = _essence(content_type)
    found = _KAFKA.fullmatch(given)
    name = _format_name(found) if found else None
    if name is not None:
        if (known := record_format(name)) is not None:
            return known
    elif plain_is_binary and (found or given in _PLAIN):
        return RecordFormat.BINARY
    raise ApiError(
        415,
        415,
        "Unsupported Media Type: send application/vnd.kafka.<format>.v2+json, with one of "
        f"{', '.join(one.value for one in RecordFormat)}",
    )


def check_request_type(content_type: bytes) -> None:
    """Refuse a request without records whose type is not one of Kafka's or plain JSON.

    Raises:
        ApiError: 415.
    """
    given = _essence(content_type)
    if given not in _PLAIN and _KAFKA.fullmatch(given) is None:
        raise ApiError(415, 415, f"Unsupported Media Type: send {V2.decode()}")


@lru_cache(maxsize=256)
def answer_type(accept: bytes) -> bytes:
    """Return the type of an answer without records.

    Raises:
        ApiError: 406.
    """
    if not accept or accept == V2:
        return V2
    for wanted in _by_preference(accept):
        if wanted == b"application/json":
            return wanted
        if wanted in _ANY or _KAFKA.fullmatch(wanted):
            return V2
    raise ApiError(406, 406, f"Not Acceptable: {V2.decode()} is served")


@lru_cache(maxsize=256)
def records_type(accept: bytes, served: RecordFormat) -> bytes:
    """Return the type of an answer with records.

    Args:
        accept: The request's header.
        served: The format that the consumer was made with.

    Raises:
        ApiError: 406, with 40601 where another format of records is wanted.
    """
    if not accept:
        return served.media_type
    differs = False
    for wanted in _by_preference(accept):
        if wanted == b"application/json":
            return wanted
        if wanted in _ANY:
            return served.media_type
        if found := _KAFKA.fullmatch(wanted):
            if _format_name(found) in (None, served.value):
                return served.media_type
            differs = True
    if differs:
        raise ApiError(
            406,
            40601,
            "The requested embedded data format does not match the deserializer for this "
            f"consumer instance, which is {served.value}",
        )
    raise ApiError(406, 406, f"Not Acceptable: {served.media_type.decode()} is served")


def _format_name(found: re.Match[bytes]) -> str | None:
    name = found["format"]
    return None if name is None else name.decode()


def _essence(content_type: bytes) -> bytes:
    return content_type.split(b";", 1)[0].strip().lower()


def _by_preference(accept: bytes) -> Iterator[bytes]:
    """Yield the media ranges of an Accept header, the most wanted first; unwanted ones not."""
    weighed = []
    for part in accept.split(b",", RANGES_MAX)[:RANGES_MAX]:
        essence, *parameters = part.split(b";")
        weight = 1.0
        for parameter in parameters:
            name, _, value = parameter.strip().partition(b"=")
            if name.lower() == b"q":
                weight = _weight(value)
        weighed.append((weight, essence.strip().lower()))
    weighed.sort(key=lambda one: -one[0])
    return (essence for weight, essence in weighed if weight > 0)


_WEIGHT = re.compile(rb"(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)", re.ASCII)


def _weight(text: bytes) -> float:
    """Return a quality value (RFC 9110 12.4.2); what is none weighs 1."""
    return float(text) if _WEIGHT.fullmatch(text) else 1.0
