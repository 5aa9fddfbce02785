"""How much work a schema can make of one value, found before any value comes.

A validator holds a value against a subschema, and against all that its references and combinations
lead to; then the values inside against what stands for them. Two members of an ``anyOf`` that both
lead on double the work, and twenty such steps after each other make a million. So the work along
one way into a value is counted, and a schema beyond ``EXPANSION_MAX`` is refused.

What comes back to a subschema that is being counted is counted once: the validator remembers what
it found for a reference and a value. A schema that comes back to itself without going into the
value means nothing, and is refused.
Called by: schema. Calls: documents.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from schema_registry.errors import BoundExceeded, InvalidSchema
from schema_registry.formats.json_schema.documents import Documents
from schema_registry.formats.json_schema.limits import EXPANSION_MAX

_SAME_VALUE: Final = frozenset({"allOf", "anyOf", "oneOf", "not", "if", "then", "else"})
_NAMED_SCHEMAS: Final = frozenset({"dependentSchemas", "dependencies"})
_BY_PATTERN: Final = frozenset({"patternProperties"})
_INSIDE: Final = _BY_PATTERN | {
    *("items", "additionalItems", "additionalProperties", "contains", "propertyNames"),
    *("unevaluatedItems", "unevaluatedProperties"),
}
_ANY_PLACE: Final = "*"


@dataclass(slots=True)
class _Work:
    """What a subschema costs: at the value itself, and by place inside it."""

    here: int = 1
    inside: dict[str, int] = field(default_factory=dict)

    def total(self) -> int:
        """Return the work along the most costly way into the value."""
        anywhere = self.inside.get(_ANY_PLACE, 0)
        named = (work for place, work in self.inside.items() if place != _ANY_PLACE)
        return self.here + anywhere + max(named, default=0)

    def add(self, other: "_Work") -> None:
        """Add what is done to the same value."""
        self.here += other.here
        for place, work in other.inside.items():
            self.inside[place] = self.inside.get(place, 0) + work


def check_expansion(documents: Documents) -> None:
    """Refuse a schema that can make too much work of a value.

    Raises:
        InvalidSchema: It refers to itself without going into the value.
        BoundExceeded: It can make more than ``EXPANSION_MAX`` steps along one way into a value.
    """
    _check_circles(documents)
    done: dict[int, _Work] = {}
    for schema, scope in documents:
        for one in _in_order(documents, schema, done):
            done[id(one)] = work = _work(documents, one, done)
            if work.total() > EXPANSION_MAX:
                raise BoundExceeded(
                    scope.pointer, f"a value is held against more than {EXPANSION_MAX} subschemas"
                )


def _work(documents: Documents, schema: Mapping[str, Any], done: Mapping[int, _Work]) -> _Work:
    work = _Work()
    for place, inner in _edges(documents, schema):
        below = done.get(id(inner), _Work())
        if place is None:
            work.add(below)
        else:
            work.inside[place] = work.inside.get(place, 0) + below.total()
    return work


def _in_order(
    documents: Documents, schema: Mapping[str, Any], done: Mapping[int, _Work]
) -> Iterator[Mapping[str, Any]]:
    """Yield a subschema and all below it that is not done, inner ones first."""
    entered: set[int] = set()
    stack: list[tuple[Mapping[str, Any], bool]] = [(schema, False)]
    while stack:
        one, is_left = stack.pop()
        if is_left:
            yield one
        elif id(one) not in entered and id(one) not in done:
            entered.add(id(one))
            stack.append((one, True))
            stack += [(inner, False) for _, inner in _edges(documents, one)]


def _check_circles(documents: Documents) -> None:
    entered: set[int] = set()
    left: set[int] = set()
    for schema, _ in documents:
        stack: list[tuple[Mapping[str, Any], bool]] = [(schema, False)]
        while stack:
            one, is_left = stack.pop()
            if is_left:
                left.add(id(one))
            elif id(one) not in entered:
                entered.add(id(one))
                stack.append((one, True))
                stack += [(to, False) for place, to in _edges(documents, one) if place is None]
            elif id(one) not in left:
                raise InvalidSchema(
                    documents.scope(one).pointer, "the schema refers to itself, for the same value"
                )


def _edges(
    documents: Documents, schema: Mapping[str, Any]
) -> Iterator[tuple[str | None, Mapping[str, Any]]]:
    """Yield the subschemas that a value, or (with the place named) one inside it, is held to."""
    for keyword in documents.reference_keywords(schema):
        target = documents.target(schema, keyword)
        if isinstance(target, dict):
            yield None, target
        if not documents.scope(schema).draft.is_modern:
            return
    for keyword, value in schema.items():
        for place, inner in _inner(keyword, value):
            if isinstance(inner, dict):
                yield place, inner


def _inner(keyword: str, value: Any) -> Iterator[tuple[str | None, Any]]:
    """Yield the subschemas of a keyword, and for what place inside a value each is."""
    if keyword in _SAME_VALUE or keyword in _NAMED_SCHEMAS:
        yield from ((None, inner) for inner in _schemas(value, keyword in _NAMED_SCHEMAS))
    elif keyword == "properties":
        yield from ((f".{name}", inner) for name, inner in value.items())
    elif keyword in ("items", "prefixItems") and isinstance(value, list):
        yield from ((f"[{number}]", inner) for number, inner in enumerate(value))
    elif keyword in _INSIDE:
        yield from ((_ANY_PLACE, inner) for inner in _schemas(value, keyword in _BY_PATTERN))


def _schemas(value: Any, is_map: bool) -> list[Any]:
    """Return the schemas of a keyword's value: one, an array or an object of them."""
    if isinstance(value, list):
        return value
    return list(value.values()) if is_map and isinstance(value, dict) else [value]
