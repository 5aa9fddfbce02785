"""Levels: which versions count, in which direction, and how it is said."""

import pytest

from schema_registry.compatibility.avro import incompatibilities
from schema_registry.compatibility.incompatibility import Incompatibility
from schema_registry.compatibility.levels import differences, judged_versions, printed
from schema_registry.formats.avro.avro_format import AvroFormat
from schema_registry.formats.schema_format import ParsedSchema
from schema_registry.model import CompatibilityLevel, CompatibilityPolicy, SchemaType

INT, LONG = (AvroFormat().parse(text) for text in ('"int"', '"long"'))


class Other:
    """A schema of another type."""

    schema_type = SchemaType.JSON


@pytest.mark.parametrize(
    ("level", "judged"),
    [
        ("NONE", []),
        ("BACKWARD", [3]),
        ("FORWARD", [3]),
        ("FULL", [3]),
        ("BACKWARD_TRANSITIVE", [3, 2, 1]),
        ("FULL_TRANSITIVE", [3, 2, 1]),
    ],
)
def test_versions_that_count_come_newest_first(level: str, judged: list[int]) -> None:
    assert list(judged_versions(CompatibilityLevel(level), [1, 2, 3])) == judged


@pytest.mark.parametrize(
    ("level", "widening", "narrowing"),
    [
        ("NONE", True, True),
        ("BACKWARD", True, False),
        ("FORWARD", False, True),
        ("FULL", False, False),
    ],
)
def test_directions_are_those_of_the_level(level: str, widening: bool, narrowing: bool) -> None:
    def fits(new: ParsedSchema, old: ParsedSchema) -> bool:
        policy = CompatibilityPolicy.STRICT
        return not differences(CompatibilityLevel(level), policy, new, old, incompatibilities)

    assert fits(LONG, INT) is widening
    assert fits(INT, LONG) is narrowing


def test_another_type_of_schema_is_a_break_of_its_own() -> None:
    level, policy = CompatibilityLevel.BACKWARD, CompatibilityPolicy.STRICT

    (found,) = differences(level, policy, Other(), INT, incompatibilities)  # type: ignore[arg-type]

    assert found.kind == "SCHEMA_TYPE_CHANGED"


def test_reasons_are_printed_as_clients_know_them() -> None:
    one = Incompatibility(kind="K", path="/a", message="m", reader="r", writer="w")

    assert printed(one) == (
        "{errorType:'K', description:'m at path '/a'', additionalInfo:'reader: r; writer: w'}"
    )
