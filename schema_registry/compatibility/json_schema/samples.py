"""Values that a schema is likely to accept, chosen where another schema is likely to refuse.

From the nodes of both: bounds and what lies a step beyond them, values that one lists, properties
that one names, lengths that one allows, one part changed at a time, the rest as plain as can be.
They are guesses: whoever takes them has to validate them. There is no chance in it.

Invariants: at most ``TOP_VALUES_MAX`` values come of two schemas, plain ones first; none is nested
deeper than ``DEPTH_MAX`` nodes.
Called by: counter_examples. Calls: formats.json_schema.nodes.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from itertools import chain, islice, zip_longest
from typing import Any, Final

import msgspec

from schema_registry.formats.json_schema.nodes import (
    ArrayFacts,
    CombinedFacts,
    Criterion,
    EnumFacts,
    Kind,
    Node,
    NotFacts,
    NumberFacts,
    ObjectFacts,
    StringFacts,
)

TOP_VALUES_MAX: Final = 600
"""Values of the pair at the top."""

PART_VALUES_MAX: Final = 12
"""Values that one part of an object or array takes while the rest stays."""

DEPTH_MAX: Final = 7
"""Nodes below each other that values are made for."""

CONTRASTS_MAX: Final = 6
"""Members of the other schema's combination that a node is held against."""

LENGTH_MAX: Final = 64
"""Longest text and array that is made up."""

GENERIC: Final[tuple[Any, ...]] = (None, True, 0, "", [], {}, 1, -1, 1.5, "x", [None], {"x": None})

_TEXTS: Final = (
    *("", "x", "0", "A", "abc", "x y", "é", "2026-01-01", "2026-01-01T00:00:00Z", "00:00:00Z"),
    *("a@example.com", "example.com", "127.0.0.1", "::1", "http://example.com/a"),
    *("3fa85f64-5717-4562-b3fc-2c963f66afa6", "/a", "1.0.0", "USD", "12345"),
)


_SCALARS: Final = frozenset({Kind.STRING, Kind.NUMBER, Kind.ENUM, Kind.CONST})
"""Kinds that nothing is tried of where both schemas demand the same."""


def samples(node: Node, contrast: Node) -> list[Any]:
    """Return values that a node may accept, where another may refuse them."""
    return list(islice(_distinct(_values(node, (contrast,), 0, TOP_VALUES_MAX)), TOP_VALUES_MAX))


_encoder: Final = msgspec.json.Encoder(order="sorted")


def _distinct(values: Iterable[Any]) -> Iterator[Any]:
    seen = set()
    for value in values:
        text = _encoder.encode(value)
        if text not in seen:
            seen.add(text)
            yield value


def _some(node: Node, contrasts: Iterable[Node], depth: int, most: int) -> list[Any]:
    """Return a few values of a part."""
    found = _distinct(_values(node, tuple(contrasts), depth, most))
    return list(islice(found, most))


def _values(node: Node, contrasts: tuple[Node, ...], depth: int, most: int) -> Iterator[Any]:
    """Yield values of a node; the first is as plain as can be."""
    node = node.resolved()
    if depth > DEPTH_MAX or node.kind is Kind.FALSE:
        return
    against = list(islice(_flat(contrasts), CONTRASTS_MAX))
    if node.kind in _SCALARS and [one.facts for one in against] == [node.facts]:
        against, most = [], 1
    yield from islice(_values_of_kind(node, against, depth, most), most)


def _values_of_kind(node: Node, against: list[Node], depth: int, most: int) -> Iterator[Any]:
    match node.facts:
        case StringFacts() as facts:
            yield from _texts(facts, [f for f in _facts(against) if isinstance(f, StringFacts)])
        case NumberFacts() as facts:
            yield from _numbers(facts, [f for f in _facts(against) if isinstance(f, NumberFacts)])
        case EnumFacts() as facts:
            yield from (json.loads(value) for value in sorted(facts.values))
        case ArrayFacts() as facts:
            yield from _arrays(facts, against, depth)
        case ObjectFacts() as facts:
            yield from _objects(facts, against, depth)
        case CombinedFacts() as facts:
            yield from _combinations(facts, against, depth, most)
        case _:
            yield from _anything(node, against, depth)


def _flat(contrasts: Iterable[Node]) -> Iterator[Node]:
    """Yield nodes, the members of combinations in their stead."""
    for one in contrasts:
        node = one.resolved()
        if isinstance(node.facts, CombinedFacts):
            yield from (member.resolved() for member in node.facts.members)
        else:
            yield node


def _facts(nodes: Iterable[Node]) -> list[Any]:
    return [node.facts for node in nodes]


