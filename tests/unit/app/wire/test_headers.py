"""Headers of requests and responses, against kafka-python's bytes."""

import pytest
from kafka.protocol.metadata import MetadataRequest as TheirRequest

from app.wire.errors import MalformedMessage
from app.wire.headers import TAGS_MAX, body_position, read_header, write_response_header
from app.wire.message import api_of
from app.wire.messages.api_versions import ApiVersionsRequest
from app.wire.messages.metadata import MetadataRequest
from app.wire.primitives import write_uvarint

METADATA = api_of(MetadataRequest)
API_VERSIONS = api_of(ApiVersionsRequest)


def their_frame(version: int, client_id: str | None) -> bytes:
    request = TheirRequest(topics=[], version=version)
    request.with_header(correlation_id=77, client_id=client_id)
    return bytes(request.encode(header=True))


@pytest.mark.parametrize("version", range(14))
@pytest.mark.parametrize("client_id", ["", "rdkafka", "é"])
def test_headers_of_requests_are_read(version: int, client_id: str) -> None:
    frame = their_frame(version, client_id)

    header = read_header(frame)

    assert header[:4] == (3, version, 77, client_id)
    body = TheirRequest(topics=[], version=version).encode()
    assert frame[body_position(frame, header, METADATA) :] == bytes(body)


def test_a_client_without_a_name_is_none() -> None:
    assert read_header(b"\0\x03\0\0\0\0\0\1\xff\xff").client_id is None


@pytest.mark.parametrize("version", [0, 9])
def test_headers_that_are_cut_off_are_refused(version: int) -> None:
    frame = their_frame(version, "abc")
    whole = body_position(frame, read_header(frame), METADATA)

    for size in range(whole):
        with pytest.raises(MalformedMessage):
            body_position(frame[:size], read_header(frame[:size]), METADATA)


def test_tagged_fields_of_a_header_are_skipped_when_they_end() -> None:
    start = b"\0\x03\0\x09\0\0\0\1\xff\xff"

    skipped, short = start + b"\1\5\2abX", start + b"\1\5\x09ab"

    assert body_position(skipped, read_header(skipped), METADATA) == 15
    with pytest.raises(MalformedMessage, match="behind"):
        body_position(short, read_header(short), METADATA)
    many = bytearray(start)
    write_uvarint(many, TAGS_MAX + 1)
    with pytest.raises(MalformedMessage, match="tagged fields"):
        body_position(many, read_header(many), METADATA)


def test_a_client_id_that_is_not_utf8_is_refused() -> None:
    with pytest.raises(MalformedMessage, match="UTF-8"):
        read_header(b"\0\x03\0\0\0\0\0\1\0\1\xff")


@pytest.mark.parametrize(
    ("api", "version", "expected"),
    [
        (METADATA, 8, b"\0\0\0\7"),
        (METADATA, 9, b"\0\0\0\7\0"),
        (API_VERSIONS, 3, b"\0\0\0\7"),
    ],
)
def test_only_flexible_responses_have_tags_and_never_api_versions(
    api: object, version: int, expected: bytes
) -> None:
    out = bytearray()
    write_response_header(out, 7, api, version)  # type: ignore[arg-type] # an Api, see above

    assert out == expected
