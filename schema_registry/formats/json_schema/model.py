"""Builds the model of a schema: subschemas to nodes, without recursion.

Invariants: the model is built once per schema; building is linear in its subschemas.
Called by: schema. Calls: nodes, documents.
Source: the extractors of Everit's SchemaLoader for drafts 4 to 7; Confluent's SchemaTranslator for
2019-09 and 2020-12. Where the latter loses the meaning of a schema (it flattens a typed member with
an ``enum`` into the combination around it) this model keeps it.
"""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from schema_registry.formats.json_schema.documents import Documents, MetaSchema
from schema_registry.formats.json_schema.drafts import Draft
from schema_registry.formats.json_schema.json_text import print_json
from schema_registry.formats.json_schema.nodes import (
    Annotations,
    ArrayFacts,
    CombinedFacts,
    Criterion,
    EnumFacts,
    Facts,
    Kind,
    MetaSchemaFacts,
    Node,
    NotFacts,
    NumberFacts,
    ObjectFacts,
    ReferenceFacts,
    StringFacts,
)
from schema_registry.formats.json_schema.structure import is_number

_ARRAY: Final = frozenset(
    {"items", "additionalItems", "minItems", "maxItems", "uniqueItems", "contains"}
)
_MODERN_ARRAY: Final = _ARRAY | {"prefixItems", "unevaluatedItems"}
_OBJECT: Final = frozenset(
    {
        *("properties", "required", "minProperties", "maxProperties", "dependencies"),
        *("patternProperties", "additionalProperties", "propertyNames"),
    }
)
_MODERN_OBJECT: Final = (_OBJECT - {"dependencies"}) | {
    *("dependentRequired", "dependentSchemas", "unevaluatedProperties"),
}
_NUMBER: Final = frozenset(
    {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}
)
_STRING: Final = frozenset({"minLength", "maxLength", "pattern", "format"})
_CONDITION: Final = frozenset({"if", "then", "else"})

_Part = tuple[Kind, Facts]


