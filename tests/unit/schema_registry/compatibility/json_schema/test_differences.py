from schema_registry.compatibility.json_schema.differences import (
    INCOMPATIBLE,
    LENIENT,
    STRICT,
    TOLERATED,
)
from schema_registry.model import CompatibilityPolicy


def test_there_are_as_many_kinds_as_confluent_has() -> None:
    """132 kinds; three are not used: two of metadata, one retired. 65 and 74 are tolerated."""
    assert len(STRICT | INCOMPATIBLE) == 132 - 3
    assert len(STRICT) == 65
    assert len(LENIENT) == 74


def test_every_kind_is_either_tolerated_or_not() -> None:
    assert not STRICT & INCOMPATIBLE
    assert LENIENT - STRICT <= INCOMPATIBLE


def test_every_policy_says_what_it_tolerates() -> None:
    assert TOLERATED.keys() == set(CompatibilityPolicy)