def _anything(node: Node, against: list[Node], depth: int) -> Iterator[Any]:
    """Yield values of a node that demands none of a kind."""
    if node.kind is Kind.NULL:
        yield None
    elif node.kind is Kind.BOOLEAN:
        yield from (True, False)
    else:
        yield from GENERIC
        for other in against:
            inner = other.facts.node if isinstance(other.facts, NotFacts) else other
            if inner.resolved() is not node:
                yield from _some(inner, (), depth + 1, PART_VALUES_MAX)


def _texts(facts: StringFacts, against: list[StringFacts]) -> Iterator[Any]:
    low = int(facts.min_length or 0)
    high = LENGTH_MAX if facts.max_length is None else int(facts.max_length)
    if low > LENGTH_MAX:
        return
    lengths = [low]
    for other in against:
        lengths += [int(other.max_length) + 1] if other.max_length is not None else []
        lengths += [int(other.min_length) - 1] if other.min_length else []
    lengths += [low + 1, high]
    if facts.pattern is None:
        yield from ("x" * one for one in lengths if low <= one <= min(high, LENGTH_MAX))
    else:
        literal = facts.pattern.strip("^$")
        yield from (literal, literal + "x", *(c * max(low, 1) for c in "aA0"))
    yield from (text for text in _TEXTS if low <= len(text) <= high)


def _numbers(facts: NumberFacts, against: list[NumberFacts]) -> Iterator[Any]:
    edges = [one for other in against for one in _edges(other)]
    if any(other.is_integer for other in against):
        edges = [Decimal("0.25"), *edges, *(one + Decimal("0.25") for one in _edges(facts))]
    points = [*sorted([Decimal(0), *_edges(facts)], key=abs), Decimal(1), Decimal(100)]
    plain = [one for one in points if _is_within(one, facts)][:1]
    divisor = facts.multiple_of
    rounded = list(_rounded((*edges, *points), divisor)) if divisor else []
    for point in dict.fromkeys([*plain, *edges, *points, *rounded]):
        if _is_within(point, facts):
            yield int(point) if point == point.to_integral_value() else float(point)


def _rounded(points: Iterable[Decimal], divisor: Decimal) -> Iterator[Decimal]:
    """Yield what is divisible and next to each point, unless the quotient has too many digits."""
    for point in points:
        with suppress(InvalidOperation):
            yield point // divisor * divisor


def _edges(facts: NumberFacts) -> list[Decimal]:
    """Return bounds, and what lies a step beyond them."""
    bounds = (facts.maximum, facts.minimum, facts.exclusive_maximum, facts.exclusive_minimum)
    steps = (1, -1, 0, Decimal("0.5"), Decimal("-0.5"))
    found = [one + step for one in bounds if one is not None for step in steps]
    divisor = facts.multiple_of
    return [*found, divisor, divisor * 2, divisor / 2] if divisor else found


def _is_within(point: Decimal, facts: NumberFacts) -> bool:
    return (
        (facts.minimum is None or point >= facts.minimum)
        and (facts.maximum is None or point <= facts.maximum)
        and (facts.exclusive_minimum is None or point > facts.exclusive_minimum)
        and (facts.exclusive_maximum is None or point < facts.exclusive_maximum)
        and not (facts.is_integer and point != point.to_integral_value())
    )


_EVERYTHING: Final = Node(raw=True)


def _arrays(facts: ArrayFacts, against: list[Node], depth: int) -> Iterator[Any]:
    others = [one for one in _facts(against) if isinstance(one, ArrayFacts)]
    low = int(facts.min_items or 0)
    high = LENGTH_MAX if facts.max_items is None else int(facts.max_items)
    lengths = [max(low, min(len(facts.prefix), high)), low, low + 1, len(facts.prefix) + 1]
    for other in others:
        lengths += [int(other.max_items) + 1] if other.max_items is not None else []
        lengths += [int(other.min_items) - 1] if other.min_items else []
        lengths += [len(other.prefix), len(other.prefix) + 1, 2 if other.unique else low]
        lengths += [int(other.max_contains) + 1] if other.max_contains is not None else []
    for length in dict.fromkeys(lengths):
        if not low <= length <= min(high, LENGTH_MAX):
            continue
        places = [_place(facts, others, number, depth) for number in range(length)]
        if not all(places):
            continue
        plain = [place[number % len(place)] if facts.unique else place[0]
                 for number, place in enumerate(places)]  # fmt: skip
        yield plain
        for number in {*range(min(length, 4)), max(0, length - 1)} if length else ():
            for value in places[number][1:PART_VALUES_MAX]:
                yield [*plain[:number], value, *plain[number + 1 :]]


