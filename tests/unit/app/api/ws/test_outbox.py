"""Outbox: in order, bounded, and an end for who reads too slowly."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from app.api.ws.close_codes import CloseCode, Closing
from app.api.ws.limits import QUEUE_BYTES_MAX
from app.api.ws.outbox import Outbox


class FakeSink:
    """A socket that takes so many messages at a time."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []
        self.room = 10**9
        self._writable = asyncio.Event()
        self._writable.set()

    @property
    def is_writable(self) -> bool:
        return self._writable.is_set()

    async def wait_writable(self) -> None:
        await self._writable.wait()

    def write_message(self, data: bytes, *, is_text: bool) -> None:
        assert is_text
        self.taken.append(data)
        self.room -= 1
        if self.room <= 0:
            self._writable.clear()

    def make_room(self, messages: int = 10**9) -> None:
        self.room = messages
        self._writable.set()


@pytest.fixture
async def sink() -> FakeSink:
    return FakeSink()


@pytest.fixture
async def outbox(sink: FakeSink) -> AsyncIterator[Outbox]:
    outbox = Outbox(sink)
    writer = asyncio.create_task(outbox.run())
    yield outbox
    writer.cancel()


async def test_messages_go_at_once_while_there_is_room(outbox: Outbox, sink: FakeSink) -> None:
    outbox.put(b"a")
    outbox.put(b"b")

    assert sink.taken == [b"a", b"b"]
    assert outbox.size == 0


async def test_messages_keep_their_order_however_the_room_comes(
    outbox: Outbox, sink: FakeSink
) -> None:
    sink.make_room(1)
    sent = [b"%d" % number for number in range(20)]

    for message in sent:
        outbox.put(message)
    for _ in range(10):
        sink.make_room(2)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    outbox.put(b"last")

    sink.make_room()
    await outbox.wait_clear()
    assert sink.taken == [*sent, b"last"]


async def test_who_answers_waits_at_the_bound_until_there_is_room_again(
    outbox: Outbox, sink: FakeSink
) -> None:
    sink.make_room(1)
    outbox.put(b"a")
    outbox.put(b"x" * (QUEUE_BYTES_MAX + 1))

    waiting = asyncio.create_task(outbox.wait_room())
    await asyncio.sleep(0.01)
    assert not waiting.done()

    sink.make_room()
    await waiting
    assert outbox.size == 0


async def test_who_sends_records_waits_until_nothing_waits(outbox: Outbox, sink: FakeSink) -> None:
    sink.make_room(1)
    outbox.put(b"a")
    waiting = [asyncio.create_task(outbox.wait_clear()) for _ in range(3)]
    await asyncio.sleep(0.01)
    assert not any(one.done() for one in waiting)

    sink.make_room()
    await asyncio.gather(*waiting)


async def test_a_peer_that_makes_no_room_is_too_slow(sink: FakeSink) -> None:
    outbox = Outbox(sink, send_seconds_max=0.01)
    sink.make_room(1)
    outbox.put(b"a")
    outbox.put(b"b")

    with pytest.raises(Closing) as raised:
        await outbox.run()

    assert raised.value.code is CloseCode.TOO_SLOW


async def test_a_peer_that_makes_no_room_for_records_is_too_slow_as_well(sink: FakeSink) -> None:
    outbox = Outbox(sink, send_seconds_max=0.01)
    sink.make_room(1)
    outbox.put(b"a")
    waiting = asyncio.create_task(outbox.wait_clear())

    with pytest.raises(Closing):
        await outbox.run()

    waiting.cancel()
