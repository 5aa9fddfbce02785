"""What may differ in the schemas for what is not named: further properties, further items.

Called by: objects, arrays. Calls: comparison.
Source: ObjectSchemaDiff and ArraySchemaDiff of Confluent's json-schema-provider; pull request 4249.
"""

from schema_registry.compatibility.json_schema.comparison import Asking, Findings, Outcome
from schema_registry.formats.json_schema.nodes import Kind, Node


def compare_additional(
    original: tuple[bool, Node | None],
    update: tuple[bool, Node | None],
    found: Findings,
    words: tuple[str, str],
) -> Asking:
    """Note what became of what is allowed beyond what is named.

    Args:
        original: Whether anything was, and the schema for it, None for any.
        update: Whether anything is.
        found: Where it is noted.
        words: The keyword, and the first words of the kinds.
    """
    (allowed, before), (allows, after) = original, update
    keyword, kind = words
    raw = {"original": _raw(before, allowed), "update": _raw(after, allows)}
    if allowed != allows:
        found.add(f"{kind}_{'ADDED' if allows else 'REMOVED'}", keyword, **raw)
    elif before is None and after is not None:
        found.add(f"{kind}_NARROWED", keyword, **raw)
    elif before is not None and after is None:
        found.add(f"{kind}_EXTENDED", keyword, **raw)
    elif before is not None and after is not None:
        outcome: Outcome = yield before, after
        found.adopt(outcome, keyword)


def compare_unevaluated(
    original: Node | None, update: Node | None, found: Findings, words: tuple[str, str]
) -> Asking:
    """Note what became of the schema for what no other keyword has looked at.

    Args:
        original: The schema there was, None for none.
        update: The schema there is.
        found: Where it is noted.
        words: The keyword, and the first words of the kinds.
    """
    keyword, kind = words
    before, after = _openness(original), _openness(update)
    raw = {"original": _raw(original), "update": _raw(update)}
    if original is None and update is None:
        return
    if Kind.FALSE in (before, after) and before is not after:
        found.add(f"{kind}_{'ADDED' if before is Kind.FALSE else 'REMOVED'}", keyword, **raw)
    elif original is None or update is None or before is not after:
        narrowed = original is None or (before is Kind.EMPTY and update is not None)
        found.add(f"{kind}_{'NARROWED' if narrowed else 'EXTENDED'}", keyword, **raw)
    else:
        outcome: Outcome = yield original, update
        found.adopt(outcome, keyword)


def _openness(node: Node | None) -> Kind | None:
    """Return whether a schema accepts everything, nothing, or looks closer (None)."""
    if node is None or node.kind not in (Kind.EMPTY, Kind.FALSE):
        return None
    return node.kind


def _raw(node: Node | None, otherwise: bool | None = None) -> object:
    return otherwise if node is None else node.raw
