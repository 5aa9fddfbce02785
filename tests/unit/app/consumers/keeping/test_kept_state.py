"""A state counts when it is durable, and not before."""

import asyncio
from dataclasses import replace

import pytest

from app.broker.errors import LogDirFull
from app.consumers.keeping.kept_state import KeptState
from app.consumers.keeping.state import SessionState
from app.consumers.model import SessionSettings

STATE = SessionState(settings=SessionSettings())


async def test_a_state_is_taken_when_it_is_durable() -> None:
    written = asyncio.Event()
    saved: list[SessionState] = []

    async def save(state: SessionState) -> None:
        saved.append(state)
        await written.wait()

    kept = KeptState(STATE, save)
    changing = asyncio.create_task(kept.change(replace(STATE, epoch=1)))
    await asyncio.sleep(0)
    before = kept.state
    written.set()
    await changing

    assert before == STATE
    assert kept.state == saved[0] == replace(STATE, epoch=1)


async def test_a_state_that_is_refused_changes_nothing() -> None:
    async def save(state: SessionState) -> None:
        raise LogDirFull("full")

    kept = KeptState(STATE, save)

    with pytest.raises(LogDirFull):
        await kept.change(replace(STATE, epoch=1))
    assert kept.state == STATE


async def test_a_state_that_is_the_same_is_not_written_again() -> None:
    async def save(state: SessionState) -> None:
        raise AssertionError("nothing has changed")

    await KeptState(STATE, save).change(replace(STATE))
