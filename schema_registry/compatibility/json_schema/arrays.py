"""What two demands on arrays may differ in; tuples have content models as objects have.

Called by: rules. Calls: comparison, remainders, scalars.
Source: ArraySchemaDiff of Confluent's json-schema-provider.
"""

from typing import Final

from schema_registry.compatibility.json_schema.comparison import Asking, Findings, Outcome
from schema_registry.compatibility.json_schema.remainders import (
    compare_additional,
    compare_unevaluated,
)
from schema_registry.compatibility.json_schema.scalars import compare_bound
from schema_registry.formats.json_schema.nodes import ArrayFacts, Kind, Node

_BOUNDS: Final = (
    ("maxItems", "MAX_ITEMS", "max_items"),
    ("minItems", "MIN_ITEMS", "min_items"),
    ("maxContains", "MAX_CONTAINS", "max_contains"),
    ("minContains", "MIN_CONTAINS", "min_contains"),
)


def compare_arrays(original: ArrayFacts, update: ArrayFacts, found: Findings) -> Asking:
    """Note what two demands on arrays differ in."""
    yield from _compare_items(original.items, update.items, found)
    for number in range(max(len(original.prefix), len(update.prefix))):
        yield from _compare_place(number, original, update, found)
    yield from compare_additional(
        (original.allows_additional, original.additional),
        (update.allows_additional, update.additional),
        found,
        ("additionalItems", "ADDITIONAL_ITEMS"),
    )
    yield from compare_unevaluated(
        original.unevaluated, update.unevaluated, found, ("unevaluatedItems", "UNEVALUATED_ITEMS")
    )
    for keyword, kind, name in _BOUNDS:
        compare_bound(found, keyword, kind, getattr(original, name), getattr(update, name))
    if original.unique != update.unique:
        word = "REMOVED" if original.unique else "ADDED"
        found.add(
            f"UNIQUE_ITEMS_{word}", "uniqueItems", original=original.unique, update=update.unique
        )


def _compare_items(original: Node | None, update: Node | None, found: Findings) -> Asking:
    if original is not None and update is not None:
        outcome: Outcome = yield original, update
        found.adopt(outcome, "items")
    elif original is not None:
        found.add("SCHEMA_REMOVED", "items", original=original.raw)
    elif update is not None:
        found.add("SCHEMA_ADDED", "items", update=update.raw)


def _compare_place(
    number: int, original: ArrayFacts, update: ArrayFacts, found: Findings
) -> Asking:
    path = ("items", str(number))
    if number >= len(update.prefix):
        yield from _removed(original.prefix[number], update, found, path)
    elif number >= len(original.prefix):
        yield from _added(update.prefix[number], original, found, path)
    else:
        outcome: Outcome = yield original.prefix[number], update.prefix[number]
        found.adopt(outcome, *path)


def _removed(before: Node, update: ArrayFacts, found: Findings, path: tuple[str, str]) -> Asking:
    """Note a place that is gone; the update's content model says what that means."""
    covering = _covering(update)
    if _is_open(update):
        found.add("ITEM_REMOVED_FROM_OPEN_CONTENT_MODEL", *path, original=before.raw)
    elif covering is not None:
        outcome: Outcome = yield before, covering
        found.adopt(outcome, *path)
        word = "IS_COVERED" if outcome.is_compatible else "NOT_COVERED"
        kind = f"ITEM_REMOVED_{word}_BY_PARTIALLY_OPEN_CONTENT_MODEL"
        found.add(kind, *path, original=before.raw, update=covering.raw)
    elif before.kind is Kind.FALSE:
        found.add("ITEM_WITH_FALSE_REMOVED_FROM_CLOSED_CONTENT_MODEL", *path, original=before.raw)
    else:
        found.add("ITEM_REMOVED_FROM_CLOSED_CONTENT_MODEL", *path, original=before.raw)


def _added(after: Node, original: ArrayFacts, found: Findings, path: tuple[str, str]) -> Asking:
    """Note a place that is new; the original's content model says what that means."""
    covering = _covering(original)
    if _is_open(original):
        kind = "ITEM_ADDED_TO_OPEN_CONTENT_MODEL"
        if after.kind is Kind.EMPTY:
            kind = "ITEM_WITH_EMPTY_SCHEMA_ADDED_TO_OPEN_CONTENT_MODEL"
        found.add(kind, *path, update=after.raw)
    elif covering is not None:
        outcome: Outcome = yield covering, after
        found.adopt(outcome, *path)
        word = "IS_COVERED" if outcome.is_compatible else "NOT_COVERED"
        kind = f"ITEM_ADDED_{word}_BY_PARTIALLY_OPEN_CONTENT_MODEL"
        found.add(kind, *path, original=covering.raw, update=after.raw)
    else:
        found.add("ITEM_ADDED_TO_CLOSED_CONTENT_MODEL", *path, update=after.raw)


def _is_open(facts: ArrayFacts) -> bool:
    return (
        facts.allows_additional
        and facts.additional is None
        and (facts.unevaluated is None or facts.unevaluated.kind is Kind.EMPTY)
    )


def _covering(facts: ArrayFacts) -> Node | None:
    """Return the schema that stands for the items behind the tuple."""
    if facts.additional is not None or not facts.allows_additional:
        return facts.additional
    unevaluated = facts.unevaluated
    return None if unevaluated is None or unevaluated.kind is Kind.FALSE else unevaluated
