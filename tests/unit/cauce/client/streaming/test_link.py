import asyncio
import socket

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from app.api.ws.close_codes import CloseCode, close_reason
from cauce.client.errors import ClientError, Refused, ServerUnreachable, UnexpectedAnswer
from cauce.client.streaming.codec import BINARY
from cauce.client.streaming.frames import EndFrame, Welcome
from cauce.client.streaming.link import Link, LinkEnded
from tests.support.client.fake_sockets import FakeSockets, Peer, break_off, until_gone


async def test_frames_go_out_and_come_in() -> None:
    async def script(peer: Peer) -> None:
        frame = await peer.hear("ack")
        assert frame["seq"] == 3
        await peer.socket.send("{}")
        await peer.say("closing", code=1001, reason="x", resume={})
        await peer.say("end", sub="s")
        await peer.send_records(1, 0, [b"a"])
        await until_gone(peer)

    async with FakeSockets(script) as server:
        link = await Link.open(server.url, BINARY)
        await link.send({"type": "ack", "seq": 3})

        assert isinstance(await link.receive(), Welcome)
        assert isinstance(await link.receive(), EndFrame)
        heard = await link.receive()
        assert isinstance(heard, tuple)
        assert heard[1][0].records()[0].value == b"a"
        await link.close()


async def test_a_close_tells_whether_to_come_back() -> None:
    async def script(peer: Peer) -> None:
        await peer.socket.close(4409, close_reason(CloseCode.FENCED, "another"))

    async with FakeSockets(script) as server:
        link = await Link.open(server.url, BINARY)
        await link.receive()
        with pytest.raises(LinkEnded) as caught:
            await link.receive()
        with pytest.raises(LinkEnded):
            await link.send({"type": "ack", "seq": 1})

    ending = caught.value.ending
    assert (ending.code, ending.retry, ending.reason) == (4409, False, "another")


async def until_ended(link: Link) -> None:
    while True:
        await link.receive()


async def test_a_connection_that_breaks_may_come_back() -> None:
    async with FakeSockets(break_off) as server:
        link = await Link.open(server.url, BINARY)
        with pytest.raises(LinkEnded) as caught:
            await until_ended(link)

    assert caught.value.ending.retry


async def test_what_no_server_of_ours_says_is_told() -> None:
    async def script(peer: Peer) -> None:
        await peer.socket.send('{"type":"records"}')
        await until_gone(peer)

    async with FakeSockets(script) as server:
        link = await Link.open(server.url, BINARY)
        await link.receive()
        with pytest.raises(UnexpectedAnswer):
            await link.receive()
        await link.close()


async def test_nobody_there_is_unreachable() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    with pytest.raises(ServerUnreachable):
        await Link.open(f"127.0.0.1:{port}", BINARY)


async def test_a_server_that_is_gone_before_it_answers_is_unreachable() -> None:
    async def leave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.close()

    async with await asyncio.start_server(leave, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(ServerUnreachable, match="closed"):
            await Link.open(f"127.0.0.1:{port}", BINARY)


async def refused_by(status: int, body: bytes, **headers: str) -> BaseException:
    """Return what opening a link comes to where the handshake is answered so."""

    def answer(connection: ServerConnection, request: Request) -> Response:
        del request
        response = connection.respond(status, "")
        response.body = body
        del response.headers["Content-Length"]
        response.headers["Content-Length"] = str(len(body))
        for name, value in headers.items():
            response.headers[name.replace("_", "-")] = value
        return response

    async def never(socket: ServerConnection) -> None:
        raise AssertionError

    async with serve(never, "127.0.0.1", 0, process_request=answer) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        try:
            await Link.open(f"127.0.0.1:{port}", BINARY)
        except (ClientError, LinkEnded) as error:
            return error
    raise AssertionError("it was opened")


async def test_a_refused_handshake_is_a_refusal_or_passes() -> None:
    refused = await refused_by(403, b'{"error_code":40301,"message":"no"}')
    other = await refused_by(404, b"<html>")
    busy = await refused_by(503, b"", Retry_After="7")

    assert isinstance(refused, Refused)
    assert (refused.status, refused.error_code) == (403, 40301)
    assert isinstance(other, UnexpectedAnswer)
    assert isinstance(busy, LinkEnded)
    assert (busy.ending.retry, busy.ending.wait_s) == (True, 7.0)


async def test_a_server_of_another_protocol_is_not_ours() -> None:
    async with serve(lambda socket: socket.wait_closed(), "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        with pytest.raises(UnexpectedAnswer):
            await Link.open(f"127.0.0.1:{port}", BINARY)
