"""What two demands on objects may differ in: the content models.

An object's content model is *open* where a value may have any further property, *closed* where it
may have none, *partially open* where a schema stands for the further ones. What a property that
comes or goes means follows from it: a value of the original may have had anything under a name
that the update now has a schema for, unless the original was closed.

Called by: rules. Calls: comparison, remainders, scalars, formats.json_schema.patterns.
Source: ObjectSchemaDiff of Confluent's json-schema-provider; "Understanding JSON Schema
compatibility" by its author.
"""

from collections.abc import Iterable

from schema_registry.compatibility.json_schema.comparison import Asking, Findings, Outcome
from schema_registry.compatibility.json_schema.remainders import (
    compare_additional,
    compare_unevaluated,
)
from schema_registry.compatibility.json_schema.scalars import compare_bound
from schema_registry.formats.json_schema.nodes import Kind, Node, ObjectFacts
from schema_registry.formats.json_schema.patterns import pattern_finds


def compare_objects(original: ObjectFacts, update: ObjectFacts, found: Findings) -> Asking:
    """Note what two demands on objects differ in."""
    _compare_required(original, update, found)
    for name in _names(original.properties, update.properties):
        yield from _compare_property(name, original, update, found)
    _compare_dependent_names(original, update, found)
    yield from _compare_dependent_schemas(original, update, found)
    yield from _compare_additional(original, update, found)
    yield from compare_unevaluated(
        original.unevaluated,
        update.unevaluated,
        found,
        ("unevaluatedProperties", "UNEVALUATED_PROPERTIES"),
    )
    for keyword, kind, before, after in (
        ("maxProperties", "MAX_PROPERTIES", original.max_properties, update.max_properties),
        ("minProperties", "MIN_PROPERTIES", original.min_properties, update.min_properties),
    ):
        compare_bound(found, keyword, kind, before, after)


def _compare_required(original: ObjectFacts, update: ObjectFacts, found: Findings) -> None:
    for name in original.properties:
        if name not in update.properties:
            continue
        was, now = name in original.required, name in update.required
        if was and not now:
            found.add("REQUIRED_ATTRIBUTE_REMOVED", "required", name, original=name)
        elif now and not was:
            has_default = update.properties[name].annotations.default is not None
            kind = "REQUIRED_ATTRIBUTE_WITH_DEFAULT_ADDED"
            found.add(
                kind if has_default else "REQUIRED_ATTRIBUTE_ADDED", "required", name, update=name
            )


def _compare_property(
    name: str, original: ObjectFacts, update: ObjectFacts, found: Findings
) -> Asking:
    before, after = original.properties.get(name), update.properties.get(name)
    if before is not None and after is not None:
        outcome: Outcome = yield before, after
        found.adopt(outcome, "properties", name)
    elif before is not None:
        yield from _removed(name, before, update, found)
    elif after is not None:
        yield from _added(name, after, original, update, found)


def _removed(name: str, before: Node, update: ObjectFacts, found: Findings) -> Asking:
    """Note a property that is gone; the update's content model says what that means."""
    path, raw = ("properties", name), {"original": before.raw}
    covering = _covering(update, name)
    if _is_open(update):
        found.add("PROPERTY_REMOVED_FROM_OPEN_CONTENT_MODEL", *path, **raw)
    elif covering is not None:
        outcome: Outcome = yield before, covering
        found.adopt(outcome, *path)
        word = "IS_COVERED" if outcome.is_compatible else "NOT_COVERED"
        kind = f"PROPERTY_REMOVED_{word}_BY_PARTIALLY_OPEN_CONTENT_MODEL"
        found.add(kind, *path, **raw, update=covering.raw)
    elif before.kind is Kind.FALSE:
        found.add("PROPERTY_WITH_FALSE_REMOVED_FROM_CLOSED_CONTENT_MODEL", *path, **raw)
    else:
        found.add("PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL", *path, **raw)


def _added(
    name: str, after: Node, original: ObjectFacts, update: ObjectFacts, found: Findings
) -> Asking:
    """Note a property that is new; the original's content model says what that means."""
    path, raw = ("properties", name), {"update": after.raw}
    if _is_open(original) and after.kind is Kind.EMPTY:
        found.add("PROPERTY_WITH_EMPTY_SCHEMA_ADDED_TO_OPEN_CONTENT_MODEL", *path, **raw)
        return
    covering = None if _is_open(original) else _covering(original, name)
    if covering is not None:
        outcome: Outcome = yield covering, after
        found.adopt(outcome, *path)
        word = "IS_COVERED" if outcome.is_compatible else "NOT_COVERED"
        kind = f"PROPERTY_ADDED_{word}_BY_PARTIALLY_OPEN_CONTENT_MODEL"
        found.add(kind, *path, original=covering.raw, update=after.raw)
    how = "OPTIONAL_PROPERTY"
    if name in update.required:
        has_default = after.annotations.default is not None
        how = "REQUIRED_PROPERTY_WITH_DEFAULT" if has_default else "REQUIRED_PROPERTY"
    where = "OPEN" if _is_open(original) else "UNOPEN"
    found.add(f"{how}_ADDED_TO_{where}_CONTENT_MODEL", *path, **raw)


def _compare_dependent_names(original: ObjectFacts, update: ObjectFacts, found: Findings) -> None:
    for name in _names(original.dependent_names, update.dependent_names):
        before, after = original.dependent_names.get(name), update.dependent_names.get(name)
        if before == after:
            continue
        if before is None or after is None:
            word = "ADDED" if before is None else "REMOVED"
        elif before < after or after < before:
            word = "EXTENDED" if before < after else "NARROWED"
        else:
            word = "CHANGED"
        found.add(
            f"DEPENDENCY_ARRAY_{word}",
            "dependencies",
            name,
            original=sorted(before) if before else None,
            update=sorted(after) if after else None,
        )


def _compare_dependent_schemas(
    original: ObjectFacts, update: ObjectFacts, found: Findings
) -> Asking:
    for name in _names(original.dependent_schemas, update.dependent_schemas):
        before, after = original.dependent_schemas.get(name), update.dependent_schemas.get(name)
        if before is not None and after is not None:
            outcome: Outcome = yield before, after
            found.adopt(outcome, "dependencies", name)
        else:
            word = "ADDED" if before is None else "REMOVED"
            found.add(
                f"DEPENDENCY_SCHEMA_{word}",
                "dependencies",
                name,
                original=None if before is None else before.raw,
                update=None if after is None else after.raw,
            )


def _compare_additional(original: ObjectFacts, update: ObjectFacts, found: Findings) -> Asking:
    yield from compare_additional(
        (original.allows_additional, original.additional),
        (update.allows_additional, update.additional),
        found,
        ("additionalProperties", "ADDITIONAL_PROPERTIES"),
    )


def _is_open(facts: ObjectFacts) -> bool:
    return (
        facts.allows_additional
        and facts.additional is None
        and not facts.patterns
        and (facts.unevaluated is None or facts.unevaluated.kind is Kind.EMPTY)
    )


def _covering(facts: ObjectFacts, name: str) -> Node | None:
    """Return the schema that stands for a property that has none of its own."""
    for expression, node in facts.patterns.items():
        if pattern_finds(expression, name):
            return node
    if facts.additional is not None:
        return facts.additional
    unevaluated = facts.unevaluated
    if not facts.allows_additional or unevaluated is None or unevaluated.kind is Kind.FALSE:
        return None
    return unevaluated


def _names(one: Iterable[str], other: Iterable[str]) -> dict[str, None]:
    """Return the names of both, in the order they stand in."""
    return {**dict.fromkeys(one), **dict.fromkeys(other)}
