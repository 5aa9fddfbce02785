import pytest

from app.api.errors import ApiError
from app.api.v2.media_types import (
    V2,
    RecordFormat,
    answer_type,
    check_request_type,
    record_format,
    records_type,
    request_format,
)

BINARY, JSON, TEXT = RecordFormat.BINARY, RecordFormat.JSON, RecordFormat.TEXT
JSON_V2 = b"application/vnd.kafka.json.v2+json"


@pytest.mark.parametrize(
    ("content_type", "found"),
    [
        (JSON_V2, JSON),
        (b"Application/VND.kafka.JSON.v2+json; charset=utf-8", JSON),
        (b"application/vnd.kafka.binary.v2+json", BINARY),
        (b"application/vnd.kafka.text.v2+json", TEXT),
        (b"application/vnd.kafka.json.v1+json", JSON),
        (b"application/vnd.kafka.json+json", JSON),
    ],
)
@pytest.mark.parametrize("plain_is_binary", [True, False])
def test_format_of_a_request_is_in_its_type(
    content_type: bytes, found: RecordFormat, plain_is_binary: bool
) -> None:
    assert request_format(content_type, plain_is_binary=plain_is_binary) is found


@pytest.mark.parametrize(
    "content_type",
    [
        b"",
        b"application/json",
        b"application/octet-stream",
        b"application/vnd.kafka.v2+json",
        b"application/vnd.kafka+json",
    ],
)
def test_plain_json_is_binary_or_refused(content_type: bytes) -> None:
    assert request_format(content_type, plain_is_binary=True) is BINARY
    with pytest.raises(ApiError) as refused:
        request_format(content_type, plain_is_binary=False)
    assert refused.value.status == 415


@pytest.mark.parametrize(
    "content_type",
    [
        b"text/plain",
        b"application/vnd.kafka.xml.v2+json",
        b"application/vnd.kafka.json.v3+json",
        b"application/vnd.kafka.json.v2",
        b"application/vndxkafka.json.v2+json",
    ],
)
def test_other_types_are_refused(content_type: bytes) -> None:
    with pytest.raises(ApiError) as refused:
        request_format(content_type, plain_is_binary=True)
    assert refused.value.error_code == 415


@pytest.mark.parametrize("name", ["avro", "protobuf", "jsonschema"])
def test_formats_with_schemas_are_served(name: str) -> None:
    content_type = b"application/vnd.kafka.%b.v2+json" % name.encode()

    assert request_format(content_type, plain_is_binary=True) is record_format(name)
    assert RecordFormat(name).media_type == content_type


def test_format_has_its_name() -> None:
    assert record_format("text") is TEXT
    assert record_format("xml") is None


def test_requests_without_records_are_of_kafka_s_types_or_plain_json() -> None:
    for kind in (b"", V2, JSON_V2, b"application/json"):
        check_request_type(kind)
    with pytest.raises(ApiError):
        check_request_type(b"text/xml")


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        (b"", V2),
        (V2, V2),
        (b"*/*", V2),
        (b"application/*", V2),
        (b"*/json", V2),
        (b"application/vnd.kafka+json", V2),
        (JSON_V2, V2),
        (b"application/json", b"application/json"),
        (b"application/json;q=0.5, application/vnd.kafka.v2+json", V2),
        (b"text/html, */*;q=0.1", V2),
        (b"application/json; q=nonsense", b"application/json"),
    ],
)
def test_answer_has_the_type_most_wanted(accept: bytes, answered: bytes) -> None:
    assert answer_type(accept) == answered


@pytest.mark.parametrize("accept", [b"text/html", b"application/vnd.kafka.v2+json;q=0"])
def test_answer_that_is_not_wanted_is_refused(accept: bytes) -> None:
    with pytest.raises(ApiError) as refused:
        answer_type(accept)
    assert (refused.value.status, refused.value.error_code) == (406, 406)


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        (b"", JSON_V2),
        (b"*/*", JSON_V2),
        (JSON_V2, JSON_V2),
        (V2, JSON_V2),
        (b"application/json", b"application/json"),
        (b"application/vnd.kafka.binary.v2+json, application/vnd.kafka.json.v2+json", JSON_V2),
    ],
)
def test_records_have_the_format_of_their_consumer(accept: bytes, answered: bytes) -> None:
    assert records_type(accept, JSON) == answered


@pytest.mark.parametrize(
    ("accept", "code"),
    [(b"application/vnd.kafka.binary.v2+json", 40601), (b"text/html", 406)],
)
def test_other_format_than_the_consumer_s_is_refused(accept: bytes, code: int) -> None:
    with pytest.raises(ApiError) as refused:
        records_type(accept, JSON)
    assert (refused.value.status, refused.value.error_code) == (406, code)
