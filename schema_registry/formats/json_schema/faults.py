"""Where the fault of a value is that a schema refuses, and what it is.

A validator only says no: its own reports take exponential time on unions within unions. From the
whole value and the whole schema the search goes on to a part of the value and the subschema that
refuses it, until what is wrong is the part's own. Where a union refuses, the search goes into the
one member that the part fits but for what is inside it, if there is one: its own demands are met,
and so are the constants by which members are told apart.

Called by: validation. Calls: jsonschema-rs, patterns.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import unquote

import jsonschema_rs

from schema_registry.formats.json_schema.json_text import escaped
from schema_registry.formats.json_schema.patterns import PATTERN_OPTIONS, pattern_finds

STEPS_MAX: Final = 5_000
"""Subschemas that are tried; beyond, the nearest place found is named."""

MESSAGE_CHARACTERS_MAX: Final = 500

_OWN: Final = frozenset(
    {
        *("type", "enum", "const", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
        *("multipleOf", "minLength", "maxLength", "pattern", "format", "required"),
        *("minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties"),
        "dependentRequired",
    }
)
"""Keywords whose fault is the value's own, not that of a part of it."""

_SILENT: Final = frozenset({"$schema", "$id", "id", "$defs", "definitions", "title", "description"})

_Path = tuple[str | int, ...]
_Way = tuple[str, str | int | None]
"""From a schema to one inside it, and from the value to the part that this one is for."""


def short(message: str) -> str:
    """Return a message cut to a length that fits an answer."""
    first = message.strip().partition("\n\n")[0]
    if len(first) <= MESSAGE_CHARACTERS_MAX:
        return first
    return first[: MESSAGE_CHARACTERS_MAX - 3] + "..."


class FaultSearch:
    """Finds the faults of values of one schema; worth keeping."""

    def __init__(self, flat: Any, validator_class: Any) -> None:
        """Compile a validator for every subschema.

        Args:
            flat: A schema whose references are pointers into itself.
            validator_class: Of jsonschema-rs, for the schema's draft.
        """
        self._flat = flat
        self._class = validator_class
        self._validators = (
            jsonschema_rs.validator_map_for(flat, pattern_options=PATTERN_OPTIONS, offline=True)
            if isinstance(flat, dict)
            else None
        )

    def find(self, value: Any) -> tuple[_Path, str]:
        """Return the path to the fault of a value that is refused, and what it is."""
        path: _Path = ()
        at = "#"
        for _ in range(STEPS_MAX):
            schema = self._at(at)
            if not isinstance(schema, dict):
                return path, "no value is allowed here"
            own = self._own_fault(schema, value)
            step = None if own else self._step(schema, at, value)
            if step is None:
                return path, own or _left(schema)
            way, key = step
            at = self._target(schema, at, way)
            if key is not None:
                path, value = (*path, key), value[key]
        return path, "the value does not fit the schema"

    def _step(self, schema: Mapping[str, Any], at: str, value: Any) -> _Way | None:
        """Return the way to a subschema that refuses the value, or a part of it."""
        for way, key in _ways(schema, value):
            inner = value if key is None else value[key]
            if not self._accepts(self._target(schema, at, way), inner):
                return way, key
        for keyword in ("anyOf", "oneOf"):
            members = [f"{keyword}/{number}" for number in range(len(schema.get(keyword, ())))]
            if not any(self._accepts(f"{at}/{member}", value) for member in members):
                near = [one for one in members if self._is_near(f"{at}/{one}", value)]
                if len(near) == 1:
                    return near[0], None
        return None

    def _is_near(self, at: str, value: Any) -> bool:
        """Return whether only what is inside a value keeps a subschema from accepting it."""
        schema = self._at(at)
        while isinstance(schema, dict) and "$ref" in schema and len(schema.keys() - _SILENT) == 1:
            schema = self._at(self._target(schema, at, "$ref"))
        if not isinstance(schema, dict) or self._own_fault(schema, value):
            return False
        told_apart = {
            name: inner
            for name, inner in schema.get("properties", {}).items()
            if isinstance(inner, dict) and not {"const", "enum"}.isdisjoint(inner)
        }
        parts = value if isinstance(value, dict) else {}
        return not any(
            self._own_fault(inner, parts[name])
            for name, inner in told_apart.items()
            if name in parts
        )

    def _accepts(self, at: str, value: Any) -> bool:
        validator = self._validators.get(at) if self._validators is not None else None
        return validator is None or validator.is_valid(value)

    def _own_fault(self, schema: Mapping[str, Any], value: Any) -> str | None:
        """Return what is wrong with the value itself, what is inside it left aside."""
        if "$ref" in schema and self._class in _OLD:
            return None
        own = {key: inner for key, inner in schema.items() if key in _OWN}
        if schema.get("additionalProperties") is False:
            own["additionalProperties"] = False
            for keyword in ("properties", "patternProperties"):
                own[keyword] = {name: {} for name in schema.get(keyword, {})}
        if own:
            try:
                validator = self._class(own, pattern_options=PATTERN_OPTIONS, offline=True)
                validator.validate(value)
            except (jsonschema_rs.ValidationError, ValueError) as error:
                return short(getattr(error, "message", str(error)))
        return None

    def _target(self, schema: Mapping[str, Any], at: str, way: str) -> str:
        """Return the pointer that a way from a schema leads to."""
        if way != "$ref":
            return f"{at}/{way}"
        reference: str = schema["$ref"]
        return unquote(reference) if reference.startswith("#") else f"{at}/$ref"

    def _at(self, at: str) -> Any:
        """Return the subschema at a pointer."""
        here = self._flat
        for segment in at.split("/")[1:]:
            key = segment.replace("~1", "/").replace("~0", "~")
            here = here[int(key)] if isinstance(here, list) else here[key]
        return here


