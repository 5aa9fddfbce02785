"""Protobuf's verdicts against Google's library: what is called compatible is written and read."""

import base64
from random import Random

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schema_registry.compatibility.protobuf import incompatibilities
from schema_registry.errors import InvalidSchema
from schema_registry.formats.protobuf.protobuf_format import ProtobufFormat
from schema_registry.formats.protobuf.schema import ProtobufSchema
from tests.support.registry.protobuf_evolution import Files, fill, lost

pytestmark = pytest.mark.slow

FORMAT = ProtobufFormat()
EXAMPLES = 1_500
SEEN = {"compatible": 0, "incompatible": 0, "broken": 0}


def message_class(schema: ProtobufSchema) -> type[Message]:
    descriptor = FileDescriptorProto.FromString(base64.b64decode(schema.formatted("serialized")))
    pool = DescriptorPool()
    pool.AddSerializedFile(descriptor.SerializeToString())
    package = f"{descriptor.package}." if descriptor.package else ""
    return GetMessageClass(pool.FindMessageTypeByName(f"{package}M"))


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(st.integers(min_value=0, max_value=2**32))
def _attack(seed: int) -> None:
    random = Random(seed)
    files = Files(random)
    written = files.file()
    try:
        writer = FORMAT.parse(written.text())
        reader = FORMAT.parse(files.evolved(written).text())
    except InvalidSchema:
        return
    broken = bool(incompatibilities(reader, writer))
    SEEN["incompatible" if broken else "compatible"] += 1
    for _ in range(3):
        value = message_class(writer)()
        fill(random, value)
        data = value.SerializeToString()
        if broken:
            continue
        seen = message_class(reader).FromString(data)
        assert not list(lost(value, seen)), (seed, writer.canonical(), reader.canonical())


def test_what_is_called_compatible_is_read_as_it_was_written() -> None:
    _attack()

    assert SEEN["compatible"] > EXAMPLES / 10
    assert SEEN["incompatible"] > EXAMPLES / 10
