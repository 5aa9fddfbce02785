"""Every message in every version against two codecs that are not ours: kafka-python's and kio's."""

import datetime as dt
import importlib
import io
import pkgutil
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from enum import Enum
from random import Random
from typing import Any
from uuid import UUID

import kafka.protocol
import pytest
from kafka.protocol.api_message import ApiMessage
from kio.schema.index import schema_name_map
from kio.serial import entity_reader, entity_writer

from app.wire.codec import decode_from, encode
from app.wire.message import api_of, fields_of
from app.wire.messages.api_versions import ApiVersionsResponse
from app.wire.primitives import NO_UUID
from tests.support.wire_messages import as_data, message_types, random_message, versions

INSTANCES = 12
KEYS_KAFKA_PYTHON_LACKS = {38, 39, 40, 41, 68, 69}
NOT_PLAIN_IN_KAFKA_PYTHON = "authorized_operations"
"""A set there; the bytes are compared all the same."""

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MILLISECOND = dt.timedelta(milliseconds=1)


def kafka_python_classes() -> dict[str, Any]:
    modules = [
        importlib.import_module(module.name)
        for module in pkgutil.walk_packages(kafka.protocol.__path__, "kafka.protocol.")
        if ".old" not in module.name and "generate" not in module.name
    ]
    return {
        name: one
        for module in modules
        for name, one in vars(module).items()
        if isinstance(one, type) and issubclass(one, ApiMessage)
    }


KAFKA_PYTHON = "authorized_operations"
"""A set there; the bytes are compared all the same."""

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MILLISECOND = dt.timedelta(milliseconds=1)


KAFKA_PYTHON = kafka_python_classes()
KIO = {
    (path.rpartition(":")[2], version): path
    for by_version in schema_name_map.values()
    for version, by_kind in by_version.items()
    for path in by_kind.values()
}
MESSAGES = message_types()
IN_KAFKA_PYTHON = [one for one in MESSAGES if api_of(one).key not in KEYS_KAFKA_PYTHON_LACKS]


def encoded(message: Any, version: int) -> bytes:
    out = bytearray()
    assert encode(message, version, out) == []
    return bytes(out)


def instances(message_type: type) -> Iterator[tuple[Any, int, bytes]]:
    """Yield messages, versions, and how we write the one in the other."""
    random = Random(message_type.__name__)
    for version in versions(api_of(message_type)):
        made = [random_message(message_type, version, random) for _ in range(INSTANCES)]
        for message in [message_type(), *made]:
            yield message, version, encoded(message, version)


@pytest.mark.parametrize("message_type", MESSAGES)
def test_messages_come_back_as_they_were_written(message_type: type) -> None:
    for message, version, written in instances(message_type):
        found, end = decode_from(message_type, version, written)

        assert as_data(found) == as_data(message)
        assert end == len(written)


@pytest.mark.parametrize("message_type", IN_KAFKA_PYTHON)
def test_kafka_python_reads_and_writes_the_same(message_type: type) -> None:
    theirs = KAFKA_PYTHON[message_type.__name__]
    for message, version, written in instances(message_type):
        if message_type is ApiVersionsResponse and message.error_code:
            continue  # it reads version 0 then, as a client must

        read = theirs.decode(written, version=version)

        assert_same(message, read, version)
        read._header = None
        assert bytes(read.encode(version=version)) == written


@pytest.mark.parametrize("message_type", MESSAGES)
def test_kio_reads_and_writes_the_same(message_type: type) -> None:
    for message, version, written in instances(message_type):
        module, _, name = KIO[message_type.__name__, version].partition(":")
        theirs = getattr(importlib.import_module(module), name)
        again = io.BytesIO()

        read, size = entity_reader(theirs)(written, 0)
        entity_writer(theirs)(again, read)

        assert size == len(written)
        assert_same_leaves(message, read, version)
        assert again.getvalue() == written


def assert_same(ours: Any, theirs: Any, version: int) -> None:
    """Compare by the names of the fields; kafka-python has None for tags that were not sent."""
    if is_dataclass(ours):
        if theirs is None:
            assert ours == type(ours)()
            return
        present = [one for one in fields_of(type(ours)) if one.is_in(version)]
        for one in present:
            if not one.name.endswith(NOT_PLAIN_IN_KAFKA_PYTHON):
                assert_same(getattr(ours, one.name), getattr(theirs, one.name), version)
    elif isinstance(ours, list):
        assert len(ours) == len(theirs)
        for our, their in zip(ours, theirs, strict=True):
            assert_same(our, their, version)
    else:
        assert plain(ours) == plain(theirs)


def assert_same_leaves(ours: Any, theirs: Any, version: int) -> None:
    """Compare by the order of the fields: kio names and types some in its own way."""
    if is_dataclass(ours):
        present = [one.name for one in fields_of(type(ours)) if one.is_in(version)]
        names = [one.name for one in fields(theirs)]
        assert len(names) == len(present)
        for our, their in zip(present, names, strict=True):
            assert our.startswith(their)
            assert_same_leaves(getattr(ours, our), getattr(theirs, their), version)
    elif isinstance(ours, list):
        assert len(ours) == len(theirs)
        for our, their in zip(ours, theirs, strict=True):
            assert_same_leaves(our, their, version)
    else:
        assert plain(ours) == plain(theirs)


def plain(value: Any) -> Any:
    """Return a value as bytes, number or text, however a library represents it."""
    if isinstance(value, UUID):
        return value.bytes
    if value == NO_UUID:
        return None
    if isinstance(value, memoryview):
        return bytes(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, dt.timedelta):
        return value // MILLISECOND
    if isinstance(value, dt.datetime):
        return (value - EPOCH) // MILLISECOND
    return value
