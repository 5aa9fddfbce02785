"""Avro's verdicts: the table of rules, what they say, and their bounds."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from schema_registry.compatibility.avro import incompatibilities
from schema_registry.compatibility.incompatibility import Incompatibility
from schema_registry.errors import BoundExceeded
from schema_registry.formats.avro.avro_format import AvroFormat
from schema_registry.formats.schema_format import ParsedSchema
from schema_registry.model import ResolvedReference
from tests.support.registry.avro_cases import CASES, Case, enum, field, record

FORMAT = AvroFormat()


def verdict(reader: Any, writer: Any) -> Sequence[Incompatibility]:
    return incompatibilities(FORMAT.parse(json.dumps(reader)), FORMAT.parse(json.dumps(writer)))


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_verdict_is_that_of_the_rule(case: Case) -> None:
    found = verdict(case.reader, case.writer)

    assert sorted(one.kind for one in found) == sorted(case.kinds), case.source


def test_there_are_cases_enough() -> None:
    assert len({case.name for case in CASES}) == len(CASES) >= 80
    assert all(case.source for case in CASES)


def test_a_reason_says_where_and_shows_both_sides() -> None:
    reader = record("R", field("a", {"type": "array", "items": enum("E", "A")}))
    writer = record("R", field("a", {"type": "array", "items": enum("E", "AB")}))

    (found,) = verdict(reader, writer)

    assert found.path == "/fields/0/type/items/symbols"
    assert "[B]" in found.message
    assert json.loads(found.reader or "") == enum("E", "A")
    assert json.loads(found.writer or "") == enum("E", "AB")


def test_a_reason_comes_with_a_value_that_breaks() -> None:
    reader = record("R", field("u", ["null", record("I", field("e", enum("E", "A")))]))
    writer = record("R", field("u", ["null", record("I", field("e", enum("E", "AB")))]))

    (found,) = verdict(reader, writer)

    assert json.loads(found.counter_example or "") == {"u": {"I": {"e": "B"}}}


def test_a_broken_branch_is_not_hidden_by_an_assumption_that_failed() -> None:
    """The pair (B, B) fits only if (A, A) does; A's failure must not leave it known to fit."""
    inner = record("B", field("back", ["null", "A"]))
    reader = [
        record("A", field("b", inner), field("broken", "string")),
        record("C", field("b", "B"), aliases=["A"]),
    ]
    writer = record("A", field("b", inner), field("broken", "int"))

    found = verdict(reader, writer)

    assert [one.kind for one in found] == ["MISSING_UNION_BRANCH"]


def test_schemas_that_are_too_deep_to_compare_are_refused_not_fatal() -> None:
    def last_of_chain(inner: str) -> ParsedSchema:
        links = [record("R0", field("a", inner))]
        links += [record(f"R{n}", field("a", f"R{n - 1}")) for n in range(1, 400)]
        reference = ResolvedReference(name="R399", text=json.dumps(links))
        return FORMAT.parse(json.dumps(record("T", field("x", "R399"))), [reference])

    with pytest.raises(BoundExceeded):
        incompatibilities(last_of_chain("long"), last_of_chain("int"))


def test_wide_unions_are_bounded() -> None:
    wide = [record(f"R{n}", field("a")) for n in range(600)]

    with pytest.raises(BoundExceeded):
        verdict(wide, wide)


def test_enums_of_many_symbols_are_compared_once_each() -> None:
    """Each with each would be minutes."""
    symbols = [f"S{number}" for number in range(60_000)]
    many = {"type": "enum", "name": "E", "symbols": symbols}

    assert verdict(many, many) == []
    (found,) = verdict({**many, "symbols": symbols[:-1]}, many)
    assert found.kind == "MISSING_ENUM_SYMBOLS"
