"""Rules of enums: values, numbers, aliases, reserved numbers and names.

Source: protobuf.dev, "Enumerations"; protoc is the oracle of the tests.
"""

from schema_registry.formats.protobuf.files.sources import Source
from schema_registry.formats.protobuf.names import camel_case
from schema_registry.formats.protobuf.rules.facts import EnumFacts
from schema_registry.formats.protobuf.rules.rule import Spans, refuse
from schema_registry.formats.protobuf.text.syntax_tree import Enum, Range, is_true


def check_enum(source: Source, facts: EnumFacts, *, strict_names: bool) -> None:
    """Refuse an enum that protoc would refuse.

    Args:
        source: The file.
        facts: The enum, with what it inherited.
        strict_names: Whether JSON allows no exception for the sake of the past.
    """
    enum = facts.node
    if not enum.values:
        refuse(source, enum, f"the enum {enum.name!r} has no values")
    if not facts.is_closed and enum.values[0].number != 0:
        refuse(source, enum.values[0], "the first value of an open enum is 0")
    _check_aliases(source, enum)
    _check_reserved(source, enum)
    is_legacy = any(
        one.simple_name == "deprecated_legacy_json_field_conflicts" and is_true(one.value)
        for one in enum.options
    )
    if strict_names or not is_legacy:
        _check_names(source, enum)


def _check_aliases(source: Source, enum: Enum) -> None:
    given = next((one for one in enum.options if one.simple_name == "allow_alias"), None)
    allowed = given is not None and is_true(given.value)
    if given is not None and not allowed:
        refuse(source, given, "allow_alias = false says nothing")
    numbers: dict[int, str] = {}
    has_aliases = False
    for value in enum.values:
        if value.number in numbers:
            has_aliases = True
            if not allowed:
                other = numbers[value.number]
                refuse(source, value, f"{value.name} has the number of {other} without allow_alias")
        numbers.setdefault(value.number, value.name)
    if allowed and not has_aliases:
        refuse(source, enum, f"the enum {enum.name!r} allows aliases, but has none")


def _check_reserved(source: Source, enum: Enum) -> None:
    spans = Spans()
    names: set[str] = set()
    for part in enum.reserved:
        for one in part.values:
            if isinstance(one, Range):
                if one.first > one.last:
                    refuse(source, part, f"reserved {one.text()} is no range")
                if spans.meets(one):
                    refuse(source, part, f"reserved {one.text()} meets others")
                spans.add(one, part)
            elif one.name in names:
                refuse(source, part, f"the name {one.name!r} is reserved twice")
            else:
                names.add(one.name)
    for value in enum.values:
        if spans.has(value.number):
            refuse(source, value, f"{value.name} has the reserved number {value.number}")
        if value.name in names:
            refuse(source, value, f"the name {value.name!r} is reserved")


def _check_names(source: Source, enum: Enum) -> None:
    """Refuse names that would be one in languages that leave the enum's name out."""
    seen: dict[str, tuple[str, int]] = {}
    for value in enum.values:
        stripped = _stripped(value.name, enum.name)
        name, number = seen.setdefault(stripped, (value.name, value.number))
        if name != value.name and number != value.number:
            refuse(source, value, f"{value.name} is {name} but for case and the enum's name")


def _stripped(value: str, enum: str) -> str:
    """Return a value's name in camel case, without the enum's name before it."""
    prefix = enum.replace("_", "").lower()
    at = 0
    for position, letter in enumerate(value):
        if at == len(prefix):
            rest = value[position:].lstrip("_")
            return camel_case(rest.lower()) if rest else camel_case(value.lower())
        if letter == "_":
            continue
        if letter.lower() != prefix[at]:
            break
        at += 1
    return camel_case(value.lower())
