import asyncio
import signal
import threading
from concurrent.futures import CancelledError

import pytest

from cauce.client.errors import NotOpen
from cauce.client.streaming.background_loop import BackgroundLoop, Twin


def test_a_coroutine_runs_there_and_its_outcome_comes_here() -> None:
    loop = BackgroundLoop()

    async def name() -> str:
        return threading.current_thread().name

    async def fail() -> None:
        raise ValueError("x")

    async def leave() -> None:
        raise asyncio.CancelledError

    assert loop.run(name()) == "cauce-client"
    with pytest.raises(ValueError, match="x"):
        loop.run(fail())
    with pytest.raises(CancelledError):
        loop.run(leave())
    loop.close()
    loop.close()


def test_a_signal_ends_the_wait_and_the_coroutine() -> None:
    loop = BackgroundLoop()
    ended: list[str] = []

    async def wait() -> None:
        loop.loop.call_later(
            0.05, signal.pthread_kill, threading.main_thread().ident, signal.SIGUSR1
        )
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("ended")

    class Signalled(Exception):
        pass

    def handle(*_: object) -> None:
        raise Signalled

    before = signal.signal(signal.SIGUSR1, handle)
    try:
        with pytest.raises(Signalled):
            loop.run(wait())
    finally:
        signal.signal(signal.SIGUSR1, before)

    assert ended == ["ended"]
    loop.close()


def test_the_end_cancels_what_still_runs() -> None:
    loop = BackgroundLoop()
    ended: list[str] = []

    async def last() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0)
            ended.append("ended")

    async def begin() -> "asyncio.Task[None]":
        task = asyncio.create_task(last())
        await asyncio.sleep(0)
        return task

    task = loop.run(begin())
    loop.close()

    assert ended == ["ended"]
    assert task.cancelled()


class Awaited:
    """A client that may fail to be entered."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.ended = 0

    async def __aenter__(self) -> None:
        if self.error is not None:
            raise self.error

    async def call(self) -> int:
        return 7

    async def close(self) -> None:
        self.ended += 1
        raise OSError("at the end")


def threads() -> int:
    return sum(one.name == "cauce-client" for one in threading.enumerate())


def test_a_twin_that_cannot_be_entered_leaves_no_thread() -> None:
    before = threads()
    twin = Twin(lambda: Awaited(OSError("no")))

    with pytest.raises(OSError, match="no"):
        twin.open()

    assert (twin.is_open(), threads()) == (False, before)


def test_a_twin_ends_its_thread_whatever_the_end_comes_to() -> None:
    before = threads()
    twin = Twin(Awaited)
    with pytest.raises(NotOpen):
        _ = twin.client
    twin.open()
    assert twin.run(twin.client.call()) == 7

    with pytest.raises(OSError, match="at the end"):
        twin.leave(twin.client.close())

    assert (twin.client.ended, twin.is_open(), threads()) == (1, False, before)
    with pytest.raises(NotOpen):
        twin.run(twin.client.call())
