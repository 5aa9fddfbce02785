"""Positions: what is handed out, acknowledged and committed, against a trivial model."""

from dataclasses import dataclass

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from app.consumers.errors import NotAssigned
from app.consumers.model import OffsetToCommit, Position, TopicPartition
from app.consumers.reading.positions import Positions, Standing
from tests.support.consumers import T0, T1

PARTITIONS = [TopicPartition("t", number) for number in range(3)]
partitions = st.sampled_from(PARTITIONS)


def at(partition: TopicPartition, offset: int, epoch: int = 0) -> Position:
    return Position(*partition, offset, epoch)


def reading(*given: TopicPartition) -> Positions:
    positions = Positions()
    positions.add(given)
    for one in given:
        positions.look_up(one, at(one, 0), None, "id")
    return positions


def hand_out(positions: Positions, partition: TopicPartition, to: int) -> bool:
    place = positions.at(partition)
    return positions.hand_out(partition, place.epoch, place.offset, (to, 0))


def test_what_was_handed_out_is_acknowledged_by_asking_for_more() -> None:
    positions = reading(T0)
    hand_out(positions, T0, 5)

    assert positions.to_commit() == {T0: OffsetToCommit(0, 0)}
    assert positions.outstanding()
    positions.acknowledge()

    assert positions.to_commit() == {T0: OffsetToCommit(5, 0)}
    assert not positions.outstanding([T0])


def test_nothing_is_handed_out_of_an_earlier_epoch() -> None:
    positions = reading(T0)
    place = positions.at(T0)
    epoch, offset = place.epoch, place.offset
    sought = positions.seek([at(T0, 0)], {"t": "id"})

    assert sought == positions.epoch > epoch
    assert not positions.hand_out(T0, epoch, offset, (3, 0))


def test_nothing_is_handed_out_of_a_paused_partition() -> None:
    positions = reading(T0, T1)
    positions.pause([T0])

    assert not hand_out(positions, T0, 1)
    positions.pause([T0], paused=False)
    assert hand_out(positions, T0, 1)


def test_a_call_about_a_partition_that_is_not_read_changes_nothing() -> None:
    positions = reading(T0)

    with pytest.raises(NotAssigned):
        positions.seek([at(T0, 9), at(T1, 9)], {})
    with pytest.raises(NotAssigned):
        positions.pause([T0, T1])

    assert positions.known == {T0: at(T0, 0)}
    assert hand_out(positions, T0, 1)


def test_what_is_given_back_comes_again_unless_it_is_acknowledged() -> None:
    positions = reading(T0)
    epoch = positions.epoch
    hand_out(positions, T0, 5)
    positions.acknowledge_to(T0, 2)

    assert not positions.give_back(T0, epoch, 1)
    assert not positions.give_back(T0, epoch, 6)
    assert not positions.give_back(T0, epoch + 1, 3)
    assert positions.give_back(T0, epoch, 3)

    assert positions.known == {T0: Position("t", 0, 3, -1)}
    assert positions.to_commit() == {T0: OffsetToCommit(2, -1)}


def test_whoever_was_served_goes_behind_the_others() -> None:
    positions = reading(*PARTITIONS)

    hand_out(positions, PARTITIONS[0], 1)

    assert [one for one, _ in positions] == [PARTITIONS[1], PARTITIONS[2], PARTITIONS[0]]


def test_a_commit_moves_a_position_on_that_was_only_looked_up() -> None:
    positions = reading(T0)

    positions.committed(T0, 7)

    assert positions.known[T0].offset == 7
    assert positions.to_commit() == {}


def test_a_commit_moves_no_position_that_was_sought() -> None:
    positions = reading(T0)
    positions.seek([at(T0, 3)], {"t": "id"})

    positions.committed(T0, 7)

    assert positions.known[T0].offset == 3


def test_markers_alone_need_nobody_to_acknowledge_them() -> None:
    positions = reading(T0)

    positions.hand_out(T0, positions.epoch, 0, (2, 0), is_empty=True)

    assert not positions.outstanding()
    assert positions.to_commit() == {T0: OffsetToCommit(2, 0)}


def test_a_partition_that_is_reset_is_found_anew() -> None:
    positions = reading(T0)

    positions.reset(T0)

    assert positions.at(T0).standing is Standing.TO_RESET
    assert positions.known == positions.to_commit() == {}
    positions.look_up(T0, at(T0, 50), 0, "id")
    assert positions.to_commit() == {T0: OffsetToCommit(50, 0)}


