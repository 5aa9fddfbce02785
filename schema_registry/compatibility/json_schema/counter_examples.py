"""Records that show why a verdict is what it is: the writer's schema takes them, the reader's not.

Values that are likely to tell the two schemas apart are tried with both validators; nothing is
shown that was not found so. For each difference the record whose fault is nearest to its place is
taken, and of those the shortest.

Called by: verdict. Calls: samples, formats.json_schema (validation).
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from schema_registry.compatibility.json_schema.differences import Difference
from schema_registry.compatibility.json_schema.samples import samples
from schema_registry.errors import InvalidPayload, InvalidSchema
from schema_registry.formats.json_schema.json_text import escaped
from schema_registry.formats.json_schema.schema import JsonSchema

EXAMPLE_BYTES_MAX: Final = 2_000
"""Longest record that is shown."""

FAULTS_MAX: Final = 60
"""Records whose fault is looked for, the shortest of those that the reader's schema refuses."""

_PARTS: Final = frozenset({"properties", "required", "dependencies"})
"""Segments of a difference's path behind which a property's name stands."""


def find_examples(
    writer: JsonSchema, reader: JsonSchema, differences: Sequence[Difference]
) -> list[str | None]:
    """Return for each difference a record as JSON, None where none was found."""
    refused = refused_records(writer, reader)
    return [_nearest(_place(one), refused) for one in differences]


def refused_records(writer: JsonSchema, reader: JsonSchema) -> list[tuple[str, str]]:
    """Return records that the writer's schema takes and the reader's does not, with their faults.

    Returns:
        Pairs of a JSON pointer to what the reader's schema refuses and the record as JSON, the
        shortest records first; at most ``FAULTS_MAX``.
    """
    try:
        written, read = writer.validation, reader.validation
    except InvalidSchema:
        return []
    found: dict[str, Any] = {}
    for value in samples(writer.node, reader.node):
        if not read.is_valid(value) and written.is_valid(value):
            text = msgspec.json.encode(value).decode()
            if len(text) <= EXAMPLE_BYTES_MAX:
                found[text] = value
    shortest = sorted(found, key=len)[:FAULTS_MAX]
    faults = []
    for text in shortest:
        try:
            read.check(found[text])
        except InvalidPayload as refusal:
            faults.append((refusal.path, text))
    return faults


def _place(difference: Difference) -> list[str]:
    """Return where in a record a difference shows: its path without words of schemas."""
    place: list[str] = []
    segments = iter(difference.path)
    for segment in segments:
        if segment in _PARTS:
            name = next(segments, None)
            place += [escaped(name)] if name is not None and segment != "dependencies" else []
        elif segment == "items":
            place.append("*")
    return place


def _nearest(place: list[str], refused: list[tuple[str, str]]) -> str | None:
    """Return the record whose fault is at a place, below it, or at what holds it."""
    best: tuple[int, str] | None = None
    for fault, text in refused:
        at = fault.split("/")[1:]
        common = len(_agreeing(place, at))
        distance = len(place) - common
        if distance == 0 or (distance == 1 and len(at) == common):
            rank = distance * 10 + len(at) - common
            best = min(best, (rank, text), key=lambda one: one[0]) if best else (rank, text)
    return best[1] if best else None


def _agreeing(place: list[str], at: list[str]) -> list[str]:
    """Return the segments in which a place and a fault agree, from the top."""
    agreed = []
    for wanted, found in zip(place, at, strict=False):
        if wanted != found and not (wanted == "*" and found.isdecimal()):
            break
        agreed.append(found)
    return agreed
