"""What two nodes differ in: which rule is for which pair.

Nodes of one kind are compared by their kind's rule; of different kinds, only a few pairs are
compatible: everything may become an empty schema, nothing may become anything, and a schema may
become a member of a union, or what is left of a product.
Called by: comparison. Calls: scalars, objects, arrays, combinations.
Source: SchemaDiff of Confluent's json-schema-provider.
"""

from collections.abc import Generator

from schema_registry.compatibility.json_schema.arrays import compare_arrays
from schema_registry.compatibility.json_schema.combinations import compare_combinations
from schema_registry.compatibility.json_schema.comparison import (
    Asking,
    Findings,
    Outcome,
    Pair,
)
from schema_registry.compatibility.json_schema.objects import compare_objects
from schema_registry.compatibility.json_schema.scalars import (
    compare_numbers,
    compare_strings,
    compare_values,
)
from schema_registry.formats.json_schema.nodes import (
    ArrayFacts,
    CombinedFacts,
    Criterion,
    EnumFacts,
    Kind,
    MetaSchemaFacts,
    Node,
    NotFacts,
    NumberFacts,
    ObjectFacts,
    StringFacts,
)


def compare_nodes(original: Node, update: Node, found: Findings) -> Asking:
    """Note what two nodes differ in; neither is a reference."""
    if original.kind is not update.kind:
        is_settled = yield from _across_combinations(original, update, found)
        if not is_settled and not _may_become(original, update):
            found.add("TYPE_CHANGED", original=original.raw, update=update.raw)
        return
    _compare_annotations(original, update, found)
    match original.facts, update.facts:
        case ObjectFacts() as before, ObjectFacts() as after:
            yield from compare_objects(before, after, found)
        case ArrayFacts() as before, ArrayFacts() as after:
            yield from compare_arrays(before, after, found)
        case CombinedFacts() as before, CombinedFacts() as after:
            yield from compare_combinations(before, after, found)
        case NotFacts() as before, NotFacts() as after:
            yield from _compare_negations(before, after, found)
        case StringFacts() as before, StringFacts() as after:
            compare_strings(before, after, found)
        case NumberFacts() as before, NumberFacts() as after:
            compare_numbers(before, after, found)
        case EnumFacts() as before, EnumFacts() as after:
            compare_values(before, after, found, is_const=original.kind is Kind.CONST)
        case MetaSchemaFacts() as before, MetaSchemaFacts() as after if before != after:
            found.add("TYPE_CHANGED", original=original.raw, update=update.raw)
        case _:
            pass


def _across_combinations(
    original: Node, update: Node, found: Findings
) -> Generator[Pair, Outcome, bool]:
    """Compare a combination with what is none; return whether a member settles it."""
    if isinstance(update.facts, CombinedFacts):
        members = update.facts.members
        kind = "SUM_TYPE_EXTENDED"
        is_open = update.facts.criterion is not Criterion.ALL
        pairs = [(original, member) for member in members]
    elif isinstance(original.facts, CombinedFacts):
        members = original.facts.members
        kind = "PRODUCT_TYPE_NARROWED"
        is_open = original.facts.criterion is Criterion.ALL
        pairs = [(member, update) for member in members]
    else:
        return False
    if len(members) != 1 and not is_open:
        return False
    for pair in pairs:
        outcome: Outcome = yield pair
        if outcome.is_compatible:
            found.adopt(outcome)
            if len(members) != 1:
                found.add(kind, original=original.raw, update=update.raw)
            return True
    return False


def _may_become(original: Node, update: Node) -> bool:
    """Return whether a node may become one of another kind."""
    return (
        original.kind is Kind.FALSE
        or update.kind is Kind.EMPTY
        or original.annotations.connect_type == update.annotations.connect_type == "bytes"
    )


def _compare_negations(original: NotFacts, update: NotFacts, found: Findings) -> Asking:
    """Note what became of a ``not``: what it refuses has to shrink."""
    outcome: Outcome = yield update.node, original.node
    kind = "NOT_TYPE_NARROWED" if outcome.is_compatible else "NOT_TYPE_EXTENDED"
    found.add(kind, "not", original=original.node.raw, update=update.node.raw)


def _compare_annotations(original: Node, update: Node, found: Findings) -> None:
    before, after = original.annotations, update.annotations
    for kind, one, other in (
        ("ID_CHANGED", before.uri, after.uri),
        ("TITLE_CHANGED", before.title, after.title),
        ("DESCRIPTION_CHANGED", before.description, after.description),
        ("DEFAULT_CHANGED", before.default, after.default),
    ):
        if one != other:
            found.add(kind, original=one, update=other)