def _place(facts: ArrayFacts, others: list[ArrayFacts], number: int, depth: int) -> list[Any]:
    """Return values for a place of an array."""
    node = _item(facts, number)
    contrasts = [found for one in others if (found := _item(one, number)) is not None]
    contained = [one.contains for one in (facts, *others) if one.contains is not None]
    wanted = [_some(one, (), depth + 1, 2) for one in contained]
    if node is None:
        return []
    return [*chain(*wanted), *_some(node, contrasts, depth + 1, PART_VALUES_MAX)]


def _item(facts: ArrayFacts, number: int) -> Node | None:
    """Return what stands for a place, None where there may be nothing."""
    if number < len(facts.prefix):
        return facts.prefix[number]
    if not facts.allows_additional:
        return None
    return facts.additional or facts.items or facts.unevaluated or _EVERYTHING


def _objects(facts: ObjectFacts, against: list[Node], depth: int) -> Iterator[Any]:
    others = [one for one in _facts(against) if isinstance(one, ObjectFacts)]
    named = {
        name: values
        for name, node in facts.properties.items()
        if (values := _property(name, node, others, depth))
    }
    for name in sorted(facts.required - named.keys()):
        named[name] = _property(name, _further(facts, name) or _EVERYTHING, others, depth)
    least = {name: values[0] for name, values in named.items() if name in facts.required and values}
    full = {name: values[0] for name, values in named.items() if values}
    yield full
    for name in _further_names(facts, others):
        node = _further(facts, name)
        named[name] = _property(name, node, others, depth) if node is not None else []
    for turn in (1, None, 0, *range(2, PART_VALUES_MAX)):
        if turn is None:
            yield least
            continue
        for name, values in named.items():
            if turn < len(values):
                yield {**least, name: values[turn]}
    yield from ({**least, **value} for value in _dependents((facts, *others), depth))
    many = {f"x{number}": None for number in range(8)}
    yield {**least, **dict(islice(many.items(), 2))}
    yield {**least, **many}


def _dependents(all_facts: Iterable[ObjectFacts], depth: int) -> Iterator[dict[str, Any]]:
    """Yield properties that bring others with them, and what those may be."""
    for facts in all_facts:
        for name, names in facts.dependent_names.items():
            yield {name: None, **dict.fromkeys(names)}
        for name, node in facts.dependent_schemas.items():
            dependent = node.resolved().facts
            inner = dependent.properties if isinstance(dependent, ObjectFacts) else {}
            for other, part in inner.items():
                values = [*_some(part, (), depth + 1, PART_VALUES_MAX), *GENERIC]
                yield from ({name: None, other: value} for value in values)


def _property(name: str, node: Node, others: list[ObjectFacts], depth: int) -> list[Any]:
    """Return values for a property."""
    contrasts = [
        found
        for one in others
        if (found := one.properties.get(name) or _further(one, name)) is not None
    ]
    return _some(node, contrasts, depth + 1, PART_VALUES_MAX)


def _further(facts: ObjectFacts, name: str) -> Node | None:
    """Return what stands for a property without a schema of its own, None where none may be."""
    if not facts.allows_additional:
        return None
    if facts.patterns:
        return facts.additional or _EVERYTHING
    if facts.unevaluated is not None and facts.unevaluated.kind is Kind.FALSE:
        return None
    return facts.additional or facts.unevaluated or _EVERYTHING


def _further_names(facts: ObjectFacts, others: list[ObjectFacts]) -> list[str]:
    """Return names that a schema does not name, but the other one has something for."""
    names = []
    for one in (*others, facts):
        names += [*one.properties, *one.required, *one.dependent_names, *one.dependent_schemas]
        names += [pattern.strip("^$.*+\\") or "x" for pattern in one.patterns]
    return [name for name in dict.fromkeys([*names, "further"]) if name not in facts.properties]


def _combinations(
    facts: CombinedFacts, against: list[Node], depth: int, most: int
) -> Iterator[Any]:
    own = [_some(member, against, depth + 1, most) for member in facts.members]
    if facts.criterion is Criterion.ALL:
        yield from _products(own)
    for row in zip_longest(*own, fillvalue=_NOTHING):
        yield from (value for value in row if value is not _NOTHING)


_NOTHING: Final = object()


def _products(own: list[list[Any]]) -> Iterator[Any]:
    """Yield objects that have what each member's first object has, one member's others in turn."""
    objects = [[value for value in values if isinstance(value, dict)] for values in own]
    objects = [values for values in objects if values]
    whole: dict[str, Any] = {}
    for values in objects:
        whole |= values[0]
    if objects:
        yield whole
    for values in objects:
        yield from ({**whole, **value} for value in values)
