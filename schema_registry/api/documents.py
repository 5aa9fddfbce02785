"""Schemas as clients send and get them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from schema_registry.api.requests import Request
from schema_registry.documents import (
    metadata_document,
    parse_metadata,
    parse_references,
    parse_rule_set,
    reference_documents,
    rule_set_document,
)
from schema_registry.errors import InvalidRequest, InvalidSchema, SchemaFormatUnsupported
from schema_registry.model import Metadata, RuleSet, SchemaType, StoredSchema, SubjectVersion
from schema_registry.registry.candidates import NewSchema
from schema_registry.registry.context import RegistryContext
from schema_registry.registry.contracts import merge_metadata, merge_rules
from schema_registry.subjects import parse_subject

Document = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How answers look."""

    old: bool = False
    """As before Confluent 8.0: no ``schemaType`` for Avro, no ``guid``, no ``ts``."""


def new_schema(given: Mapping[str, Any]) -> NewSchema:
    """Return the schema in a request's body.

    Raises:
        InvalidSchema: Its type is none.
        InvalidRequest: Something in it is of the wrong kind.
    """
    text = given.get("schema")
    if text is not None and not isinstance(text, str):
        raise InvalidRequest("schema must be text")
    metadata = _with_tags(given, parse_metadata(given.get("metadata")))
    return NewSchema(
        text=text or "",
        schema_type=_schema_type(given.get("schemaType")),
        references=parse_references(given.get("references")),
        metadata=metadata,
        rule_set=parse_rule_set(given.get("ruleSet", given.get("ruleset"))),
        schema_id=_positive(given.get("id"), "id"),
        version=_positive(given.get("version"), "version"),
    )


def _schema_type(value: Any) -> SchemaType:
    if value is None:
        return SchemaType.AVRO
    try:
        return SchemaType(str(value).upper())
    except ValueError:
        raise InvalidSchema("", f"Invalid schema type {str(value)[:50]}") from None


def _positive(value: Any, name: str) -> int | None:
    """Return a number; -1 and 0 are Java's words for none."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 2**31:
        raise InvalidRequest(f"{name} must be a number")
    return value if value > 0 else None


def _with_tags(given: Mapping[str, Any], metadata: Metadata | None) -> Metadata | None:
    """Return metadata with the tags that a request adds or removes."""
    added = _entity_tags(given.get("schemaTagsToAdd") or given.get("tagsToAdd"))
    removed = _entity_tags(given.get("schemaTagsToRemove") or given.get("tagsToRemove"))
    if not added and not removed:
        return metadata
    merged = merge_metadata(metadata, Metadata(tags=added)) or Metadata()
    left = {
        path: tuple(tag for tag in tags if tag not in removed.get(path, ()))
        for path, tags in merged.tags.items()
    }
    return replace(merged, tags={path: tags for path, tags in left.items() if tags})


def _entity_tags(value: Any) -> dict[str, tuple[str, ...]]:
    if value is None:
        return {}
    found: dict[str, tuple[str, ...]] = {}
    for one in value if isinstance(value, list) else [value]:
        entity = one.get("schemaEntity") if isinstance(one, dict) else None
        path = entity.get("entityPath") if isinstance(entity, dict) else None
        tags = one.get("tags") if isinstance(one, dict) else None
        if not isinstance(path, str) or not isinstance(tags, list):
            raise InvalidRequest("tags are given as {schemaEntity: {entityPath}, tags: [...]}")
        found[path] = tuple(sorted(str(tag) for tag in tags))
    return found


def changed_version(given: Mapping[str, Any], stored: SubjectVersion) -> NewSchema:
    """Return the schema that a request for other tags or rules makes of a version.

    Raises:
        InvalidRequest: It cannot be understood.
    """
    content = stored.schema.content
    metadata = merge_metadata(content.metadata, parse_metadata(given.get("metadata")))
    rule_set = parse_rule_set(given.get("ruleSet")) or content.rule_set
    merged = parse_rule_set(given.get("rulesToMerge"))
    if merged is not None:
        before = rule_set or RuleSet()
        rule_set = RuleSet(
            migration_rules=merge_rules([before.migration_rules, merged.migration_rules]),
            domain_rules=merge_rules([before.domain_rules, merged.domain_rules]),
            encoding_rules=merge_rules([before.encoding_rules, merged.encoding_rules]),
            enable_at=merged.enable_at or before.enable_at,
        )
    removed = given.get("rulesToRemove")
    if removed is not None and rule_set is not None:
        if not isinstance(removed, list):
            raise InvalidRequest("rulesToRemove must be a list of names")
        rule_set = _without_rules(rule_set, {str(name) for name in removed})
    return NewSchema(
        text=content.text,
        schema_type=content.schema_type,
        references=content.references,
        metadata=_with_tags(given, metadata) or Metadata(),
        rule_set=rule_set,
        version=_positive(given.get("newVersion"), "newVersion"),
    )


def _without_rules(rule_set: RuleSet, names: set[str]) -> RuleSet:
    kept = {
        key: None if rules is None else tuple(rule for rule in rules if rule.name not in names)
        for key, rules in (
            ("migration_rules", rule_set.migration_rules),
            ("domain_rules", rule_set.domain_rules),
            ("encoding_rules", rule_set.encoding_rules),
        )
    }
    return RuleSet(**kept, enable_at=rule_set.enable_at)


async def schema_text(context: RegistryContext, schema: StoredSchema, form: str | None) -> str:
    """Return a schema's text in a form; unknown forms are the text that is stored."""
    if not form or form == "default":
        return schema.content.text
    parsed = await context.schemas.stored(schema)
    try:
        return parsed.formatted(form)
    except SchemaFormatUnsupported:
        return schema.content.text


async def version_document(
    context: RegistryContext, request: Request, version: SubjectVersion, shape: Shape
) -> Document:
    """Return a version of a subject as clients get it."""
    return {
        "subject": version.subject,
        "version": version.version,
        "id": version.schema.schema_id,
        **await content_document(context, request, version.schema, shape),
        **({} if shape.old else {"ts": version.registered_at_ms}),
        **({"deleted": True} if version.deleted else {}),
    }


async def content_document(
    context: RegistryContext, request: Request, schema: StoredSchema, shape: Shape
) -> Document:
    """Return a schema as clients get it; what is empty is left out."""
    content = schema.content
    written: Document = {}
    if not shape.old:
        written["guid"] = schema.guid
    if not shape.old or content.schema_type is not SchemaType.AVRO:
        written["schemaType"] = content.schema_type.value
    if content.references:
        written["references"] = _references(request, schema)
    metadata, rule_set = metadata_document(content.metadata), rule_set_document(content.rule_set)
    if metadata:
        written["metadata"] = metadata
    if rule_set:
        written["ruleSet"] = rule_set
    written["schema"] = await schema_text(context, schema, request.text("format"))
    return written


def _references(request: Request, schema: StoredSchema) -> Sequence[Document]:
    references = schema.content.references
    if (request.text("referenceFormat") or "").lower() == "qualified":
        references = tuple(
            replace(one, subject=str(parse_subject(one.subject, context=schema.context)))
            for one in references
        )
    return reference_documents(references)
