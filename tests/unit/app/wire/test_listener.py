import asyncio
import socket
import ssl
from contextlib import ExitStack
from pathlib import Path

import pytest

from app.security.tls.live import TlsFiles, server_context
from app.wire.listener import ListenerLimits
from app.wire.messages.groups import HeartbeatRequest, SyncGroupRequest
from app.wire.messages.produce import ProduceRequest
from tests.support.security.certificates import client_context, write_pair
from tests.support.wire_door import Door, Peer, running_door

CROWD = 300


async def beat(peer: Peer) -> None:
    peer.send(HeartbeatRequest(), 0, 9)
    assert (await peer.receive())[0] == 9


@pytest.mark.parametrize(
    "limits", [ListenerLimits(connections_max=2), ListenerLimits(connections_per_host_max=2)]
)
async def test_connections_beyond_the_bound_are_closed_until_others_go(
    limits: ListenerLimits, caplog: pytest.LogCaptureFixture
) -> None:
    async with running_door(limits) as door:
        first, second = await door.connect(), await door.connect()
        await beat(first)
        await beat(second)
        third, fourth = await door.connect(), await door.connect()

        assert await third.is_closed()
        assert await fourth.is_closed()
        assert caplog.text.count("refused: 2 are open") == 1
        first.close()
        await door.until(lambda: len(door.listener.connections) == 1)
        fifth = await door.connect()
        await beat(fifth)
        for peer in (second, fifth):
            peer.close()


async def test_a_crowd_that_comes_while_the_loop_is_busy_is_taken_in() -> None:
    async with running_door() as door:
        first = await door.connect()
        await beat(first)
        with ExitStack() as opened:
            for _ in range(CROWD):  # on the loop's own thread: nothing is accepted meanwhile
                opened.enter_context(socket.create_connection(door.address, timeout=20))

            await door.until(lambda: len(door.listener.connections) == 1 + CROWD)
        first.close()


async def test_a_stop_answers_what_was_begun_and_drops_what_only_waits() -> None:
    async with running_door() as door:
        idle, writing, waiting = [await door.connect() for _ in range(3)]
        await beat(idle)
        writing.send(ProduceRequest(), 3, 1)
        waiting.send(SyncGroupRequest(), 0, 2)
        await door.until(lambda: len(door.handlers.waits) == 2)
        door.stop.set()

        assert await idle.is_closed()
        assert await waiting.is_closed()
        writing.send(HeartbeatRequest(), 0, 3)
        produce = door.handlers.waits[0 if door.handlers.asked[1] == "produce" else 1]
        produce.set_result(None)
        assert (await writing.receive())[0] == 1
        assert await writing.is_closed()
        assert "" not in door.handlers.asked[1:]
        await ended(door)


async def test_a_stop_gives_up_what_does_not_end() -> None:
    async with running_door(ListenerLimits(drain_s=0.05)) as door:
        peer = await door.connect()
        peer.send(ProduceRequest(), 3, 1)
        await door.until(lambda: door.handlers.waits)
        door.stop.set()

        assert await peer.is_closed()
        await ended(door)
        assert door.handlers.cancelled == 1


async def test_a_stop_does_not_wait_for_a_client_over_tls_that_does_not_say_goodbye(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.wire.connection.GOODBYE_SECONDS_MAX", 0.05)
    pair = write_pair(tmp_path, "here")
    tls = server_context(TlsFiles(certificate=pair[0], key=pair[1]))
    async with running_door(ListenerLimits(drain_s=60), tls=tls) as door:
        silent = await asyncio.to_thread(silent_client, door.address)
        await door.until(lambda: len(door.listener.connections) == 1)
        unfinished = await door.connect()
        door.stop.set()

        await ended(door)
        assert await unfinished.is_closed()
        silent.close()


def silent_client(address: tuple[str, int]) -> ssl.SSLSocket:
    """Return a connection over TLS whose client reads nothing any more."""
    return client_context().wrap_socket(socket.create_connection(address))


async def ended(door: Door) -> None:
    assert door.running is not None
    await asyncio.wait_for(asyncio.shield(door.running), 20)