_OLD: Final = (
    jsonschema_rs.Draft4Validator,
    jsonschema_rs.Draft6Validator,
    jsonschema_rs.Draft7Validator,
)
"""Drafts in which nothing counts beside a reference."""


def _ways(schema: Mapping[str, Any], value: Any) -> Iterator[_Way]:
    """Yield the ways to subschemas that all have to accept the value, or a part of it."""
    if isinstance(schema.get("$ref"), str) and schema["$ref"].startswith("#"):
        yield "$ref", None
    for number in range(len(schema.get("allOf", ()))):
        yield f"allOf/{number}", None
    if isinstance(value, dict):
        yield from _object_ways(schema, value)
    elif isinstance(value, list):
        yield from _array_ways(schema, value)


def _object_ways(schema: Mapping[str, Any], value: Mapping[str, Any]) -> Iterator[_Way]:
    properties = schema.get("properties", {})
    named = {name for name in value if name in properties}
    yield from ((f"properties/{escaped(name)}", name) for name in value if name in named)
    for expression in schema.get("patternProperties", {}):
        found = [name for name in value if pattern_finds(expression, name)]
        named.update(found)
        yield from ((f"patternProperties/{escaped(expression)}", name) for name in found)
    if isinstance(schema.get("additionalProperties"), dict):
        yield from (("additionalProperties", name) for name in value if name not in named)


def _array_ways(schema: Mapping[str, Any], value: list[Any]) -> Iterator[_Way]:
    items = schema.get("items")
    keyword = "items" if isinstance(items, list) else "prefixItems"
    prefix = items if isinstance(items, list) else schema.get("prefixItems", ())
    for number in range(min(len(prefix), len(value))):
        yield f"{keyword}/{number}", number
    rest = "additionalItems" if isinstance(items, list) else "items"
    if rest in schema:
        for number in range(len(prefix), len(value)):
            yield rest, number


def _left(schema: Mapping[str, Any]) -> str:
    """Return what may be wrong where no single demand is."""
    for keyword, what in (("anyOf", "no member"), ("oneOf", "not exactly one member")):
        if keyword in schema:
            return f"{what} of {keyword} accepts the value"
    demands = sorted(schema.keys() - _SILENT)
    return f"the value does not fit the schema ({', '.join(demands) or 'as a whole'})"