@dataclass
class Truth:
    """What a partition's records have been through, the trivial way."""

    epoch: int
    offset: int
    sure: int
    waits: int = 0


class PositionsMachine(RuleBasedStateMachine):
    """One session, whatever its client does, with stale reads coming back at any moment."""

    def __init__(self) -> None:
        super().__init__()
        self.positions = Positions()
        self.truth: dict[TopicPartition, Truth] = {}
        self.stale: list[tuple[TopicPartition, int, int]] = []
        self.epochs: list[int] = []

    @rule(partition=partitions, start=st.integers(0, 5))
    def assign(self, partition: TopicPartition, start: int) -> None:
        if partition not in self.positions:
            self.positions.add([partition])
            self.positions.look_up(partition, at(partition, start), start, "id")
            epoch = self.positions.at(partition).epoch
            self.truth[partition] = Truth(epoch, start, start)
            self.epochs.append(epoch)

    @rule(partition=partitions)
    def revoke(self, partition: TopicPartition) -> None:
        self.positions.remove([partition])
        self.truth.pop(partition, None)

    @rule(partition=partitions)
    def read(self, partition: TopicPartition) -> None:
        place = self.positions.get(partition)
        if place is not None:
            self.stale.append((partition, place.epoch, place.offset))

    @precondition(lambda self: self.stale)
    @rule(count=st.integers(1, 5), data=st.data())
    def hand_out(self, count: int, data: st.DataObject) -> None:
        read = self.stale.pop(data.draw(st.integers(0, len(self.stale) - 1)))
        partition, epoch, offset = read
        truth = self.truth.get(partition)
        is_current = truth is not None and (truth.epoch, truth.offset) == (epoch, offset)

        done = self.positions.hand_out(partition, epoch, offset, (offset + count, 0))

        assert done == is_current
        if truth is not None and done:
            truth.offset += count
            truth.waits = 0
            for one, other in self.truth.items():
                other.waits += one != partition

    @rule()
    def acknowledge(self) -> None:
        self.positions.acknowledge()
        for truth in self.truth.values():
            truth.sure = truth.offset

    @rule(partition=partitions, offset=st.integers(0, 20))
    def acknowledge_to(self, partition: TopicPartition, offset: int) -> None:
        self.positions.acknowledge_to(partition, offset)
        truth = self.truth.get(partition)
        if truth is not None and truth.sure < offset <= truth.offset:
            truth.sure = offset

    @rule(partition=partitions, offset=st.integers(0, 20), is_stale=st.booleans())
    def give_back(self, partition: TopicPartition, offset: int, is_stale: bool) -> None:
        truth = self.truth.get(partition)
        epoch = truth.epoch - is_stale if truth is not None else 0
        done = self.positions.give_back(partition, epoch, offset)
        fits = truth is not None and not is_stale and truth.sure <= offset <= truth.offset
        assert done == fits
        if truth is not None and done:
            truth.offset = offset

    @rule(partition=partitions, offset=st.integers(0, 20))
    def seek(self, partition: TopicPartition, offset: int) -> None:
        if partition in self.truth:
            epoch = self.positions.seek([at(partition, offset)], {"t": "id"})
            self.truth[partition] = Truth(epoch, offset, offset, self.truth[partition].waits)
            self.epochs.append(epoch)

    @rule()
    def commit(self) -> None:
        for partition, to in self.positions.to_commit().items():
            self.positions.committed(partition, to.offset)
        assert self.positions.to_commit() == {}

    @invariant()
    def epochs_rise(self) -> None:
        assert self.epochs == sorted(set(self.epochs))

    @invariant()
    def positions_are_the_truth(self) -> None:
        found = {one: place.offset for one, place in self.positions.known.items()}
        assert found == {one: truth.offset for one, truth in self.truth.items()}

    @invariant()
    def only_what_surely_arrived_is_committed(self) -> None:
        for partition, to in self.positions.to_commit().items():
            assert to.offset == self.truth[partition].sure

    @invariant()
    def who_waits_longest_comes_first(self) -> None:
        order = [self.truth[one].waits for one, _ in self.positions]
        served = [waits for waits in order if waits]
        assert served == sorted(served, reverse=True) or len(served) < 2


TestPositions = PositionsMachine.TestCase
TestPositions.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
