"""Framing, held to the one in confluent-kafka."""

import io
import uuid

import pytest
from confluent_kafka.schema_registry.serde import SchemaId
from hypothesis import given
from hypothesis import strategies as st

from schema_registry.formats.framing import (
    VALUE_HEADER,
    Framed,
    guid_bytes,
    header_of,
    prefix_of,
    unframe,
)

ids = st.integers(0, 2**31 - 1)
guids = st.uuids().map(str)


@given(ids, st.binary())
def test_id_is_framed_as_confluent_s_serializers_do(schema_id: int, payload: bytes) -> None:
    data = prefix_of(schema_id) + payload

    assert prefix_of(schema_id) == SchemaId("AVRO", schema_id).id_to_bytes()
    assert unframe(data) == Framed(schema_id, payload)


@given(guids, st.binary())
def test_guid_is_framed_as_confluent_s_serializers_do(guid: str, payload: bytes) -> None:
    header = SchemaId("AVRO", None, guid).guid_to_bytes()

    assert guid_bytes(guid) == header
    assert unframe(payload, header) == Framed(guid, payload)
    assert unframe(header + payload) == Framed(guid, payload)


def test_message_indexes_of_a_header_stand_before_the_payload() -> None:
    guid = str(uuid.uuid4())
    header = SchemaId("PROTOBUF", None, guid, [1, 0]).guid_to_bytes()

    found = unframe(b"message", header)

    assert found is not None
    read = SchemaId("PROTOBUF")
    rest = read.from_bytes(io.BytesIO(guid_bytes(guid) + found.payload)).read()
    assert (found.identity, read.message_indexes, rest) == (guid, [1, 0], b"message")


@pytest.mark.parametrize("data", [b"", b"\0\0\0\1", b"\1" * 16, b'{"a":1}', b"\2" * 40])
def test_other_bytes_name_no_schema(data: bytes) -> None:
    assert unframe(data) is None


def test_header_that_names_none_leaves_the_prefix() -> None:
    assert unframe(prefix_of(7) + b"x", b"text/plain") == Framed(7, b"x")


def test_first_header_of_a_name_counts() -> None:
    headers = ((b"a", b"1"), (VALUE_HEADER, b"2"), (VALUE_HEADER, b"3"))

    assert header_of(headers, VALUE_HEADER) == b"2"
    assert header_of((), VALUE_HEADER) is None
