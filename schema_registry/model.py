"""Model: the words of the registry, as frozen values.

A subject is a name under which versions of one schema are kept; a schema has an id in its
context, the same for the same content whatever the subject. Names and values are those of
Confluent's Schema Registry.
Calls: nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class SchemaType(StrEnum):
    """The languages that schemas are written in."""

    AVRO = "AVRO"
    JSON = "JSON"
    PROTOBUF = "PROTOBUF"


class CompatibilityLevel(StrEnum):
    """Which data must stay readable when a subject gets a new version.

    BACKWARD: the new schema reads old data; FORWARD: the old one reads new data; FULL: both.
    The plain levels look at the latest version, the transitive ones at all.
    """

    NONE = "NONE"
    BACKWARD = "BACKWARD"
    BACKWARD_TRANSITIVE = "BACKWARD_TRANSITIVE"
    FORWARD = "FORWARD"
    FORWARD_TRANSITIVE = "FORWARD_TRANSITIVE"
    FULL = "FULL"
    FULL_TRANSITIVE = "FULL_TRANSITIVE"

    @property
    def is_transitive(self) -> bool:
        """Whether all versions count, not the latest alone."""
        return self.value.endswith("_TRANSITIVE")

    @property
    def reads_old(self) -> bool:
        """Whether the new schema has to read data of the old ones."""
        return self.value.startswith(("BACKWARD", "FULL"))

    @property
    def is_read_by_old(self) -> bool:
        """Whether the old schemas have to read data of the new one."""
        return self.value.startswith(("FORWARD", "FULL"))


class CompatibilityPolicy(StrEnum):
    """How strictly changes are judged; the formats that know no difference ignore it."""

    STRICT = "STRICT"
    LENIENT = "LENIENT"
    LOGICAL = "LOGICAL"


class Mode(StrEnum):
    """What may be changed."""

    READWRITE = "READWRITE"
    READONLY = "READONLY"
    READONLY_OVERRIDE = "READONLY_OVERRIDE"
    IMPORT = "IMPORT"
    FORWARD = "FORWARD"

    @property
    def is_read_only(self) -> bool:
        """Whether nothing may be changed."""
        return self in (Mode.READONLY, Mode.READONLY_OVERRIDE)

    @property
    def takes_ids(self) -> bool:
        """Whether schemas come with the ids they had elsewhere."""
        return self in (Mode.IMPORT, Mode.FORWARD)


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaReference:
    """Where a schema finds a type that it does not define."""

    name: str
    """As the schema calls it: an Avro full name, a Protobuf import path, a JSON ``$ref`` URI."""

    subject: str
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedReference:
    """A reference with the text that it leads to, and all that this text refers to."""

    name: str
    text: str
    references: "tuple[ResolvedReference, ...]" = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What a schema says of itself beside its text."""

    tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Paths in the schema to sorted tags."""

    properties: Mapping[str, str] = field(default_factory=dict)
    sensitive: tuple[str, ...] = ()
    """Names of properties that hold secrets, sorted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of a data contract; clients execute it, the registry keeps it."""

    name: str
    doc: str | None = None
    kind: str | None = None
    mode: str | None = None
    type: str | None = None
    tags: tuple[str, ...] = ()
    params: Mapping[str, str] = field(default_factory=dict)
    expr: str | None = None
    on_success: str | None = None
    on_failure: str | None = None
    disabled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """The rules of a schema; ``None`` is a list that was not given."""

    migration_rules: tuple[Rule, ...] | None = None
    domain_rules: tuple[Rule, ...] | None = None
    encoding_rules: tuple[Rule, ...] | None = None
    enable_at: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaContent:
    """All that makes a schema the one it is; schemas of equal content share an id."""

    schema_type: SchemaType
    text: str
    """Canonical."""

    references: tuple[SchemaReference, ...] = ()
    metadata: Metadata | None = None
    rule_set: RuleSet | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSchema:
    """A schema as it is kept: content under an id of a context."""

    context: str
    schema_id: int
    guid: str
    """The content's digest as a UUID, the same in every context."""

    content: SchemaContent
    created_at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectVersion:
    """One version of a subject."""

    subject: str
    """Qualified by its context, unless that is the default one."""

    version: int
    schema: StoredSchema
    deleted: bool = False
    """Softly: no longer listed, but its id still answers."""

    registered_at_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectConfig:
    """What a subject, a context or all of them are set to; None is what is not set."""

    compatibility_level: CompatibilityLevel | None = None
    compatibility_policy: CompatibilityPolicy | None = None
    compatibility_group: str | None = None
    """A property: only versions with the same value of it are compared."""

    normalize: bool | None = None
    validate_fields: bool | None = None
    validate_new_schemas: bool | None = None
    validate_rules: bool | None = None
    alias: str | None = None
    """A subject that this one is another name of."""

    alias_for_deks: str | None = None
    default_metadata: Metadata | None = None
    override_metadata: Metadata | None = None
    default_rule_set: RuleSet | None = None
    override_rule_set: RuleSet | None = None
