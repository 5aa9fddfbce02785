"""Candidates: what a client sent, made whole, read and named, before it is anything.

Called by: registration, lookup, checks.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from schema_registry.errors import InvalidSchema, SchemaFormatUnsupported
from schema_registry.formats.schema_format import ParsedSchema
from schema_registry.model import (
    Metadata,
    RuleSet,
    SchemaContent,
    SchemaReference,
    SchemaType,
    StoredSchema,
)
from schema_registry.registry.context import RegistryContext
from schema_registry.registry.contracts import (
    check_rule_set,
    merge_metadata,
    merge_rule_sets,
    without_version,
)
from schema_registry.registry.effective import Effective
from schema_registry.registry.identity import guid_of


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSchema:
    """A schema as a client sends it."""

    text: str
    schema_type: SchemaType = SchemaType.AVRO
    references: tuple[SchemaReference, ...] = ()
    metadata: Metadata | None = None
    rule_set: RuleSet | None = None
    schema_id: int | None = None
    """The one it had elsewhere."""

    version: int | None = None
    """The one it must get."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A schema that was read."""

    content: SchemaContent
    parsed: ParsedSchema
    guid: str


def with_previous(new: NewSchema, latest: StoredSchema | None, effective: Effective) -> NewSchema:
    """Return what a client means: what it leaves out is as before, settings are merged in.

    Raises:
        InvalidSchema: There is no text, and none before.
    """
    if not new.text.strip():
        if latest is None:
            raise InvalidSchema("", "Empty schema")
        content = latest.content
        new = replace(
            new,
            text=content.text,
            schema_type=content.schema_type,
            references=new.references or content.references,
        )
    metadata, rule_set = new.metadata, new.rule_set
    if latest is not None:
        metadata = latest.content.metadata if metadata is None else metadata
        rule_set = latest.content.rule_set if rule_set is None else rule_set
    config = effective.config
    return replace(
        new,
        metadata=merge_metadata(config.default_metadata, metadata, config.override_metadata),
        rule_set=merge_rule_sets(config.default_rule_set, rule_set, config.override_rule_set),
    )


async def read_candidate(
    context: RegistryContext,
    subject_context: str,
    new: NewSchema,
    *,
    normalize: bool,
    strict: bool,
    check_rules: bool = True,
) -> Candidate:
    """Return what was sent as a schema.

    Args:
        context: The registry.
        subject_context: Where references without a context are looked for.
        new: As it was sent, or made whole.
        normalize: Keep the normalized text.
        strict: As new schemas are checked.
        check_rules: Refuse rules that clients could not execute.

    Raises:
        InvalidSchema: It is none.
        InvalidRuleSet: Its rules are none.
    """
    if not new.text.strip():
        raise InvalidSchema("", "Empty schema")
    if check_rules:
        check_rule_set(new.rule_set)
    references = await context.schemas.pinned(subject_context, new.references)
    if normalize:
        references = _sorted(references)
    referred = await context.schemas.resolve(subject_context, references)
    parsed = await context.schemas.parse(new.schema_type, new.text, referred, strict=strict)
    content = SchemaContent(
        schema_type=new.schema_type,
        text=parsed.normalized() if normalize else parsed.canonical(),
        references=references,
        metadata=new.metadata,
        rule_set=new.rule_set,
    )
    return Candidate(content=content, parsed=parsed, guid=guid_of(content))


def may_stand_for(candidate: Candidate, stored: StoredSchema) -> bool:
    """Say whether it is worth asking ``stands_for``; for most of many versions it is not."""
    here, there = candidate.content, stored.content
    return here.text == there.text or (not here.references and bool(there.references))


async def stands_for(context: RegistryContext, candidate: Candidate, stored: StoredSchema) -> bool:
    """Say whether a candidate means a schema that is kept, though their contents differ.

    It may have written out what the other refers to, or say another version of itself.
    """
    here, there = candidate.content, stored.content
    if here.schema_type is not there.schema_type or here.rule_set != there.rule_set:
        return False
    if without_version(here.metadata) != without_version(there.metadata):
        return False
    if here.text == there.text and here.references == there.references:
        return True
    if here.references or not there.references:
        return False
    try:
        return candidate.parsed.canonical() == (await context.schemas.stored(stored)).formatted(
            "resolved"
        )
    except SchemaFormatUnsupported:
        return False


def _sorted(references: Sequence[SchemaReference]) -> tuple[SchemaReference, ...]:
    return tuple({one.name: one for one in sorted(references, key=lambda one: one.name)}.values())
