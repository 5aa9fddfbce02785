"""A state counts when it is durable, and not before."""

import asyncio
from dataclasses import replace

import pytest

from app.broker.errors import LogDirFull
from app.consumers.keeping.kept_state import KeptState
from app.consumers.keeping.state import SessionState
from app.consumers.model import SessionSettings

STATE = SessionState(settings=SessionSettings(group="g", name="n", is_durable=True))


def to_epoch(epoch: int) -> SessionState:
    return replace(STATE, epoch=epoch)


async def test_a_state_is_taken_when_it_is_durable() -> None:
    written = asyncio.Event()
    saved: list[SessionState] = []

    async def save(state: SessionState) -> None:
        saved.append(state)
        await written.wait()

    kept = KeptState(STATE, save)
    changing = asyncio.create_task(kept.change(lambda _: to_epoch(1)))
    await asyncio.sleep(0)
    before = kept.state
    written.set()
    await changing

    assert before == STATE
    assert kept.state == saved[0] == to_epoch(1)


async def test_changes_at_once_lose_nothing_of_each_other() -> None:
    async def save(_: SessionState) -> None:
        await asyncio.sleep(0.001)

    kept = KeptState(STATE, save)
    await asyncio.gather(
        *(kept.change(lambda state: replace(state, epoch=state.epoch + 1)) for _ in range(5))
    )

    assert kept.state == to_epoch(5)


async def test_a_state_that_is_refused_changes_nothing() -> None:
    async def save(_: SessionState) -> None:
        raise LogDirFull("full")

    kept = KeptState(STATE, save)

    with pytest.raises(LogDirFull):
        await kept.change(lambda _: to_epoch(1))
    assert kept.state == STATE


async def test_what_is_the_same_or_not_durable_is_not_written() -> None:
    async def save(_: SessionState) -> None:
        raise AssertionError("nothing is to be written")

    await KeptState(STATE, save).change(replace)
    other = KeptState(SessionState(settings=SessionSettings()), save)
    await other.change(lambda state: replace(state, epoch=1))

    assert other.state.epoch == 1
