"""Levels: which versions a new schema is judged against, and in which direction.

Source: Confluent's registry, "Schema evolution and compatibility"; section 2.1 of the facts on it.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from schema_registry.compatibility.incompatibility import Incompatibility
from schema_registry.formats.schema_format import ParsedSchema
from schema_registry.model import CompatibilityLevel, CompatibilityPolicy

Version = TypeVar("Version")
Compare = Callable[[ParsedSchema, ParsedSchema, CompatibilityPolicy], list[Incompatibility]]


def judged_versions(level: CompatibilityLevel, live: Sequence[Version]) -> Sequence[Version]:
    """Return the versions that a new schema is judged against, newest first.

    Args:
        level: Of the subject.
        live: Its versions in order.
    """
    if level is CompatibilityLevel.NONE:
        return ()
    newest_first = list(reversed(live))
    return newest_first if level.is_transitive else newest_first[:1]


def differences(
    level: CompatibilityLevel,
    policy: CompatibilityPolicy,
    new: ParsedSchema,
    old: ParsedSchema,
    compare: Compare,
) -> list[Incompatibility]:
    """Return why a new schema cannot stand beside an old one.

    Args:
        level: What must stay readable.
        policy: How strictly.
        new: The candidate.
        old: One version.
        compare: The comparison of their type.
    """
    if level is CompatibilityLevel.NONE:
        return []
    if new.schema_type is not old.schema_type:
        return [
            Incompatibility(
                kind="SCHEMA_TYPE_CHANGED",
                path="",
                message="Incompatible because of different schema type",
                reader=new.schema_type.value,
                writer=old.schema_type.value,
            )
        ]
    found: list[Incompatibility] = []
    if level.reads_old:
        found += compare(new, old, policy)
    if level.is_read_by_old:
        found += compare(old, new, policy)
    return found


def printed(found: Incompatibility) -> str:
    """Return a reason in the shape that clients print."""
    where = f" at path '{found.path}'" if found.path else ""
    sides = "; ".join(
        f"{name}: {text}"
        for name, text in (("reader", found.reader), ("writer", found.writer))
        if text is not None
    )
    return (
        f"{{errorType:'{found.kind}', description:'{found.message}{where}',"
        f" additionalInfo:'{sides}'}}"
    )
