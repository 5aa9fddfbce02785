import pytest

from schema_registry.errors import BoundExceeded
from schema_registry.formats.protobuf.limits import STEPS_PER_CHECKPOINT, Steps, bound


def test_a_checkpoint_is_asked_once_in_many_steps() -> None:
    asked = []
    steps = Steps(lambda: asked.append(1))

    for _ in range(3 * STEPS_PER_CHECKPOINT):
        steps.take()

    assert len(asked) == 3


def test_more_than_a_bound_is_refused() -> None:
    bound("things", 3, 3)
    with pytest.raises(BoundExceeded, match="more than 3 things"):
        bound("things", 4, 3)
