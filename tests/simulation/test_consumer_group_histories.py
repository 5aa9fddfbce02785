"""Thousands of lives of a consumer group of KIP-848, in virtual time."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.groups.consumer_world import STEPS, ConsumerWorld, Step
from tests.support.virtual_time import run_in_virtual_time


@pytest.mark.slow
@settings(max_examples=800, deadline=None, suppress_health_check=list(HealthCheck))
@given(STEPS, st.integers(1, 6), st.integers(0, 3))
def test_no_partition_has_two_owners_and_no_commit_is_lost_whatever_happens(
    steps: list[Step], consumers: int, statics: int
) -> None:
    async def live() -> None:
        world = ConsumerWorld(consumers, statics=statics)
        await world.run(steps)

        await world.settle()
        for one in world.consumers:
            world.commit(one)
        await world.flush()
        await world.crash(0)
        await world.settle()
        await world.close()

    run_in_virtual_time(live())
