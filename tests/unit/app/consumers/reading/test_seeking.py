"""Seeking: where to go, and what is remembered of it."""

import pytest

from app.broker.context import BrokerContext
from app.broker.list_offsets import OffsetSpec
from app.consumers.errors import NotAssigned
from app.consumers.keeping.kept_state import KeptState
from app.consumers.keeping.state import SessionState
from app.consumers.model import OffsetReset, Position, SessionSettings
from app.consumers.reading.positions import Positions, Standing
from app.consumers.reading.seeking import Seeker
from tests.support.broker import NOW_MS, append
from tests.support.consumers import T0, T1


class Kept:
    """A seeker of a session, and what was written of it."""

    def __init__(self, context: BrokerContext, **settings: object) -> None:
        self.saved: list[SessionState] = []
        self.positions = Positions()
        self.positions.add([T0])
        state = SessionState(settings=SessionSettings(**settings))  # type: ignore[arg-type]
        self.kept = KeptState(state, self._save)
        self.seeker = Seeker(context, self.kept, self.positions)

    async def _save(self, state: SessionState) -> None:
        self.saved.append(state)


def durable(context: BrokerContext, policy: OffsetReset = OffsetReset.LATEST) -> Kept:
    return Kept(context, group="g", name="n", is_durable=True, auto_offset_reset=policy)


async def test_a_seek_of_a_durable_session_is_remembered(context: BrokerContext) -> None:
    one = durable(context)

    epoch = await one.seeker.seek([Position("t", 0, 7)])

    assert one.positions.known == {T0: Position("t", 0, 7)}
    assert [state.epoch for state in one.saved] == [epoch]
    assert one.seeker.find_start(T0, Standing.TO_LOOK_UP).position.offset == 7


async def test_a_seek_of_another_session_is_not_written(context: BrokerContext) -> None:
    one = Kept(context)

    await one.seeker.seek([Position("t", 0, 7)])

    assert one.saved == []


async def test_places_by_name_and_time_are_found(context: BrokerContext) -> None:
    for later in range(3):
        await append(context, b"a", timestamp_ms=NOW_MS + later)
    one = Kept(context)

    await one.seeker.seek_to([T0], OffsetSpec.LATEST)
    end = one.positions.known[T0].offset
    await one.seeker.seek_to_timestamps({T0: NOW_MS + 1})
    middle = one.positions.known[T0].offset
    await one.seeker.seek_to([T0], OffsetSpec.EARLIEST)

    assert (end, middle, one.positions.known[T0].offset) == (3, 1, 0)


async def test_a_partition_that_is_not_read_is_not_sought(context: BrokerContext) -> None:
    one = durable(context)

    with pytest.raises(NotAssigned):
        await one.seeker.seek_to([T0, T1], OffsetSpec.LATEST)
    with pytest.raises(NotAssigned):
        await one.seeker.seek_to_timestamps({T1: 0})

    assert one.saved == []


async def test_a_durable_session_chooses_where_to_begin_only_once(context: BrokerContext) -> None:
    one = durable(context)
    await append(context, b"a")

    await one.seeker.began([one.seeker.find_start(T0, Standing.TO_LOOK_UP)])
    await append(context, b"b")

    assert one.seeker.find_start(T0, Standing.TO_LOOK_UP).position.offset == 1
    assert len(one.saved) == 1


async def test_the_beginning_need_not_be_written_down(context: BrokerContext) -> None:
    one = durable(context, OffsetReset.EARLIEST)

    await one.seeker.began([one.seeker.find_start(T0, Standing.TO_LOOK_UP)])

    assert one.saved == []
