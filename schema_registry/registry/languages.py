"""Languages: what the registry needs of each type of schema, its format and its comparison.

Each is loaded with the first schema of its type: a node that meets none starts without them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from schema_registry.compatibility.incompatibility import Incompatibility
from schema_registry.formats.schema_format import ParsedSchema, SchemaFormat
from schema_registry.model import CompatibilityPolicy, SchemaType

Compare = Callable[[ParsedSchema, ParsedSchema, CompatibilityPolicy], list[Incompatibility]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """One type of schema."""

    format: SchemaFormat
    incompatibilities: Compare


@cache
def language_of(schema_type: SchemaType) -> Language:
    """Return the language of a type."""
    return _LOADED[schema_type]()


def _avro() -> Language:
    from schema_registry.compatibility.avro import incompatibilities
    from schema_registry.formats.avro.avro_format import AvroFormat

    return Language(format=AvroFormat(), incompatibilities=incompatibilities)


def _json_schema() -> Language:
    from schema_registry.compatibility.json_schema.verdict import incompatibilities
    from schema_registry.formats.json_schema.schema import JsonSchemaFormat

    return Language(format=JsonSchemaFormat(), incompatibilities=incompatibilities)


def _protobuf() -> Language:
    from schema_registry.compatibility.protobuf.verdict import incompatibilities
    from schema_registry.formats.protobuf.protobuf_format import ProtobufFormat

    return Language(format=ProtobufFormat(), incompatibilities=incompatibilities)


_LOADED: dict[SchemaType, Callable[[], Language]] = {
    SchemaType.AVRO: _avro,
    SchemaType.JSON: _json_schema,
    SchemaType.PROTOBUF: _protobuf,
}
