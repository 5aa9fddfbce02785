"""Avro as a format: what a schema gives beside its text."""

import pytest

from schema_registry.errors import SchemaFormatUnsupported
from schema_registry.formats.avro.avro_format import AvroFormat
from schema_registry.formats.avro.types import Name, kind_of
from schema_registry.model import SchemaType

FORMAT = AvroFormat()


def test_named_types_have_record_names_and_others_have_none() -> None:
    schema = FORMAT.parse('{"type":"enum","name":"E","namespace":"a.b","symbols":["A"]}')

    assert schema.schema_type is FORMAT.schema_type is SchemaType.AVRO
    assert schema.record_name() == "a.b.E"
    assert FORMAT.parse('"int"').record_name() is None


def test_there_is_one_other_form() -> None:
    schema = FORMAT.parse('"int"')

    assert schema.formatted("resolved") == '"int"'
    with pytest.raises(SchemaFormatUnsupported):
        schema.formatted("serialized")


def test_names_are_as_short_as_their_surroundings_allow() -> None:
    name = Name("R", "a.b")

    assert name.full == "a.b.R"
    assert name.qualified("a.b") == "R"
    assert name.qualified("a") == "a.b.R"
    assert Name("R", None).qualified("a") == "R"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('"int"', "int"),
        ('["int"]', "union"),
        ('{"type":"map","values":"int"}', "map"),
        ('{"type":"error","name":"R","fields":[]}', "error"),
        ('{"type":"fixed","name":"F","size":1}', "fixed"),
    ],
)
def test_kinds_are_the_specification_s_words(text: str, kind: str) -> None:
    assert kind_of(FORMAT.parse(text).root) == kind
