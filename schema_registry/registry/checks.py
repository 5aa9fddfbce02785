"""Checks: a candidate against the versions of a subject, as its settings say.

Versions are judged newest first, until one fails. With a compatibility group only versions count
that have the same value of its property.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from schema_registry.compatibility.incompatibility import Incompatibility
from schema_registry.compatibility.levels import differences, judged_versions, printed
from schema_registry.errors import InvalidSchema, VersionNotFound
from schema_registry.formats.avro.avro_format import AvroSchema
from schema_registry.formats.avro.types import Record
from schema_registry.formats.schema_format import ParsedSchema
from schema_registry.model import SchemaType, StoredSchema
from schema_registry.registry.candidates import Candidate, NewSchema, read_candidate
from schema_registry.registry.context import RegistryContext
from schema_registry.registry.contracts import RESERVED_PROPERTY
from schema_registry.registry.effective import Effective
from schema_registry.registry.languages import language_of
from schema_registry.registry.nearest import describe_versions
from schema_registry.registry.resolving import written_subject
from schema_registry.store import Version
from schema_registry.subjects import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What came of one version."""

    version: int
    schema_id: int
    incompatibilities: tuple[Incompatibility, ...]
    messages: tuple[str, ...]
    """As clients print them."""

    @property
    def is_compatible(self) -> bool:
        """Whether nothing breaks."""
        return not self.incompatibilities


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """What came of a check."""

    verdicts: tuple[Verdict, ...] = ()
    invalid: str | None = None
    """Why the candidate is no schema, if it is none."""

    @property
    def is_compatible(self) -> bool:
        """Whether it may be registered."""
        return self.invalid is None and all(one.is_compatible for one in self.verdicts)

    @property
    def messages(self) -> list[str]:
        """All that clients print."""
        if self.invalid is not None:
            return [self.invalid]
        return [message for one in self.verdicts for message in one.messages]


async def check(
    context: RegistryContext,
    subject: Subject,
    new: NewSchema,
    *,
    version: int | None = None,
    latest: bool = False,
    normalize: bool = False,
) -> CheckResult:
    """Say whether a schema could be registered, as far as other versions go.

    Args:
        context: The registry.
        subject: Where; it need not exist.
        new: The schema.
        version: Judge against this one alone.
        latest: Judge against the latest one alone, if there is one.
        normalize: As for register.

    Raises:
        VersionNotFound: There is no such version.
    """
    subject = await written_subject(context, subject)
    effective = await context.views.effective(subject)
    live = [one for one in await context.views.versions(subject) if not one.deleted]
    if version is not None:
        there, live = live, [one for one in live if one.version == version]
        if not live:
            raise VersionNotFound(describe_versions(version, there))
    try:
        candidate = await read_candidate(
            context,
            subject.context,
            new,
            normalize=normalize or bool(effective.config.normalize),
            strict=effective.config.validate_new_schemas is not False,
        )
    except InvalidSchema as error:
        return CheckResult(invalid=str(error))
    one_only = version is not None or latest
    return CheckResult(
        verdicts=await judge(
            context, subject, candidate, live[-1:] if one_only else live, effective
        )
    )


async def judge(
    context: RegistryContext,
    subject: Subject,
    candidate: Candidate,
    live: Sequence[Version],
    effective: Effective,
) -> tuple[Verdict, ...]:
    """Return the verdict on each version that counts, until one fails."""
    group = effective.config.compatibility_group
    if not group:
        live = list(reversed(judged_versions(effective.level, live)))
    schemas = await context.views.schemas(subject.context, [one.schema_id for one in live])
    found = [(one, schemas[one.schema_id]) for one in live if one.schema_id in schemas]
    if group:
        mine = _property(candidate.content.metadata, group)
        found = [pair for pair in found if _property(pair[1].content.metadata, group) == mine]
    verdicts: list[Verdict] = []
    for version, schema in judged_versions(effective.level, found):
        verdicts.append(await _judge_one(context, candidate, version, schema, effective))
        if not verdicts[-1].is_compatible:
            break
    return tuple(verdicts)


async def _judge_one(
    context: RegistryContext,
    candidate: Candidate,
    version: Version,
    schema: StoredSchema,
    effective: Effective,
) -> Verdict:
    old = await context.schemas.stored(schema)
    compare = language_of(candidate.content.schema_type).incompatibilities
    found = await context.workers.run(
        len(candidate.content.text) + len(schema.content.text),
        lambda: differences(effective.level, effective.policy, candidate.parsed, old, compare),
    )
    if effective.config.validate_fields:
        found = [*found, *_reserved(candidate, schema)]
    return Verdict(
        version=version.version,
        schema_id=version.schema_id,
        incompatibilities=tuple(found),
        messages=_messages(found, version, schema, effective) if found else (),
    )


def _messages(
    found: Sequence[Incompatibility], version: Version, schema: StoredSchema, effective: Effective
) -> tuple[str, ...]:
    validate_fields = str(bool(effective.config.validate_fields)).lower()
    return (
        *(printed(one) for one in found),
        f"{{oldSchemaVersion: {version.version}}}",
        f"{{oldSchema: '{schema.content.text}'}}",
        f"{{validateFields: '{validate_fields}', compatibility: '{effective.level.value}'}}",
    )


def _property(metadata: object, name: str) -> str | None:
    properties = getattr(metadata, "properties", None) or {}
    found = properties.get(name)
    return None if found is None else str(found)


def _reserved(candidate: Candidate, old: StoredSchema) -> list[Incompatibility]:
    """Return fields that are used though reserved, and those that are reserved no longer."""
    here = _reserved_names(candidate.content.metadata)
    gone = _reserved_names(old.content.metadata) - here
    used = here & _field_names(candidate.parsed)
    return [
        Incompatibility(
            kind=kind, path=f"/metadata/properties/{RESERVED_PROPERTY}", message=message % name
        )
        for kind, names, message in (
            ("RESERVED_FIELD_REMOVED", gone, "the field %s was reserved and is not any more"),
            ("FIELD_CONFLICTS_WITH_RESERVED_FIELD", used, "the field %s is reserved"),
        )
        for name in sorted(names)
    ]


def _reserved_names(metadata: object) -> set[str]:
    text = _property(metadata, RESERVED_PROPERTY) or ""
    return {name.strip() for name in text.split(",") if name.strip()}


def _field_names(parsed: ParsedSchema) -> set[str]:
    """Return the names of the fields that values have at the top."""
    if isinstance(parsed, AvroSchema):
        root = parsed.root
        return {field.name for field in root.fields} if isinstance(root, Record) else set()
    if parsed.schema_type is SchemaType.JSON:
        value = json.loads(parsed.canonical())
        properties = value.get("properties") if isinstance(value, dict) else None
        return set(properties) if isinstance(properties, dict) else set()
    return set()
