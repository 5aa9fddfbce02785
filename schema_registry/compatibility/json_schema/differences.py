"""The differences that two schemas may have, in Confluent's words, and which are tolerated.

A difference is from an original, whose values exist, to an update, which has to accept them.
Calls: nothing.
Source: Difference and SchemaDiff of Confluent's json-schema-provider, 8.x; the policies from
pull requests 3930 and 4292 of confluentinc/schema-registry.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from schema_registry.model import CompatibilityPolicy

KindName: TypeAlias = str

_BOUNDS: Final = (
    *("MAX_LENGTH", "MIN_LENGTH", "MAXIMUM", "MINIMUM", "EXCLUSIVE_MAXIMUM", "EXCLUSIVE_MINIMUM"),
    *("MAX_PROPERTIES", "MIN_PROPERTIES", "MAX_ITEMS", "MIN_ITEMS"),
    *("MAX_CONTAINS", "MIN_CONTAINS"),
)
_EXTENSIBLE: Final = (
    *("ADDITIONAL_PROPERTIES", "UNEVALUATED_PROPERTIES"),
    *("ADDITIONAL_ITEMS", "UNEVALUATED_ITEMS"),
)


def _bound_kinds(is_tolerated: bool) -> frozenset[str]:
    """Return the changes of bounds: away or looser, or new or tighter."""
    kinds = set()
    for bound in _BOUNDS:
        looser, tighter = ("INCREASED", "DECREASED")
        if bound.startswith(("MIN", "EXCLUSIVE_MIN")):
            looser, tighter = tighter, looser
        words = ("REMOVED", looser) if is_tolerated else ("ADDED", tighter)
        kinds |= {f"{bound}_{word}" for word in words}
    return frozenset(kinds)


def _extension_kinds(is_tolerated: bool) -> frozenset[str]:
    words = ("ADDED", "EXTENDED") if is_tolerated else ("REMOVED", "NARROWED")
    return frozenset(f"{one}_{word}" for one in _EXTENSIBLE for word in words)


STRICT: Final[frozenset[str]] = (
    _bound_kinds(is_tolerated=True)
    | _extension_kinds(is_tolerated=True)
    | {
        *("ID_CHANGED", "DESCRIPTION_CHANGED", "TITLE_CHANGED", "DEFAULT_CHANGED"),
        *("SCHEMA_REMOVED", "TYPE_EXTENDED", "PATTERN_REMOVED", "ENUM_ARRAY_EXTENDED"),
        *("MULTIPLE_OF_REMOVED", "MULTIPLE_OF_REDUCED", "UNIQUE_ITEMS_REMOVED"),
        *("REQUIRED_ATTRIBUTE_REMOVED", "REQUIRED_ATTRIBUTE_WITH_DEFAULT_ADDED"),
        *("DEPENDENCY_ARRAY_REMOVED", "DEPENDENCY_ARRAY_NARROWED", "DEPENDENCY_SCHEMA_REMOVED"),
        "PROPERTY_WITH_EMPTY_SCHEMA_ADDED_TO_OPEN_CONTENT_MODEL",
        "REQUIRED_PROPERTY_WITH_DEFAULT_ADDED_TO_UNOPEN_CONTENT_MODEL",
        "OPTIONAL_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL",
        "PROPERTY_WITH_FALSE_REMOVED_FROM_CLOSED_CONTENT_MODEL",
        "PROPERTY_REMOVED_FROM_OPEN_CONTENT_MODEL",
        "PROPERTY_ADDED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
        "PROPERTY_REMOVED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
        "ITEM_WITH_EMPTY_SCHEMA_ADDED_TO_OPEN_CONTENT_MODEL",
        "ITEM_ADDED_TO_CLOSED_CONTENT_MODEL",
        "ITEM_WITH_FALSE_REMOVED_FROM_CLOSED_CONTENT_MODEL",
        "ITEM_REMOVED_FROM_OPEN_CONTENT_MODEL",
        "ITEM_ADDED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
        "ITEM_REMOVED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
        *("COMBINED_TYPE_EXTENDED", "PRODUCT_TYPE_NARROWED", "SUM_TYPE_EXTENDED"),
        "NOT_TYPE_NARROWED",
    }
)
"""What the default policy tolerates."""

LENIENT: Final[frozenset[str]] = STRICT | {
    "OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL",
    "REQUIRED_PROPERTY_WITH_DEFAULT_ADDED_TO_OPEN_CONTENT_MODEL",
    "PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL",
    "PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
    "PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
    "ADDITIONAL_PROPERTIES_NARROWED",
    "ADDITIONAL_PROPERTIES_REMOVED",
    "UNEVALUATED_PROPERTIES_NARROWED",
    "UNEVALUATED_PROPERTIES_REMOVED",
}
"""What is tolerated as well where writers are trusted not to write what no schema names."""

INCOMPATIBLE: Final[frozenset[str]] = (
    _bound_kinds(is_tolerated=False)
    | _extension_kinds(is_tolerated=False)
    | {
        *("SCHEMA_ADDED", "TYPE_NARROWED", "TYPE_CHANGED", "PATTERN_ADDED", "PATTERN_CHANGED"),
        *("MULTIPLE_OF_ADDED", "MULTIPLE_OF_EXPANDED", "MULTIPLE_OF_CHANGED"),
        *("REQUIRED_ATTRIBUTE_ADDED", "UNIQUE_ITEMS_ADDED"),
        *("DEPENDENCY_ARRAY_ADDED", "DEPENDENCY_ARRAY_EXTENDED", "DEPENDENCY_ARRAY_CHANGED"),
        "DEPENDENCY_SCHEMA_ADDED",
        "REQUIRED_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL",
        "REQUIRED_PROPERTY_WITH_DEFAULT_ADDED_TO_OPEN_CONTENT_MODEL",
        "OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL",
        "REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL",
        "PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL",
        "PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
        "PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
        "ITEM_ADDED_TO_OPEN_CONTENT_MODEL",
        "ITEM_REMOVED_FROM_CLOSED_CONTENT_MODEL",
        "ITEM_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
        "ITEM_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
        *("ENUM_ARRAY_NARROWED", "ENUM_ARRAY_CHANGED"),
        *("COMBINED_TYPE_CHANGED", "PRODUCT_TYPE_EXTENDED", "SUM_TYPE_NARROWED"),
        *("COMBINED_TYPE_SUBSCHEMAS_CHANGED", "NOT_TYPE_EXTENDED"),
    }
)
"""What the default policy does not tolerate; the kinds about reserved properties, which are no
difference of two schemas but of their metadata, and the retired
``PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL`` are not used here."""

TOLERATED: Final[Mapping[CompatibilityPolicy, frozenset[str]]] = {
    CompatibilityPolicy.STRICT: STRICT,
    CompatibilityPolicy.LENIENT: LENIENT,
    CompatibilityPolicy.LOGICAL: STRICT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One difference of an update from an original."""

    kind: str
    path: tuple[str, ...]
    """Segments from where the comparison began, as Confluent's registry counts them."""

    original: Any
    """What stands there: a part of the JSON text, or None for nothing."""

    update: Any