class ModelBuilder:
    """Builds the nodes of one schema."""

    def __init__(self, documents: Documents) -> None:
        """Take what the references lead to."""
        self._documents = documents
        self._nodes: dict[int, Node] = {}
        self._waiting: list[tuple[Node, Mapping[str, Any]]] = []

    def build(self) -> Node:
        """Return the node of the schema itself."""
        root = self._node(self._documents.root)
        while self._waiting:
            node, schema = self._waiting.pop()
            self._fill(node, schema)
        return root

    def _node(self, schema: Any) -> Node:
        """Return the node of a subschema; it is filled later."""
        if isinstance(schema, bool):
            return Node(raw=schema, kind=Kind.EMPTY if schema else Kind.FALSE)
        if id(schema) not in self._nodes:
            self._nodes[id(schema)] = Node(raw=schema)
            self._waiting.append((self._nodes[id(schema)], schema))
        return self._nodes[id(schema)]

    def _fill(self, node: Node, schema: Mapping[str, Any]) -> None:
        draft = self._documents.scope(schema).draft
        parts = list(self._parts(schema, draft))
        if not parts:
            node.kind, node.facts = Kind.EMPTY, None
        elif len(parts) == 1:
            node.kind, node.facts = parts[0]
        else:
            members = [Node(raw=schema, kind=kind, facts=facts) for kind, facts in parts]
            node.kind = Kind.COMBINED
            node.facts = _combined(Criterion.ALL, members)
        node.annotations = _annotations(schema, draft)

    def _parts(self, schema: Mapping[str, Any], draft: Draft) -> Iterator[_Part]:
        """Yield what a subschema demands, each kind of demand apart."""
        for keyword in self._documents.reference_keywords(schema):
            yield self._reference(schema, keyword)
            if not draft.is_modern:
                return
        if "enum" in schema:
            yield Kind.ENUM, EnumFacts(values=frozenset(map(_sorted, schema["enum"])))
        for criterion in Criterion:
            if criterion.value in schema:
                yield Kind.COMBINED, self._combination(criterion, schema[criterion.value])
        if "not" in schema:
            yield Kind.NOT, NotFacts(node=self._node(schema["not"]))
        if "const" in schema and draft >= Draft.DRAFT_6:
            yield Kind.CONST, EnumFacts(values=frozenset({_sorted(schema["const"])}))
        yield from self._typed(schema, draft)
        if draft >= Draft.DRAFT_7 and not _CONDITION.isdisjoint(schema):
            yield Kind.CONDITIONAL, None

    def _reference(self, schema: Mapping[str, Any], keyword: str) -> _Part:
        target = self._documents.target(schema, keyword)
        if isinstance(target, MetaSchema):
            return Kind.META_SCHEMA, MetaSchemaFacts(uri=target.uri.removesuffix("#"))
        return Kind.REFERENCE, ReferenceFacts(node=self._node(target))

    def _combination(self, criterion: Criterion, schemas: list[Any]) -> CombinedFacts:
        """Return a combination, its members told apart by what they say."""
        distinct: dict[str, Any] = {}
        for schema in schemas:
            distinct.setdefault(_identity(schema), schema)
        return CombinedFacts(criterion=criterion, members=tuple(map(self._node, distinct.values())))

    def _typed(self, schema: Mapping[str, Any], draft: Draft) -> Iterator[_Part]:
        """Yield what ``type`` demands, and what keywords of other kinds do."""
        readers = self._readers(draft)
        rest = set(schema)
        named = schema.get("type")
        types = [named] if isinstance(named, str) else named or []
        typed = []
        for name in types:
            kind, keywords, read = readers[name]
            typed.append((kind, read(schema)))
            rest -= keywords
        if isinstance(named, str):
            yield from typed
        elif types:
            members = [Node(raw=schema, kind=kind, facts=facts) for kind, facts in typed]
            yield Kind.COMBINED, _combined(Criterion.ANY, members)
        for name in ("array", "object", "number", "string"):
            kind, keywords, read = readers[name]
            if not keywords.isdisjoint(rest):
                yield kind, read(schema)

    def _readers(
        self, draft: Draft
    ) -> Mapping[str, tuple[Kind, frozenset[str], Callable[[Mapping[str, Any]], Facts]]]:
        """Return for each type its kind, its keywords and what reads them."""
        modern = draft.is_modern

        def number(schema: Mapping[str, Any]) -> Facts:
            return _number_facts(schema, draft, is_integer=False)

        def integer(schema: Mapping[str, Any]) -> Facts:
            return _number_facts(schema, draft, is_integer=True)

        def array(schema: Mapping[str, Any]) -> Facts:
            return self._array_facts(schema, draft)

        def obj(schema: Mapping[str, Any]) -> Facts:
            return self._object_facts(schema, draft)

        return {
            "array": (Kind.ARRAY, _MODERN_ARRAY if modern else _ARRAY, array),
            "object": (Kind.OBJECT, _MODERN_OBJECT if modern else _OBJECT, obj),
            "number": (Kind.NUMBER, _NUMBER, number),
            "integer": (Kind.NUMBER, _NUMBER, integer),
            "string": (Kind.STRING, _STRING - {"format"} if modern else _STRING, _string_facts),
            "boolean": (Kind.BOOLEAN, frozenset(), _no_facts),
            "null": (Kind.NULL, frozenset(), _no_facts),
        }

    def _array_facts(self, schema: Mapping[str, Any], draft: Draft) -> ArrayFacts:
        items, additional = schema.get("items"), schema.get("additionalItems")
        prefix = schema.get("prefixItems", []) if draft is Draft.DRAFT_2020_12 else []
        if isinstance(items, list):
            prefix, items = items, None
        elif draft.is_modern and (prefix or isinstance(items, bool)):
            additional, items = items, None
        has_contains = draft.is_modern and "contains" in schema
        return ArrayFacts(
            items=self._optional(items),
            prefix=tuple(map(self._node, prefix)),
            allows_additional=additional is not False,
            additional=None if isinstance(additional, bool) else self._optional(additional),
            unevaluated=self._optional(schema.get("unevaluatedItems") if draft.is_modern else None),
            contains=self._optional(schema.get("contains")),
            min_items=_decimal(schema.get("minItems")),
            max_items=_decimal(schema.get("maxItems")),
            min_contains=_decimal(schema.get("minContains", 1 if has_contains else None)),
            max_contains=_decimal(schema.get("maxContains")),
            unique=schema.get("uniqueItems") is True,
        )

    def _object_facts(self, schema: Mapping[str, Any], draft: Draft) -> ObjectFacts:
        additional = schema.get("additionalProperties")
        unevaluated = schema.get("unevaluatedProperties") if draft.is_modern else None
        names, schemas = _dependencies(schema, draft)
        return ObjectFacts(
            properties={k: self._node(v) for k, v in schema.get("properties", {}).items()},
            required=frozenset(schema.get("required", [])),
            patterns={k: self._node(v) for k, v in schema.get("patternProperties", {}).items()},
            allows_additional=additional is not False,
            additional=None if isinstance(additional, bool) else self._optional(additional),
            unevaluated=self._optional(unevaluated),
            dependent_names={k: frozenset(v) for k, v in names.items() if v},
            dependent_schemas={k: self._node(v) for k, v in schemas.items()},
            min_properties=_decimal(schema.get("minProperties")),
            max_properties=_decimal(schema.get("maxProperties")),
        )

    def _optional(self, schema: Any) -> Node | None:
        return None if schema is None else self._node(schema)


