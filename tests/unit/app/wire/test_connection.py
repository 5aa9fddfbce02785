import asyncio
import struct
import time
from pathlib import Path

import pytest

from app.security.quota_windows.engine import Windows
from app.security.quota_windows.limits import DEFAULT, UNSET, Quota, QuotaType
from app.security.quotas import ClientQuotas
from app.telemetry.clock import SystemClock
from app.wire.call import Call
from app.wire.connection import FRAMES_QUEUED_MAX, ConnectionLimits
from app.wire.dispatch import CLIENT_ID_CHARS_MAX
from app.wire.listener import ListenerLimits
from app.wire.messages.fetch import FetchRequest
from app.wire.messages.group_admin import ListGroupsRequest
from app.wire.messages.groups import HeartbeatRequest, HeartbeatResponse, SyncGroupRequest
from app.wire.messages.metadata import MetadataRequest
from app.wire.messages.produce import ProduceRequest
from app.wire.registry import HangUp, serve
from tests.support.wire_calls import CLIENT_ID, frame_of, sized
from tests.support.wire_door import Handlers, Nobody, file_slice, pattern, running_door


def beat(number: int = 0) -> HeartbeatRequest:
    return HeartbeatRequest(group_id=str(number), generation_id=number)


async def test_answers_come_in_the_order_of_the_requests() -> None:
    async with running_door() as door:
        peer = await door.connect()
        for number in range(200):
            peer.send(beat(), 0, number)

        assert [(await peer.receive())[0] for _ in range(200)] == list(range(200))
        peer.close()


async def test_a_request_waits_for_the_answer_of_the_one_before_it() -> None:
    async with running_door() as door:
        peer = await door.connect()
        peer.send(SyncGroupRequest(), 0, 1)
        peer.send(beat(7), 0, 2)
        await door.until(lambda: door.handlers.waits)
        await asyncio.sleep(0.05)

        assert door.handlers.asked == ["sync"]
        door.handlers.waits[0].set_result(None)
        assert [(await peer.receive())[0] for _ in range(2)] == [1, 2]
        assert door.handlers.asked == ["sync", "7"]
        peer.close()


async def test_requests_of_a_pipelined_api_are_handled_together_and_answered_in_order() -> None:
    async with running_door() as door:
        peer = await door.connect()
        for number in range(3):
            peer.send(ProduceRequest(timeout_ms=number), 3, number)
        peer.send(beat(7), 0, 3)
        await door.until(lambda: len(door.handlers.waits) == 3)
        await asyncio.sleep(0.05)

        assert door.handlers.asked == ["produce"] * 3
        for let_go in reversed(door.handlers.waits):
            let_go.set_result(None)
            await asyncio.sleep(0)
        assert [(await peer.receive())[0] for _ in range(4)] == [0, 1, 2, 3]
        peer.close()


