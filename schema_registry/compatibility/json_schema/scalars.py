"""What strings, numbers and listed values may differ in.

Bounds are compared as exact decimals. Confluent's registry cuts the divisors of ``multipleOf`` to
whole numbers first, and so fails on fractions below 1; whole divisors get the same verdict here.
Called by: rules. Calls: comparison (Findings).
Source: StringSchemaDiff, NumberSchemaDiff, EnumSchemaDiff, ConstSchemaDiff of Confluent's
json-schema-provider.
"""

from decimal import Decimal
from typing import Final

from schema_registry.compatibility.json_schema.comparison import Findings
from schema_registry.formats.json_schema.nodes import EnumFacts, NumberFacts, StringFacts

_NUMBER_BOUNDS: Final = (
    ("maximum", "MAXIMUM", "maximum"),
    ("minimum", "MINIMUM", "minimum"),
    ("exclusiveMaximum", "EXCLUSIVE_MAXIMUM", "exclusive_maximum"),
    ("exclusiveMinimum", "EXCLUSIVE_MINIMUM", "exclusive_minimum"),
)


def compare_bound(
    found: Findings, keyword: str, kind: str, original: Decimal | None, update: Decimal | None
) -> None:
    """Note what became of a bound.

    Args:
        found: Where it is noted.
        keyword: The bound's, which is where the difference stands.
        kind: First words of the difference's kind.
        original: The bound there was, None for none.
        update: The bound there is.
    """
    if original == update:
        return
    if original is None:
        word = "ADDED"
    elif update is None:
        word = "REMOVED"
    else:
        word = "INCREASED" if original < update else "DECREASED"
    found.add(f"{kind}_{word}", keyword, original=original, update=update)


def compare_strings(original: StringFacts, update: StringFacts, found: Findings) -> None:
    """Note what two demands on strings differ in."""
    compare_bound(found, "maxLength", "MAX_LENGTH", original.max_length, update.max_length)
    compare_bound(found, "minLength", "MIN_LENGTH", original.min_length, update.min_length)
    if original.pattern != update.pattern:
        word = "CHANGED"
        if original.pattern is None or update.pattern is None:
            word = "ADDED" if original.pattern is None else "REMOVED"
        found.add(f"PATTERN_{word}", "pattern", original=original.pattern, update=update.pattern)


def compare_numbers(original: NumberFacts, update: NumberFacts, found: Findings) -> None:
    """Note what two demands on numbers differ in."""
    for keyword, kind, name in _NUMBER_BOUNDS:
        compare_bound(found, keyword, kind, getattr(original, name), getattr(update, name))
    _compare_divisors(original.multiple_of, update.multiple_of, found)
    if original.is_integer != update.is_integer:
        kind = "TYPE_EXTENDED" if original.is_integer else "TYPE_NARROWED"
        found.add(kind, original=_type(original), update=_type(update))


def compare_values(
    original: EnumFacts, update: EnumFacts, found: Findings, *, is_const: bool
) -> None:
    """Note what two lists of values, or two single values, differ in."""
    before, after = original.values, update.values
    if before == after:
        return
    word = "CHANGED"
    if not is_const and (before < after or after < before):
        word = "EXTENDED" if before < after else "NARROWED"
    keyword = "const" if is_const else "enum"
    found.add(f"ENUM_ARRAY_{word}", keyword, original=sorted(before), update=sorted(after))


def _compare_divisors(original: Decimal | None, update: Decimal | None, found: Findings) -> None:
    if original == update:
        return
    if original is None or update is None:
        word = "ADDED" if original is None else "REMOVED"
    elif _divides(original, update):
        word = "EXPANDED"
    else:
        word = "REDUCED" if _divides(update, original) else "CHANGED"
    found.add(f"MULTIPLE_OF_{word}", "multipleOf", original=original, update=update)


def _divides(divisor: Decimal, number: Decimal) -> bool:
    """Return whether a number is a multiple of a divisor, exactly."""
    numerator, denominator = number.as_integer_ratio()
    over, under = divisor.as_integer_ratio()
    return numerator * under % (denominator * over) == 0


def _type(facts: NumberFacts) -> str:
    return "integer" if facts.is_integer else "number"