def _combined(criterion: Criterion, members: list[Node]) -> CombinedFacts:
    """Return a combination of parts; combinations among them come first, as Everit sorts them."""
    members.sort(key=lambda member: member.kind is not Kind.COMBINED)
    return CombinedFacts(criterion=criterion, members=tuple(members))


def _string_facts(schema: Mapping[str, Any]) -> StringFacts:
    return StringFacts(
        min_length=_decimal(schema.get("minLength")),
        max_length=_decimal(schema.get("maxLength")),
        pattern=schema.get("pattern"),
    )


def _number_facts(schema: Mapping[str, Any], draft: Draft, *, is_integer: bool) -> NumberFacts:
    exclusive = {} if draft is Draft.DRAFT_4 else schema
    return NumberFacts(
        minimum=_decimal(schema.get("minimum")),
        maximum=_decimal(schema.get("maximum")),
        exclusive_minimum=_decimal(exclusive.get("exclusiveMinimum")),
        exclusive_maximum=_decimal(exclusive.get("exclusiveMaximum")),
        multiple_of=_decimal(schema.get("multipleOf")),
        is_integer=is_integer,
    )


def _no_facts(schema: Mapping[str, Any]) -> None:
    """Read the keywords of types that have none."""


def _dependencies(
    schema: Mapping[str, Any], draft: Draft
) -> tuple[Mapping[str, list[str]], Mapping[str, Any]]:
    """Return which names a property brings with it, and which schemas."""
    if draft.is_modern:
        return schema.get("dependentRequired", {}), schema.get("dependentSchemas", {})
    mixed = schema.get("dependencies", {})
    names = {k: v for k, v in mixed.items() if isinstance(v, list)}
    return names, {k: v for k, v in mixed.items() if not isinstance(v, list)}


def _annotations(schema: Mapping[str, Any], draft: Draft) -> Annotations:
    default = schema.get("default")
    has_default = "default" in schema and not (draft.is_modern and default is None)
    connect_type = schema.get("connect.type")
    return Annotations(
        uri=_text(schema.get(draft.id_keyword)),
        title=_text(schema.get("title")),
        description=_text(schema.get("description")),
        default=_sorted(default) if has_default else None,
        connect_type=_text(connect_type),
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _decimal(value: Any) -> Decimal | None:
    return Decimal(value) if is_number(value) else None


def _sorted(value: Any) -> str:
    """Return a value's identity: sorted JSON, numbers by their value."""
    return print_json(_plain(value), is_sorted=True)


def _identity(schema: Any) -> str:
    return print_json(schema, is_sorted=True)


def _plain(value: Any) -> Any:
    """Return a value with numbers written one way: 1, 1.0 and 1e0 are the same."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if is_number(value):
        number = Decimal(value)
        return int(number) if number == number.to_integral_value() else number.normalize()
    return value