async def test_a_connection_is_hung_up_when_those_before_are_answered(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def hang_up(call: Call, request: HeartbeatRequest) -> HangUp:
        return HangUp("for a reason")

    caplog.set_level("INFO")
    handlers = Handlers()
    served = [serve(ProduceRequest, handlers.produce), serve(HeartbeatRequest, hang_up)]
    async with running_door(served=served) as door:
        peer = await door.connect()
        peer.send(ProduceRequest(), 3, 1)
        for number in (2, 3):
            peer.send(beat(), 0, number)
        await door.until(lambda: handlers.waits)
        handlers.waits[0].set_result(None)

        assert (await peer.receive())[0] == 1
        assert await peer.reader.read() == b""
        assert caplog.text.count("closed: for a reason") == 1
        peer.close()


@pytest.mark.parametrize(
    ("asked", "what"),
    [(MetadataRequest(), "API 3 version 2 failed"), (ListGroupsRequest(), "API 16 version 2")],
)
async def test_a_handler_s_bug_closes_its_connection_alone(
    caplog: pytest.LogCaptureFixture, asked: object, what: str
) -> None:
    async with running_door() as door:
        peer, other = await door.connect(), await door.connect()
        peer.send(asked, 2, 1)

        assert await peer.is_closed()
        other.send(beat(), 0, 2)
        assert (await other.receive())[0] == 2
        other.close()
        await door.until(lambda: not door.listener.connections)
        assert door.listener.in_flight.held_bytes == 0
    assert what in caplog.text


@pytest.mark.parametrize(
    "sent",
    [
        b"\xff\xff\xff\xff",
        b"GET / HTTP/1.1\r\n\r\n",
        sized(b"\0"),
        sized(struct.pack(">hhih", 999, 0, 1, -1)),
        sized(frame_of(beat(), 0)[:-1]),
    ],
)
async def test_what_is_no_request_closes_the_connection(sent: bytes) -> None:
    async with running_door() as door:
        peer = await door.connect()
        peer.writer.write(sent)

        assert await peer.is_closed()
        await door.until(lambda: not door.listener.connections)
        assert door.listener.in_flight.held_bytes == 0


async def test_a_client_that_goes_cancels_what_only_waits_and_nothing_else() -> None:
    async with running_door() as door:
        reading, writing = await door.connect(), await door.connect()
        reading.send(SyncGroupRequest(), 0, 1)
        await door.until(lambda: len(door.handlers.waits) == 1)
        writing.send(ProduceRequest(), 3, 1)
        await door.until(lambda: len(door.handlers.waits) == 2)
        for peer in (reading, writing):
            peer.writer.transport.abort()
        await door.until(lambda: len(door.listener.connections) == 1)
        await door.until(lambda: door.handlers.cancelled)

        door.handlers.waits[1].set_result(None)
        await door.until(lambda: not door.listener.connections)
        assert door.handlers.cancelled == 1
        assert door.listener.in_flight.held_bytes == 0


async def test_what_was_asked_is_answered_after_the_client_s_end_was_seen() -> None:
    async with running_door() as door:
        peer = await door.connect()
        peer.send(ProduceRequest(), 3, 1)
        peer.send(beat(), 0, 2)
        peer.writer.write_eof()
        await door.until(lambda: door.handlers.waits)
        await asyncio.sleep(0.05)
        door.handlers.waits[0].set_result(None)

        assert [(await peer.receive())[0] for _ in range(2)] == [1, 2]
        assert await peer.is_closed()


async def test_a_client_that_does_not_read_has_no_more_requests_handled(tmp_path: Path) -> None:
    async with running_door() as door:
        door.handlers.fetched = file_slice(tmp_path, 8 << 20)
        peer = await door.connect()
        for number in range(3):
            peer.send(FetchRequest(), 11, number)
        await door.until(lambda: door.handlers.asked)
        await asyncio.sleep(0.1)

        assert door.handlers.asked == ["fetch"]
        for number in range(3):
            correlation_id, frame = await peer.receive()
            assert correlation_id == number
            assert frame.endswith(pattern(8 << 20))
        peer.close()


async def test_reading_stops_while_requests_wait_and_no_bytes_are_lost() -> None:
    count = FRAMES_QUEUED_MAX * 40
    async with running_door() as door:
        peer = await door.connect()
        peer.send(SyncGroupRequest(), 0, 0)
        await door.until(lambda: door.handlers.waits)
        filler = "x" * 20_000
        for number in range(1, count):
            peer.send(HeartbeatRequest(group_id=filler), 0, number)
        await asyncio.sleep(0.2)

        held = door.listener.in_flight.held_bytes
        assert held < (FRAMES_QUEUED_MAX + 20) * 20_100
        door.handlers.waits[0].set_result(None)
        assert [(await peer.receive())[0] for _ in range(count)] == list(range(count))
        peer.close()


async def test_frames_that_are_not_admitted_wait_for_those_of_others() -> None:
    async with running_door(ListenerLimits(in_flight_bytes_max=10)) as door:
        first, second = await door.connect(), await door.connect()
        first.send(SyncGroupRequest(), 0, 1)
        await door.until(lambda: door.handlers.waits)
        second.send(beat(1), 0, 2)
        second.send(beat(2), 0, 3)
        await door.until(lambda: door.listener.in_flight.waiting)

        assert door.handlers.asked == ["sync"]
        door.handlers.waits[0].set_result(None)
        assert (await first.receive())[0] == 1
        assert [(await second.receive())[0] for _ in range(2)] == [2, 3]
        for peer in (first, second):
            peer.close()
        await door.until(lambda: not door.listener.connections)
        assert door.listener.in_flight.held_bytes == 0


@pytest.mark.parametrize("sent", [b"", b"\0\0", b"\0\0\1\0half"])
async def test_a_client_that_is_silent_or_slow_with_its_request_is_cut(sent: bytes) -> None:
    limits = ConnectionLimits(first_request_s=0.0, frame_s=0.0, frame_bytes_per_s=1 << 30)
    async with running_door(connection_limits=limits) as door:
        peer = await door.connect()
        peer.writer.write(sent)
        await door.until(lambda: door.listener.connections)
        await asyncio.sleep(0.05)
        door.listener.sweep()

        assert await peer.is_closed()


async def test_a_client_whose_request_takes_long_is_not_cut() -> None:
    async with running_door(connection_limits=ConnectionLimits(idle_s=0.0)) as door:
        peer = await door.connect()
        peer.send(SyncGroupRequest(), 0, 1)
        await door.until(lambda: door.handlers.waits)
        await asyncio.sleep(0.02)
        door.listener.sweep()
        door.handlers.waits[0].set_result(None)

        assert (await peer.receive())[0] == 1
        peer.close()


async def test_a_muted_connection_is_answered_first_and_then_not_read_until_it_has_paid() -> None:
    quotas = ClientQuotas(SystemClock())
    quotas.load([Quota("ANONYMOUS", UNSET, QuotaType.PRODUCE, 1000)])
    asked = []

    def beat_over_quota(call: Call, request: HeartbeatRequest) -> HeartbeatResponse:
        asked.append(time.monotonic())
        call.broker.quotas.produced(call.principal, request.generation_id)
        return HeartbeatResponse()

    served = [serve(HeartbeatRequest, beat_over_quota)]
    async with running_door(broker=Nobody(quotas), served=served) as door:
        peer, other = await door.connect(), await door.connect()
        for number, size in enumerate((900, 400, 1)):
            peer.send(beat(size), 1, number)
        first, second = await peer.receive(), await peer.receive()
        answered_at = time.monotonic()
        other.send(beat(0), 1, 7)
        await other.receive()
        third = await peer.receive()

        assert [one[0] for one in (first, second, third)] == [0, 1, 2]
        throttled = struct.unpack(">i", second[1][4:8])[0]
        assert struct.unpack(">i", first[1][4:8]) == (0,)
        assert 200 < throttled <= 300
        assert asked[3] - asked[1] >= throttled / 1000 - 0.01
        assert asked[2] >= answered_at
        peer.close()
        other.close()


async def test_addresses_that_connect_too_often_are_cut_at_once() -> None:
    quotas = ClientQuotas(SystemClock(), Windows(samples=2))
    quotas.load([Quota(DEFAULT, UNSET, QuotaType.CONNECTION, 1)])
    async with running_door(broker=Nobody(quotas)) as door:
        peers = [await door.connect() for _ in range(2)]
        refused = await door.connect()

        assert await refused.is_closed()
        peers[0].send(beat(), 0, 1)
        assert (await peers[0].receive())[0] == 1
        for peer in peers:
            peer.close()


async def test_names_of_clients_are_their_principals_as_well_up_to_a_length() -> None:
    named = []

    def told(call: Call, request: HeartbeatRequest) -> HeartbeatResponse:
        del request
        named.append((call.principal.name, call.principal.client_id, len(call.client_id)))
        return HeartbeatResponse()

    async with running_door(served=[serve(HeartbeatRequest, told)]) as door:
        peer = await door.connect()
        peer.send(beat(), 0, 1)
        await peer.receive()
        body = frame_of(beat(), 0)[10 + len(CLIENT_ID) :]
        peer.writer.write(sized(struct.pack(">hhih", 12, 0, 2, 30_000) + b"c" * 30_000 + body))
        await peer.receive()
        peer.close()

    short, long = named
    assert short == ("ANONYMOUS", CLIENT_ID, len(CLIENT_ID))
    assert long == ("ANONYMOUS", "c" * CLIENT_ID_CHARS_MAX, 30_000)
