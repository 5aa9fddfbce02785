"""Avro's verdicts against codecs and against Apache's own library.

Both property tests attack verdicts: what is called compatible is written and read by fastavro,
and what is called a counter-example is shown to break it.
"""

import io
import json
from random import Random
from typing import Any

import avro.schema
import fastavro
import pytest
from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType
from avro.errors import AvroException
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schema_registry.compatibility.avro import incompatibilities
from schema_registry.errors import InvalidSchema
from schema_registry.formats.avro.avro_format import AvroFormat
from tests.support.registry.avro_cases import CASES, Case
from tests.support.registry.avro_evolution import Schemas, value

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::avro.errors.IgnoredLogicalType"),
]
FORMAT = AvroFormat()
EXAMPLES = 600


def read_with(reader: Any, writer: Any, payload: bytes) -> Any:
    parsed_writer = fastavro.parse_schema(writer, named_schemas={})
    parsed_reader = fastavro.parse_schema(reader, named_schemas={})
    return fastavro.schemaless_reader(io.BytesIO(payload), parsed_writer, parsed_reader)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(min_value=0, max_value=2**32))
def test_what_is_called_compatible_can_be_read(seed: int) -> None:
    random = Random(seed)
    schemas = Schemas(random)
    writer = schemas.schema()
    reader = schemas.evolved(writer)
    try:
        parsed_writer = FORMAT.parse(json.dumps(writer))
        parsed_reader = FORMAT.parse(json.dumps(reader))
    except InvalidSchema:
        return
    if incompatibilities(parsed_reader, parsed_writer):
        return
    codec = FORMAT.codec(parsed_writer)
    for _ in range(5):
        payload = codec.encode(value(random, writer))
        read_with(reader, writer, payload)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(min_value=0, max_value=2**32))
def test_counter_examples_cannot_be_read(seed: int) -> None:
    schemas = Schemas(Random(seed))
    writer = schemas.schema()
    reader = schemas.evolved(writer)
    try:
        parsed_writer = FORMAT.parse(json.dumps(writer))
        parsed_reader = FORMAT.parse(json.dumps(reader))
    except InvalidSchema:
        return
    codec = FORMAT.codec(parsed_writer)
    for found in incompatibilities(parsed_reader, parsed_writer):
        if found.counter_example is not None:
            payload = codec.encode(json.loads(found.counter_example))
            with pytest.raises((fastavro.read.SchemaResolutionError, ValueError, IndexError)):
                read_with(reader, writer, payload)


APACHE_DIFFERS = {
    "alias without a dot is in the reader's namespace": (
        "the library compares the alias as it is written with the writer's full name"
    ),
    "a field and its alias are both written": "the library takes the first field that it finds",
    "error reads record": "the library compares no errors",
}
"""Cases where Apache's library for Python decides otherwise, and why."""


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_apache_s_library_agrees(case: Case) -> None:
    reader, writer = (avro.schema.parse(json.dumps(one)) for one in (case.reader, case.writer))

    try:
        verdict = ReaderWriterCompatibilityChecker().get_compatibility(reader, writer)
        agrees = (verdict.compatibility is SchemaCompatibilityType.compatible) == (not case.kinds)
    except AvroException:
        agrees = False

    assert agrees is (case.name not in APACHE_DIFFERS)
