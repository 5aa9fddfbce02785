"""Samples: an example record of a schema, for people who want to see what to send.

Each language makes one; whatever it is, the schema's own codec has to take it before it is shown.
Pure. Called by: the command line.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from schema_registry.errors import InvalidPayload, RegistryError
from schema_registry.formats.schema_format import ParsedSchema
from schema_registry.model import ResolvedReference, SchemaType
from schema_registry.registry.languages import language_of


class NoSample(RegistryError):
    """No value was found that the schema takes; there may be none."""


def sample_of(
    schema_type: SchemaType, text: str, references: Sequence[ResolvedReference] = ()
) -> Any:
    """Return a value, as producers send it, that a schema takes.

    Raises:
        InvalidSchema: The text is none.
        NoSample: None was found.
    """
    language = language_of(schema_type)
    parsed = language.format.parse(text, references, strict=False)
    try:
        codec = language.format.codec(parsed)
    except InvalidPayload as error:
        raise NoSample(f"the schema describes no record: {error}") from error
    for value in _CANDIDATES[schema_type](parsed):
        try:
            codec.encode(value)
        except InvalidPayload:
            continue
        return value
    raise NoSample("no record was found that the schema takes")


def _avro(parsed: ParsedSchema) -> Iterator[Any]:
    from schema_registry.formats.avro import samples
    from schema_registry.formats.avro.avro_format import AvroSchema

    assert isinstance(parsed, AvroSchema), "a schema of this language"
    try:
        yield samples.sample(parsed.root)
    except samples.NoSample as error:
        raise NoSample("the schema has no value that is small enough, or none at all") from error


def _protobuf(parsed: ParsedSchema) -> Iterator[Any]:
    from schema_registry.formats.protobuf.samples import sample
    from schema_registry.formats.protobuf.schema import ProtobufSchema

    assert isinstance(parsed, ProtobufSchema), "a schema of this language"
    name = parsed.record_name()
    if name is not None:
        yield sample(parsed.message_type(name))


def _json_schema(parsed: ParsedSchema) -> Iterator[Any]:
    """Yield the schema's own examples, then what is made up, the fullest first."""
    from schema_registry.compatibility.json_schema.samples import samples
    from schema_registry.formats.json_schema.schema import JsonSchema

    assert isinstance(parsed, JsonSchema), "a schema of this language"
    root = json.loads(parsed.canonical())
    examples = root.get("examples") if isinstance(root, dict) else None
    if isinstance(examples, list):
        yield from examples
    yield from sorted(samples(parsed.node, parsed.node), key=_fullness)


def _fullness(value: Any) -> tuple[int, int]:
    """Return what sorts objects with many values first, among equals the shortest."""
    return -_count(value), len(json.dumps(value, default=str))


def _count(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + sum(map(_count, value.values()))
    return 1 + sum(map(_count, value)) if isinstance(value, list) else int(value is not None)


_CANDIDATES = {
    SchemaType.AVRO: _avro,
    SchemaType.JSON: _json_schema,
    SchemaType.PROTOBUF: _protobuf,
}
