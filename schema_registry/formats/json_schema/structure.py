"""What each keyword of a subschema must look like.

As strict as the loader of Confluent's registry, so that what is registered there is taken here:
an empty ``required`` of draft 4 is fine, a ``type`` that does not exist is not. What a validator
needs beyond that is the concern of ``validation``.
Called by: documents, once for each subschema. Calls: nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from schema_registry.errors import InvalidSchema
from schema_registry.formats.json_schema.drafts import ONE_SCHEMA, SCHEMA_LIST, SCHEMA_MAP, Draft
from schema_registry.formats.json_schema.json_text import escaped

TYPES: Final = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})


def check_keywords(schema: Mapping[str, Any], draft: Draft, path: str) -> None:
    """Refuse a subschema whose own keywords are malformed.

    Args:
        schema: The subschema; what is inside it is not looked at.
        draft: Whose keywords they are.
        path: JSON pointer to the subschema.

    Raises:
        InvalidSchema: Names the keyword.
    """
    for keyword, value in schema.items():
        check = _CHECKS.get(keyword)
        if keyword in ("exclusiveMinimum", "exclusiveMaximum"):
            check = _boolean if draft is Draft.DRAFT_4 else _number
        fault = check(value) if check else None
        if fault:
            raise InvalidSchema(f"{path}/{escaped(keyword)}", f"{keyword} {fault}")


def subschemas(schema: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the subschemas directly inside one, each with the pointer from there to it."""
    for keyword, value in schema.items():
        if keyword in SCHEMA_LIST and isinstance(value, list):
            for number, inner in enumerate(value):
                yield f"/{keyword}/{number}", inner
        elif keyword in SCHEMA_MAP and isinstance(value, dict):
            for name, inner in value.items():
                if not (keyword == "dependencies" and isinstance(inner, list)):
                    yield f"/{keyword}/{escaped(name)}", inner
        elif keyword in ONE_SCHEMA:
            yield f"/{keyword}", value


def is_number(value: Any) -> bool:
    """Return whether a value of ``parse_json`` is a number."""
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _text(value: Any) -> str | None:
    return None if isinstance(value, str) else "must be text"


def _boolean(value: Any) -> str | None:
    return None if isinstance(value, bool) else "must be true or false"


def _number(value: Any) -> str | None:
    return None if is_number(value) else "must be a number"


def _positive(value: Any) -> str | None:
    return None if is_number(value) and value > 0 else "must be a number above 0"


def _count(value: Any) -> str | None:
    if is_number(value) and value >= 0 and value == int(value):
        return None
    return "must be a whole number that is not negative"


def _list(value: Any) -> str | None:
    return None if isinstance(value, list) else "must be an array"


def _names(value: Any) -> str | None:
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        return None
    return "must be an array of names"


def _map(value: Any) -> str | None:
    return None if isinstance(value, dict) else "must be an object"


def _map_of_names(value: Any) -> str | None:
    if isinstance(value, dict) and not any(_names(names) for names in value.values()):
        return None
    return "must be an object of arrays of names"


def _dependencies(value: Any) -> str | None:
    if _map(value):
        return _map(value)
    if any(isinstance(inner, list) and _names(inner) for inner in value.values()):
        return "must hold schemas or arrays of names"
    return None


def _type(value: Any) -> str | None:
    names = value if isinstance(value, list) else [value]
    if names and all(isinstance(name, str) and name in TYPES for name in names):
        return None
    return f"must be one or several of {', '.join(sorted(TYPES))}"


_CHECKS: Final[Mapping[str, Callable[[Any], str | None]]] = {
    **dict.fromkeys(("$ref", "$dynamicRef", "$recursiveRef", "$anchor", "$dynamicAnchor"), _text),
    **dict.fromkeys(("title", "description", "pattern", "format"), _text),
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems"), _count),
    **dict.fromkeys(("minProperties", "maxProperties", "minContains", "maxContains"), _count),
    **dict.fromkeys(("minimum", "maximum"), _number),
    **dict.fromkeys(("allOf", "anyOf", "oneOf", "prefixItems", "enum"), _list),
    **dict.fromkeys(("properties", "patternProperties", "dependentSchemas"), _map),
    **dict.fromkeys(("definitions", "$defs"), _map),
    "multipleOf": _positive,
    "uniqueItems": _boolean,
    "required": _names,
    "dependentRequired": _map_of_names,
    "dependencies": _dependencies,
    "type": _type,
}
