"""The model that two schemas are compared in: what a subschema demands, by kind of value.

It is the object model of the library that Confluent's registry loads schemas with, because the
registry's verdicts follow from it: a ``type`` list is an "anyOf"; keywords of several kinds beside
each other, or a type beside ``enum``, are an "allOf" of parts; ``{}`` and ``true`` accept
everything. Whether a value must be of the kind at all (``requiresObject`` there) is no part of it.

Invariants: nodes are compared by identity; each subschema of a model is one node, so cycles of
references are cycles of nodes; a node is not changed once its model is built.
Called by: model (which builds them), compatibility.json_schema. Calls: nothing.
Source: org.everit.json.schema, and how Confluent's SchemaTranslator maps modern drafts onto it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from typing import Any, TypeAlias


class Kind(Enum):
    """What sort of demand a node is; nodes of different sorts are not compared further."""

    EMPTY = "everything"
    FALSE = "nothing"
    BOOLEAN = "boolean"
    NULL = "null"
    STRING = "string"
    NUMBER = "number"
    ARRAY = "array"
    OBJECT = "object"
    ENUM = "enum"
    CONST = "const"
    NOT = "not"
    COMBINED = "combination"
    CONDITIONAL = "if"
    REFERENCE = "reference"
    META_SCHEMA = "meta-schema"


class Criterion(Enum):
    """How many members of a combination must accept a value."""

    ALL = "allOf"
    ANY = "anyOf"
    ONE = "oneOf"


@dataclass(frozen=True, slots=True, kw_only=True)
class StringFacts:
    """Bounds of a string."""

    min_length: Decimal | None
    max_length: Decimal | None
    pattern: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberFacts:
    """Bounds of a number; the exclusive ones of draft 4, which are booleans, are not seen."""

    minimum: Decimal | None
    maximum: Decimal | None
    exclusive_minimum: Decimal | None
    exclusive_maximum: Decimal | None
    multiple_of: Decimal | None
    is_integer: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrayFacts:
    """Demands on an array."""

    items: "Node | None"
    """For all items, where there is no tuple."""

    prefix: "tuple[Node, ...]"
    allows_additional: bool
    additional: "Node | None"
    """For the items behind the tuple."""

    unevaluated: "Node | None"
    contains: "Node | None"
    """Not compared, but by ``min_contains`` and ``max_contains``."""

    min_items: Decimal | None
    max_items: Decimal | None
    min_contains: Decimal | None
    max_contains: Decimal | None
    unique: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectFacts:
    """Demands on an object."""

    properties: "Mapping[str, Node]"
    required: frozenset[str]
    patterns: "Mapping[str, Node]"
    allows_additional: bool
    additional: "Node | None"
    unevaluated: "Node | None"
    dependent_names: Mapping[str, frozenset[str]]
    dependent_schemas: "Mapping[str, Node]"
    min_properties: Decimal | None
    max_properties: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnumFacts:
    """Values, each as sorted JSON; a ``const`` has one."""

    values: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class CombinedFacts:
    """Members of a combination, without repetitions."""

    criterion: Criterion
    members: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True, kw_only=True)
class NotFacts:
    """What must not accept a value."""

    node: "Node"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceFacts:
    """What a reference leads to."""

    node: "Node"


@dataclass(frozen=True, slots=True, kw_only=True)
class MetaSchemaFacts:
    """Which draft's own schema this is."""

    uri: str


Facts: TypeAlias = (
    StringFacts
    | NumberFacts
    | ArrayFacts
    | ObjectFacts
    | EnumFacts
    | CombinedFacts
    | NotFacts
    | ReferenceFacts
    | MetaSchemaFacts
    | None
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotations:
    """What a subschema says without demanding anything."""

    uri: str | None = None
    title: str | None = None
    description: str | None = None
    default: str | None = None
    """As sorted JSON; None is no default."""

    connect_type: str | None = None
    """``connect.type``: what a Connect converter made the schema from."""


@dataclass(slots=True, kw_only=True, eq=False)
class Node:
    """One demand on a value. ``kind`` and ``facts`` are filled in when the model is built."""

    raw: Any
    """The subschema in the text, for those who ask what stands there."""

    kind: Kind = Kind.EMPTY
    facts: Facts = None
    annotations: Annotations = field(default_factory=Annotations)

    def resolved(self) -> "Node":
        """Return the node behind all references; the model has no circle of references alone."""
        node = self
        while node.kind is Kind.REFERENCE:
            assert isinstance(node.facts, ReferenceFacts)
            node = node.facts.node
        return node
