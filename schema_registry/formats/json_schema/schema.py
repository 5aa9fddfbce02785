"""JSON Schema for the registry: texts to schemas that can be stored, compared and validated with.

The canonical text is the text printed compactly, its keys in the order they came in; the normalized
one has them sorted. ``format=resolved`` is ours: one text that holds all it refers to.

Invariants: a schema that was parsed has all its references resolved and every keyword well formed;
one that was parsed strictly has a validator as well.
Called by: registry, compatibility. Calls: documents, model, flattening, validation, codec.
Source: JsonSchema of Confluent's json-schema-provider.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from schema_registry.errors import InvalidSchema, SchemaFormatUnsupported
from schema_registry.formats.json_schema.codec import JsonSchemaCodec
from schema_registry.formats.json_schema.documents import Documents
from schema_registry.formats.json_schema.expansion import check_expansion
from schema_registry.formats.json_schema.flattening import flatten
from schema_registry.formats.json_schema.json_text import parse_json, print_json
from schema_registry.formats.json_schema.model import ModelBuilder
from schema_registry.formats.json_schema.nodes import Node
from schema_registry.formats.json_schema.validation import Validation
from schema_registry.formats.schema_format import ParsedSchema
from schema_registry.model import ResolvedReference, SchemaType

_RESTRICTED_PREFIX = "$$"
"""What no property of a new schema may begin with: a rule of Confluent's registry."""


class JsonSchema:
    """One parsed schema."""

    schema_type = SchemaType.JSON

    def __init__(self, value: Any, references: Sequence[ResolvedReference] = ()) -> None:
        """Resolve and check a schema.

        Args:
            value: From ``parse_json``.
            references: The texts that it refers to.

        Raises:
            InvalidSchema: It is no schema; says where.
        """
        self._value = value
        self._documents = Documents(value, references)
        check_expansion(self._documents)

    def canonical(self) -> str:
        """Return the text that is stored, and compared for identity."""
        return self._canonical

    def normalized(self) -> str:
        """Return the text with sorted keys."""
        return print_json(self._value, is_sorted=True)

    def formatted(self, name: str) -> str:
        """Return another form of the text: ``resolved`` is the only one.

        Raises:
            SchemaFormatUnsupported: There is none of that name.
        """
        if name == "resolved":
            return print_json(flatten(self._documents))
        raise SchemaFormatUnsupported(name)

    def record_name(self) -> str | None:
        """Return the title."""
        title = self._value.get("title") if isinstance(self._value, dict) else None
        return title if isinstance(title, str) else None

    @property
    def property_names(self) -> frozenset[str]:
        """The names of the properties at the top; beside ``$ref`` they may be anything, or none."""
        properties = self._value.get("properties") if isinstance(self._value, dict) else None
        return frozenset(properties if isinstance(properties, dict) else ())

    @cached_property
    def node(self) -> Node:
        """The schema's model, for comparisons."""
        return ModelBuilder(self._documents).build()

    @cached_property
    def validation(self) -> Validation:
        """The schema's validators.

        Raises:
            InvalidSchema: No validator takes it.
        """
        return Validation(self._documents)

    @cached_property
    def _canonical(self) -> str:
        return print_json(self._value)


class JsonSchemaFormat:
    """The language, as the registry sees it."""

    schema_type = SchemaType.JSON

    def parse(
        self, text: str, references: Sequence[ResolvedReference] = (), *, strict: bool = True
    ) -> JsonSchema:
        """Return the schema of a text.

        Args:
            text: As it was sent, or as it is stored.
            references: What the text refers to.
            strict: Refuse what cannot be validated with, and names that are reserved.

        Raises:
            InvalidSchema: It is none; says where.
        """
        schema = JsonSchema(parse_json(text), references)
        if strict:
            for name in sorted(schema.property_names):
                if name.startswith(_RESTRICTED_PREFIX):
                    raise InvalidSchema(
                        f"/properties/{name}", f"no property begins with {_RESTRICTED_PREFIX}"
                    )
            assert schema.validation is not None, "a compiled validator"
        return schema

    def codec(self, schema: ParsedSchema) -> JsonSchemaCodec:
        """Return the codec of a schema of this format; worth keeping."""
        assert isinstance(schema, JsonSchema), "a schema of this format"
        return JsonSchemaCodec(schema.validation)
