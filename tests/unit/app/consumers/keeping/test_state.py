"""What is remembered of a position, and for how long it counts."""

from app.consumers.keeping.state import Remembered, SessionState
from app.consumers.model import Position, SessionSettings
from tests.support.consumers import T0, T1

STATE = SessionState(settings=SessionSettings(group="g"))
PLACE = Position("t", 0, 5)


def test_a_place_counts_as_long_as_the_commit_is_the_same() -> None:
    state = STATE.with_remembered([Remembered(PLACE, "id", 7)], 3, [T0])

    assert state.place(T0, "id", 7) == PLACE
    assert state.place(T0, "id", 8) is None
    assert state.place(T0, "id", -1) is None
    assert state.place(T1, "id", 7) is None


def test_a_place_does_not_count_in_another_topic_of_the_name() -> None:
    state = STATE.with_remembered([Remembered(PLACE, "id", -1)], 3, [T0])

    assert state.place(T0, "other", -1) is None


def test_the_later_place_counts_and_what_is_not_read_is_forgotten() -> None:
    first = STATE.with_remembered([Remembered(PLACE, "id", -1)], 3, [T0, T1])
    second = first.with_remembered([Remembered(Position("t", 1, 9), "id", -1)], 2, [T0, T1])
    third = second.with_remembered([Remembered(PLACE._replace(offset=8), "id", -1)], 4, [T0])

    assert second.place(T0, "id", -1) == PLACE
    assert second.epoch == 3
    assert third.place(T0, "id", -1) == PLACE._replace(offset=8)
    assert T1 not in third.remembered
    assert third.epoch == 4
