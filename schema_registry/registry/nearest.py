"""Nearest: which of the schemas or versions that are there is most like one that was not found.

Clients print a schema in their own way, or send it without what was registered with it; the answer
"not found" alone does not tell. Texts are compared as tokens, so that spaces are no difference.
Called by: lookup, on a thread when it is much. Pure; its work is bounded by the constants.
"""

import difflib
import re
from collections import Counter
from collections.abc import Mapping, Sequence

from schema_registry.model import SchemaContent, StoredSchema
from schema_registry.store import Version

VERSIONS_MAX = 20
"""Versions, the newest first, that a schema is held against."""

CHARS_MAX = 20_000
"""Of both texts; longer ones are not compared."""

TOKENS_COMPARED_MAX = 2_000
"""Of both texts between what they begin and what they end with alike."""

VERSIONS_SHOWN = 3
"""Numbers of versions that a hint names."""

TOKENS_SHOWN = 3
TOKEN_CHARS_SHOWN = 60

_TOKEN = re.compile(r"\w+|[^\w\s]")


def comparable(
    content: SchemaContent, versions: Sequence[Version], schemas: Mapping[int, StoredSchema]
) -> list[tuple[Version, StoredSchema]]:
    """Return the versions that a schema is held against, the newest first."""
    newest = list(reversed(versions))[:VERSIONS_MAX]
    found = [(one, schemas[one.schema_id]) for one in newest if one.schema_id in schemas]
    return [
        (version, schema)
        for version, schema in found
        if len(schema.content.text) + len(content.text) <= CHARS_MAX
    ]


def describe_nearest(
    content: SchemaContent, found: Sequence[tuple[Version, StoredSchema]]
) -> str | None:
    """Return which version comes nearest to a schema, and the first tokens that differ."""
    here = _TOKEN.findall(content.text)
    counted = Counter(here)
    best: tuple[int, Version, StoredSchema, list[str]] | None = None
    for version, schema in found:
        there = _TOKEN.findall(schema.content.text)
        unlike = ((counted - Counter(there)) + (Counter(there) - counted)).total()
        if best is None or unlike < best[0]:
            best = (unlike, version, schema, there)
    if best is None:
        return None
    _, version, schema, there = best
    where = f"nearest is version {version.version} (id {version.schema_id})"
    if schema.content.text == content.text:
        return f"{where}, whose {_other_difference(content, schema.content)} differ"
    return f"{where}, which has {_differing(there, here)}"


def _other_difference(here: SchemaContent, there: SchemaContent) -> str:
    if here.schema_type is not there.schema_type:
        return "types"
    if here.references != there.references:
        return "references"
    return "rules" if here.rule_set != there.rule_set else "metadata"


def _differing(before: list[str], after: list[str]) -> str:
    start = _alike(before, after)
    end = min(_alike(before[::-1], after[::-1]), len(before) - start, len(after) - start)
    old, new = before[start : len(before) - end], after[start : len(after) - end]
    if not old and not new:
        return "other spaces"
    if len(old) + len(new) > TOKENS_COMPARED_MAX:
        return f"{len(before)} tokens, not {len(after)}"
    shown = []
    for tag, low, high, first, last in difflib.SequenceMatcher(None, old, new).get_opcodes():
        if tag != "equal":
            shown.append(f"{_shown(old[low:high])} instead of {_shown(new[first:last])}")
    return ", ".join(shown[:TOKENS_SHOWN])


def _alike(one: list[str], other: list[str]) -> int:
    """Return how many tokens two lists begin with alike."""
    for number, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return number
    return min(len(one), len(other))


def _shown(tokens: list[str]) -> str:
    return repr((" ".join(tokens) or "nothing")[:TOKEN_CHARS_SHOWN])


def describe_versions(number: int, versions: Sequence[Version]) -> str:
    """Return what is said of a version that is not there: which ones of the subject come nearest.

    Args:
        number: That was asked for.
        versions: That whoever asks may list, in their order; may be empty.
    """
    there = sorted({one.version for one in versions})
    by_distance = sorted(there, key=lambda one: (abs(one - number), -one))
    shown = ", ".join(str(one) for one in sorted(by_distance[:VERSIONS_SHOWN]))
    if not shown:
        return f"Version {number} not found."
    word = "nearest" if len(there) > VERSIONS_SHOWN else "there"
    verb = "is" if len(there) == 1 else "are"
    return f"Version {number} not found; {word} {verb} {shown}."
