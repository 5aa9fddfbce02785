"""Purgatory: wake-ups, time-outs, and leaving nothing behind."""

import asyncio

import pytest

from app.replication.purgatory import DelayedOperation, Watchers, watching


async def test_wait_returns_true_when_it_is_woken() -> None:
    watchers = Watchers()
    with watching([watchers]) as operation:
        asyncio.get_running_loop().call_soon(watchers.wake_all)

        assert await operation.wait(10)


async def test_wait_returns_false_when_the_time_runs_out() -> None:
    operation = DelayedOperation()

    assert not await operation.wait(0.001)
    assert not await operation.wait(0)
    assert not await operation.wait(-1)


async def test_wake_twice_is_one_wake_up() -> None:
    operation = DelayedOperation()
    loop = asyncio.get_running_loop()
    loop.call_soon(operation.wake)
    loop.call_soon(operation.wake)

    assert await operation.wait(10)
    operation.wake()
    assert not await operation.wait(0.001)


async def test_cancelling_the_waiter_is_not_a_time_out() -> None:
    operation = DelayedOperation()
    task = asyncio.create_task(operation.wait(10))
    await asyncio.sleep(0)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


def test_watching_leaves_every_partition_whatever_happened() -> None:
    watched = [Watchers(), Watchers()]

    try:
        with watching(watched):
            assert [len(one) for one in watched] == [1, 1]
            raise ZeroDivisionError
    except ZeroDivisionError:
        pass

    assert [len(one) for one in watched] == [0, 0]
