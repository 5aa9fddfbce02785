"""What two combinations (``allOf``, ``anyOf``, ``oneOf``) may differ in.

Members are paired, each at most once, as many as possible of those that are compatible; the
smaller side has to find a partner for each. So a union may grow and a product may shrink.
Called by: rules. Calls: comparison.
Source: CombinedSchemaDiff of Confluent's json-schema-provider.
"""

from typing import Final

from schema_registry.compatibility.json_schema.comparison import (
    Asking,
    Findings,
    Outcome,
    maximum_matching,
)
from schema_registry.errors import BoundExceeded
from schema_registry.formats.json_schema.nodes import (
    CombinedFacts,
    Criterion,
    EnumFacts,
    Kind,
    Node,
)

PAIRS_MAX: Final = 1_000_000
"""Pairs of members of two combinations."""

_PLAIN: Final = frozenset({Kind.BOOLEAN, Kind.NULL, Kind.CONST, Kind.ENUM, Kind.NOT})
"""Kinds that are compatible with none of the others."""


def compare_combinations(original: CombinedFacts, update: CombinedFacts, found: Findings) -> Asking:
    """Note what two combinations differ in."""
    words = {"original": original.criterion.value, "update": update.criterion.value}
    if original.criterion is not update.criterion:
        if not _may_become(original, update):
            found.add("COMBINED_TYPE_CHANGED", **words)
            return
        found.add("COMBINED_TYPE_EXTENDED", **words)
    before, after = len(original.members), len(update.members)
    sizes = {"original": before, "update": after}
    if before < after:
        is_product = update.criterion is Criterion.ALL
        found.add("PRODUCT_TYPE_EXTENDED" if is_product else "SUM_TYPE_EXTENDED", **sizes)
    elif before > after:
        is_product = original.criterion is Criterion.ALL
        found.add("PRODUCT_TYPE_NARROWED" if is_product else "SUM_TYPE_NARROWED", **sizes)
    if before * after > PAIRS_MAX:
        raise BoundExceeded("", f"combinations have more than {PAIRS_MAX} pairs of members")
    outcomes: dict[tuple[int, int], Outcome] = {}
    for number, member in enumerate(original.members):
        for other, candidate in enumerate(update.members):
            if _is_hopeless(member.resolved(), candidate.resolved()):
                continue
            outcome: Outcome = yield member, candidate
            if outcome.is_compatible:
                outcomes[number, other] = outcome
    edges = [[o for o in range(after) if (number, o) in outcomes] for number in range(before)]
    matching = maximum_matching(edges, after)
    for number, other in sorted(matching.items()):
        found.adopt(outcomes[number, other], original.criterion.value, str(number))
    if len(matching) < min(before, after):
        found.add("COMBINED_TYPE_SUBSCHEMAS_CHANGED", **sizes)


def _is_hopeless(original: Node, update: Node) -> bool:
    """Return whether two members are incompatible at first sight, as most of a union are."""
    if original.kind is not update.kind:
        is_typed = original.annotations.connect_type is not None
        return original.kind in _PLAIN and update.kind in _PLAIN and not is_typed
    if isinstance(original.facts, EnumFacts) and isinstance(update.facts, EnumFacts):
        return not original.facts.values <= update.facts.values
    return False


def _may_become(original: CombinedFacts, update: CombinedFacts) -> bool:
    """Return whether a combination may change its criterion into the update's."""
    was_single, is_single = len(original.members) == 1, len(update.members) == 1
    return (
        update.criterion is Criterion.ANY
        or (was_single and (is_single or update.criterion is Criterion.ONE))
        or (is_single and original.criterion is Criterion.ALL)
    )
