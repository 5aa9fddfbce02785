"""The verdict on two JSON Schemas, worded.

Called by: the registry's levels. Calls: comparison, rules, differences, counter_examples.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from schema_registry.compatibility.incompatibility import INCOMPATIBILITIES_MAX, Incompatibility
from schema_registry.compatibility.json_schema.comparison import Comparison
from schema_registry.compatibility.json_schema.counter_examples import find_examples
from schema_registry.compatibility.json_schema.differences import TOLERATED, Difference
from schema_registry.compatibility.json_schema.rules import compare_nodes
from schema_registry.formats.json_schema.json_text import escaped, print_json
from schema_registry.formats.json_schema.schema import JsonSchema
from schema_registry.formats.schema_format import ParsedSchema
from schema_registry.model import CompatibilityPolicy

SIDE_CHARACTERS_MAX: Final = 300
"""Length of what is shown of each side."""


def no_deadline() -> None:
    """Let a comparison take its time."""


def differences(
    original: ParsedSchema,
    update: ParsedSchema,
    policy: CompatibilityPolicy = CompatibilityPolicy.STRICT,
    *,
    check_deadline: Callable[[], None] = no_deadline,
) -> tuple[Difference, ...]:
    """Return all that an update changes, tolerated or not.

    Args:
        original: Whose values exist.
        update: What has to accept them.
        policy: By which members of combinations are held compatible.
        check_deadline: Called now and then; raises when it has taken too long.

    Raises:
        BoundExceeded: The comparison takes too many steps.
    """
    assert isinstance(original, JsonSchema), "a JSON Schema"
    assert isinstance(update, JsonSchema), "a JSON Schema"
    comparison = Comparison(compare_nodes, TOLERATED[policy], check_deadline)
    return comparison.run(original.node, update.node).differences


def incompatibilities(
    reader: ParsedSchema,
    writer: ParsedSchema,
    policy: CompatibilityPolicy = CompatibilityPolicy.STRICT,
    *,
    check_deadline: Callable[[], None] = no_deadline,
) -> list[Incompatibility]:
    """Return why the reader's schema may refuse what the writer's accepts; nothing if it does not.

    Args:
        reader: What values are read with.
        writer: What they were written with.
        policy: What is tolerated.
        check_deadline: Called now and then; raises when it has taken too long.

    Raises:
        BoundExceeded: The comparison takes too many steps.
    """
    assert isinstance(reader, JsonSchema), "a JSON Schema"
    assert isinstance(writer, JsonSchema), "a JSON Schema"
    found = differences(writer, reader, policy, check_deadline=check_deadline)
    breaking = (one for one in found if one.kind not in TOLERATED[policy])
    distinct: dict[tuple[str, tuple[str, ...]], Difference] = {}
    for one in breaking:
        distinct.setdefault((one.kind, one.path), one)
    shown = list(distinct.values())[:INCOMPATIBILITIES_MAX]
    examples = find_examples(writer, reader, shown) if shown else []
    return [worded(one, example) for one, example in zip(shown, examples, strict=True)]


def worded(difference: Difference, example: str | None = None) -> Incompatibility:
    """Return a difference of a reader's schema from a writer's as a reason."""
    path = "#" + "".join(f"/{escaped(segment)}" for segment in difference.path)
    return Incompatibility(
        kind=difference.kind,
        path=path if difference.path else "#/",
        message=_message(difference.kind).format(place=_place(difference.path)),
        reader=_side(difference.update),
        writer=_side(difference.original),
        counter_example=example,
    )


def _place(path: tuple[str, ...]) -> str:
    return f"at {'/'.join(path)!r}" if path else "at the top"


def _message(kind: str) -> str:
    """Return the sentence for a kind: its own, or that of its last word."""
    if kind in _SENTENCES:
        return _SENTENCES[kind]
    return next(text for ending, text in _BY_ENDING.items() if kind.endswith(ending))


def _side(part: Any) -> str | None:
    """Return a part of a schema as JSON, cut to a length that fits an answer."""
    if part is None:
        return None
    text = print_json(part)
    if len(text) <= SIDE_CHARACTERS_MAX:
        return text
    return text[: SIDE_CHARACTERS_MAX - 3] + "..."


_SENTENCES: Final[Mapping[str, str]] = {
    "TYPE_CHANGED": "the reader's schema wants values of another type {place}",
    "TYPE_NARROWED": "the reader's schema wants whole numbers {place}, the writer's takes any",
    "SCHEMA_ADDED": "the reader's schema has a schema {place}, the writer's takes anything there",
    "PATTERN_CHANGED": "the two schemas have different patterns {place}",
    "MULTIPLE_OF_CHANGED": "neither divisor is a multiple of the other {place}",
    "MULTIPLE_OF_EXPANDED": "the reader's schema has a coarser divisor {place}",
    "REQUIRED_ATTRIBUTE_ADDED": "the reader's schema requires a property without a default that "
    "the writer's has as optional {place}",
    "DEPENDENCY_ARRAY_EXTENDED": "the reader's schema wants more properties beside one {place}",
    "DEPENDENCY_ARRAY_CHANGED": "the reader's schema wants other properties beside one {place}",
    "REQUIRED_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL": "the reader's schema requires a property "
    "{place} that the writer's does not name",
    "REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL": "the reader's schema requires a property "
    "{place} that the writer's does not have",
    "REQUIRED_PROPERTY_WITH_DEFAULT_ADDED_TO_OPEN_CONTENT_MODEL": "the reader's schema names a "
    "property {place} under which the writer's takes anything",
    "OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL": "the reader's schema names a property "
    "{place} under which the writer's takes anything",
    "ITEM_ADDED_TO_OPEN_CONTENT_MODEL": "the reader's schema has an item {place} where the "
    "writer's takes anything",
    "PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL": "the reader's schema takes only properties that "
    "it names, and not the one the writer's has {place}",
    "ITEM_REMOVED_FROM_CLOSED_CONTENT_MODEL": "the reader's schema takes fewer items than the "
    "writer's, which has one {place}",
    "ENUM_ARRAY_NARROWED": "the reader's schema lists fewer values {place}",
    "ENUM_ARRAY_CHANGED": "the reader's schema does not list all values of the writer's {place}",
    "COMBINED_TYPE_CHANGED": "the reader's schema combines schemas in another way {place}",
    "COMBINED_TYPE_SUBSCHEMAS_CHANGED": "some members of the combination {place} have no "
    "counterpart that is compatible",
    "PRODUCT_TYPE_EXTENDED": "the reader's schema has more members that all must accept {place}",
    "SUM_TYPE_NARROWED": "the reader's schema has fewer members to choose from {place}",
    "NOT_TYPE_EXTENDED": "the reader's schema refuses more with its 'not' {place}",
}

_BY_ENDING: Final[Mapping[str, str]] = {
    "_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL": "the reader's schema does not name "
    "what the writer's has {place}, and its schema for what it does not name is narrower",
    "_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL": "the reader's schema names something "
    "{place} and takes less there than the writer's schema for what it does not name",
    "_PROPERTIES_REMOVED": "the reader's schema no longer takes properties it does not name",
    "_ITEMS_REMOVED": "the reader's schema no longer takes further items",
    "_NARROWED": "the reader's schema takes less {place}",
    "_INCREASED": "the reader's schema has a higher bound {place}",
    "_DECREASED": "the reader's schema has a lower bound {place}",
    "_ADDED": "the reader's schema has a demand {place} that the writer's has not",
}
