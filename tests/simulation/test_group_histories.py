"""Thousands of lives of a consumer group, and one of two hundred members, in virtual time."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.groups.world import PARTITIONS, STEPS, Step, World

MEMBERS = 200


@pytest.mark.slow
@settings(max_examples=3_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(STEPS, st.integers(1, 8), st.integers(0, 4), st.sampled_from([0, 3_000]))
def test_thousands_of_histories_end_with_every_partition_owned_once_and_no_commit_lost(
    steps: list[Step], consumers: int, statics: int, delay_ms: int
) -> None:
    world = World(consumers, statics=statics, delay_ms=delay_ms)

    world.run(steps)

    alive = world.settle()
    assert sorted(p for one in alive for p in one.owned) == list(range(PARTITIONS))
    for one in alive:
        world.commit(one)
    world.flush()
    world.crash(0)
    assert len(world.offsets) == PARTITIONS


@pytest.mark.slow
def test_two_hundred_members_are_rolled_one_by_one() -> None:
    world = World(MEMBERS, partitions=2 * MEMBERS)
    world.settle()
    for number, one in enumerate(world.consumers):
        for other in world.consumers:
            world.commit(other)
        if number % 3 == 0:
            world.leave(one)
        elif number % 3 == 1:
            one.forget()
        if number % 50 == 49:
            world.crash(number)
        one.wants_in = True
        world.settle()

    assert sorted(p for one in world.consumers for p in one.owned) == list(range(2 * MEMBERS))
    assert all(len(one.owned) == 2 for one in world.consumers)
    assert min(world.acknowledged.values()) > 100
