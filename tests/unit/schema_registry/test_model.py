"""Model: what levels and modes mean."""

import pytest

from schema_registry.model import CompatibilityLevel, Mode


@pytest.mark.parametrize(
    ("level", "reads_old", "is_read_by_old", "is_transitive"),
    [
        ("NONE", False, False, False),
        ("BACKWARD", True, False, False),
        ("BACKWARD_TRANSITIVE", True, False, True),
        ("FORWARD", False, True, False),
        ("FORWARD_TRANSITIVE", False, True, True),
        ("FULL", True, True, False),
        ("FULL_TRANSITIVE", True, True, True),
    ],
)
def test_levels_say_who_reads_what(
    level: str, reads_old: bool, is_read_by_old: bool, is_transitive: bool
) -> None:
    found = CompatibilityLevel(level)

    assert found.reads_old is reads_old
    assert found.is_read_by_old is is_read_by_old
    assert found.is_transitive is is_transitive


def test_modes_say_what_may_change() -> None:
    assert [mode for mode in Mode if mode.is_read_only] == [Mode.READONLY, Mode.READONLY_OVERRIDE]
    assert [mode for mode in Mode if mode.takes_ids] == [Mode.IMPORT, Mode.FORWARD]
