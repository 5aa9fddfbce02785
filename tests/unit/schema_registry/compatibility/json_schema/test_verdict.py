import pytest

from schema_registry.compatibility.incompatibility import INCOMPATIBILITIES_MAX, Incompatibility
from schema_registry.compatibility.json_schema.differences import INCOMPATIBLE, LENIENT, Difference
from schema_registry.compatibility.json_schema.verdict import (
    SIDE_CHARACTERS_MAX,
    incompatibilities,
    worded,
)
from schema_registry.model import CompatibilityPolicy
from tests.support.registry.json_schema_cases import parse


def test_a_reason_names_kind_place_and_both_sides() -> None:
    writer = parse({"properties": {"a/b": {"type": "string", "maxLength": 10}}})
    reader = parse({"properties": {"a/b": {"type": "string", "maxLength": 2}}})

    assert incompatibilities(reader, writer) == [
        Incompatibility(
            kind="MAX_LENGTH_DECREASED",
            path="#/properties/a~1b/maxLength",
            message="the reader's schema has a lower bound at 'properties/a/b/maxLength'",
            reader="2",
            writer="10",
            counter_example='{"a/b":"xxx"}',
        )
    ]


def test_what_the_policy_tolerates_is_no_reason() -> None:
    writer, reader = parse({"type": "object"}), parse({"properties": {"a": {"type": "string"}}})

    assert incompatibilities(reader, writer, CompatibilityPolicy.LENIENT) == []
    assert len(incompatibilities(reader, writer, CompatibilityPolicy.STRICT)) == 1
    assert len(incompatibilities(reader, writer, CompatibilityPolicy.LOGICAL)) == 1


def test_the_policy_holds_for_members_of_combinations() -> None:
    """Pull request 4269: members were compared strictly, whatever the policy."""
    base = {"type": "object", "properties": {"a": {"type": "string"}}}
    wider = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}}
    writer, reader = parse({"allOf": [base, True]}), parse({"allOf": [wider, True]})

    assert incompatibilities(reader, writer, CompatibilityPolicy.LENIENT) == []
    assert incompatibilities(reader, writer) != []


def test_reasons_are_as_many_as_there_may_be_and_no_more() -> None:
    writer = parse({"properties": {f"f{one}": {"type": "string"} for one in range(300)}})
    reader = parse({"properties": {f"f{one}": {"type": "null"} for one in range(300)}})

    assert len(incompatibilities(reader, writer)) == INCOMPATIBILITIES_MAX


def test_a_side_is_cut_where_it_is_long() -> None:
    writer = parse({"enum": ["x" * 400]})
    reader = parse({"enum": ["y"]})

    [reason] = incompatibilities(reader, writer)

    assert reason.writer is not None
    assert len(reason.writer) == SIDE_CHARACTERS_MAX


@pytest.mark.parametrize("kind", sorted(INCOMPATIBLE | LENIENT & INCOMPATIBLE))
def test_every_kind_has_a_sentence(kind: str) -> None:
    reason = worded(Difference(kind=kind, path=("a",), original=None, update=True))

    assert reason.message
    assert "{" not in reason.message
