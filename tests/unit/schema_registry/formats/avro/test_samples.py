"""Samples: each is a value of its schema."""

import json
from typing import Any

import pytest

from schema_registry.formats.avro.avro_format import AvroFormat
from schema_registry.formats.avro.samples import NoSample, sample
from schema_registry.formats.avro.types import Enum, Record, Union
from tests.support.registry.avro_cases import CASES

FORMAT = AvroFormat()
ENDLESS = {"type": "record", "name": "R", "fields": [{"name": "r", "type": "R"}]}


@pytest.mark.parametrize("text", sorted({json.dumps(case.writer) for case in CASES}))
def test_a_sample_is_a_value(text: str) -> None:
    schema = FORMAT.parse(text)

    try:
        value = sample(schema.root)
    except NoSample:
        assert text == "[]"
    else:
        codec = FORMAT.codec(schema)
        assert codec.decode(codec.encode(value)) == value


def test_choices_are_taken() -> None:
    schema = FORMAT.parse('["null",{"type":"enum","name":"E","symbols":["A","B"]}]')
    assert isinstance(schema.root, Union)
    enum = schema.root.branches[1]
    assert isinstance(enum, Enum)

    assert sample(schema.root, {id(schema.root): 0}) is None
    assert sample(schema.root, {id(schema.root): 1, id(enum): "B"}) == {"E": "B"}


def test_a_type_without_a_value_has_no_sample() -> None:
    schema: Any = FORMAT.parse(json.dumps(ENDLESS))
    assert isinstance(schema.root, Record)

    with pytest.raises(NoSample):
        sample(schema.root)
