import dataclasses

import pytest

from app.coordinators.groups.model import GroupMetadata, GroupState, GroupType


def test_states_and_types_are_the_words_that_kafka_shows() -> None:
    assert [one.value for one in GroupState] == [
        "Empty",
        "PreparingRebalance",
        "CompletingRebalance",
        "Stable",
        "Dead",
        "Assigning",
        "Reconciling",
    ]
    assert [one.value for one in GroupType] == ["classic", "consumer"]


def test_what_is_kept_of_a_group_cannot_be_changed() -> None:
    kept = GroupMetadata(
        protocol_type="consumer",
        generation=1,
        protocol_name=None,
        leader=None,
        state_timestamp_ms=2,
    )

    with pytest.raises(dataclasses.FrozenInstanceError):
        kept.generation = 2  # type: ignore[misc]
    assert kept.members == ()
