"""Tests of measured work: what counts, and when it is told."""

import asyncio
import time

import pytest

from app.security.quota_windows import measured
from app.security.quota_windows.measured import Measured


def spin(seconds: float) -> None:
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        pass


async def test_work_counts_and_waits_do_not() -> None:
    told: list[float] = []

    async def answer() -> str:
        await asyncio.sleep(0.05)
        return "done"

    async def work() -> None:
        await asyncio.sleep(0)
        spin(0.05)

    assert await Measured(answer(), told.append) == "done"
    waited = sum(told)
    await Measured(work(), told.append)

    assert 0 < waited < 0.05
    assert sum(told) - waited >= 0.05


async def test_what_goes_on_is_told_as_it_goes_and_all_of_it_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now, told = 0.0, list[float]()
    monkeypatch.setattr(measured, "perf_counter", lambda: now)

    async def serve() -> list[int]:
        nonlocal now
        seen = []
        for _ in range(6):
            now += measured.STEP_S * 0.6
            await asyncio.sleep(0)
            seen.append(len(told))
        now += 0.001
        return seen

    assert await asyncio.create_task(Measured(serve(), told.append)) == [0, 1, 1, 2, 2, 3]
    assert sum(told) == pytest.approx(measured.STEP_S * 3.6 + 0.001)


async def test_errors_and_cancellation_are_handed_on_and_the_work_is_told() -> None:
    told: list[float] = []

    async def fails() -> None:
        spin(0.001)
        try:
            await asyncio.sleep(10)
        finally:
            raise KeyError("gone")

    async def run() -> None:
        await Measured(fails(), told.append)

    for work in (run(), Measured(fails(), told.append)):
        told.clear()
        task = asyncio.create_task(work)
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(KeyError):
            await task

        assert sum(told) >= 0.001


async def test_a_failed_wait_may_be_caught_within() -> None:
    failing = asyncio.get_running_loop().create_future()

    async def catches() -> str:
        try:
            await failing
        except ValueError as error:
            return str(error)
        return "nothing"

    task = asyncio.create_task(Measured(catches(), lambda _seconds: None))
    await asyncio.sleep(0)
    failing.set_exception(ValueError("no"))

    assert await task == "no"


async def test_what_never_begins_leaves_nothing() -> None:
    told: list[float] = []

    async def work() -> None:
        raise AssertionError("begun")

    Measured(work(), told.append).close()
    assert not told

    task = asyncio.create_task(Measured(work(), told.append))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
