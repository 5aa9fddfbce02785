"""Decoding: what names a schema and fits it is shown as what it is, all else is left alone."""

import json
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.api.embedded_formats import Decoded, EmbeddedFormat
from app.api.records import decoding
from app.api.records.decoding import with_decoded
from app.broker.errors import CoordinatorNotAvailable
from schema_registry.errors import StoreUnavailable
from schema_registry.formats.framing import KEY_HEADER, VALUE_HEADER, guid_bytes, prefix_of
from schema_registry.serdes.codecs import Codecs
from storage.format.decoder import Columns
from storage.format.record import Headers
from tests.support.registry.door import RunningRegistry, running_registry

AVRO, BINARY, PROTOBUF = EmbeddedFormat.AVRO, EmbeddedFormat.BINARY, EmbeddedFormat.PROTOBUF
A = prefix_of(1) + b"\2a"
B = prefix_of(2) + b'{"x": 1}'
C = prefix_of(3) + b"\0\x08\1"


@pytest.fixture
async def registry(tmp_path: Path) -> AsyncIterator[RunningRegistry]:
    async with running_registry(tmp_path) as running:
        await running.register("a", '"string"')
        await running.register("b", '{"type":"object"}', schemaType="JSON")
        await running.register(
            "c", 'syntax="proto3"; message M {int32 m=1;}', schemaType="PROTOBUF"
        )
        yield running


@pytest.fixture
def codecs(registry: RunningRegistry) -> Codecs:
    return Codecs(registry.context)


def columns(
    *values: bytes | None, keys: list[bytes | None] | None = None, headers: Headers = ()
) -> Columns:
    count = len(values)
    return Columns(
        list(range(count)), [0] * count, keys or [None] * count, list(values), [headers] * count
    )


async def test_each_is_shown_as_its_schema_says(codecs: Codecs) -> None:
    found = await with_decoded(codecs, columns(A, B, C, keys=[None, A, b"k"]), (None, None))

    assert [
        (type(one), one and (one.kind, json.loads(one)))
        for one in found.values
        if isinstance(one, Decoded)
    ] == [
        (Decoded, (AVRO, "a")),
        (Decoded, (EmbeddedFormat.JSONSCHEMA, {"x": 1})),
        (Decoded, (PROTOBUF, {"m": 1})),
    ]
    assert found.keys == [None, b'"a"', b"k"]
    assert isinstance(found.values[0], Decoded)
    assert found.values[0].head == b'{"type":"AVRO","schema_id":1,"data":'


@pytest.mark.parametrize(
    "value",
    [
        b'{"a":1}',
        b"",
        None,
        b"\0\0\0\0\1",  # no payload
        prefix_of(9) + b"\2a",  # no such schema
        prefix_of(1) + b"\4a",  # cut off
        prefix_of(2) + b"[1]",  # not valid
        b"\1" + uuid.UUID(int=1 << 100).bytes + b"\2a",
    ],
)
async def test_what_is_of_no_schema_is_left_alone(codecs: Codecs, value: bytes | None) -> None:
    given = columns(value, b"text")

    found = await with_decoded(codecs, given, (None, None))

    assert found.values == given.values
    assert not any(isinstance(one, Decoded) for one in found.values)


async def test_columns_without_a_schema_come_out_as_they_are(codecs: Codecs) -> None:
    given = columns(b"{}", None, b"x")

    assert await with_decoded(codecs, given, (None, None)) is given


async def test_bytes_and_text_that_are_asked_for_are_not_decoded(codecs: Codecs) -> None:
    given = columns(A, keys=[A])

    assert await with_decoded(codecs, given, (BINARY, EmbeddedFormat.STRING)) is given
    only_keys = await with_decoded(codecs, given, (AVRO, BINARY))
    assert (type(only_keys.keys[0]), type(only_keys.values[0])) == (Decoded, bytes)


async def test_other_schemas_are_left_alone_where_it_has_to_be_exact(codecs: Codecs) -> None:
    given = columns(A, C)

    exact = await with_decoded(codecs, given, (AVRO, AVRO), is_exact=True)
    loose = await with_decoded(codecs, given, (AVRO, AVRO))

    assert list(map(type, exact.values)) == [Decoded, bytes]
    assert list(map(type, loose.values)) == [Decoded, Decoded]


async def test_only_what_is_wanted_is_decoded(codecs: Codecs) -> None:
    found = await with_decoded(codecs, columns(A, A, A), (None, None), slice(1, 2))

    assert list(map(type, found.values)) == [bytes, Decoded, bytes]


async def test_guid_in_a_header_names_the_schema(registry: RunningRegistry, codecs: Codecs) -> None:
    guid = (await registry.ask("GET", "/schemas/ids/1"))["guid"]
    for name, at in ((VALUE_HEADER, 3), (KEY_HEADER, 2)):
        given = columns(b"\2v", keys=[b"\2k"], headers=((name, guid_bytes(guid)),))

        found = await with_decoded(codecs, given, (None, None))

        expected = [b"\2k", b"\2v"]
        expected[at - 2] = b'"k"' if at == 2 else b'"v"'
        assert [found.keys[0], found.values[0]] == expected


async def test_large_and_many_are_decoded_all_the_same(
    codecs: Codecs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoding, "SLICE_BYTES", 3)
    monkeypatch.setattr(decoding, "LARGE_BYTES", 1)

    found = await with_decoded(codecs, columns(*[A] * 5), (None, None))

    assert found.values == [b'"a"'] * 5


async def test_registry_that_is_away_is_said_to_be(
    registry: RunningRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    codecs = Codecs(registry.context)

    async def fail() -> int:
        raise StoreUnavailable("gone")

    monkeypatch.setattr(registry.context.views, "revision", fail)

    with pytest.raises(CoordinatorNotAvailable, match="gone"):
        await with_decoded(codecs, columns(A), (None, None))
