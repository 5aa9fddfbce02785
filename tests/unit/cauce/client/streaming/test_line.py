import asyncio

import pytest

from app.api.ws.close_codes import CloseCode, close_reason
from cauce.client.errors import AnswerLost, Closed, Fenced, ServerUnreachable
from cauce.client.streaming import line as line_module
from cauce.client.streaming.codec import BINARY
from cauce.client.streaming.comebacks import Ending
from cauce.client.streaming.line import Line
from cauce.client.streaming.link import Link
from tests.support.client.fake_sockets import FakeSockets, Peer, break_off, until_gone


class Served:
    """Listens on every link until it ends."""

    def __init__(self, url: str, *, give_up_s: float | None = None, api_key: str = "") -> None:
        self.links = 0
        self.endings: list[Ending] = []
        self.line = Line(
            url,
            BINARY,
            self.serve,
            self.endings.append,
            give_up_s=give_up_s,
            api_key=api_key or None,
        )

    async def serve(self, link: Link) -> None:
        self.links += 1
        while True:
            await link.receive()
            self.line.works()


def closing(code: CloseCode) -> object:
    async def script(peer: Peer) -> None:
        await peer.socket.close(code, close_reason(code, "because"))

    return script


async def test_it_comes_back_after_every_break_until_it_is_closed() -> None:
    async with FakeSockets(break_off, break_off, until_gone) as server:
        served = Served(server.url)
        running = asyncio.create_task(served.line.run())
        while len(server.heard) < 3 or served.line.link is None:
            await asyncio.sleep(0.01)
        await served.line.close()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    assert served.links == 3
    assert len(served.endings) >= 2


@pytest.mark.parametrize(
    ("code", "error"), [(CloseCode.FENCED, Fenced), (CloseCode.FORBIDDEN, Closed)]
)
async def test_it_does_not_come_back_where_it_is_not_wanted(
    code: CloseCode, error: type[Closed]
) -> None:
    async with FakeSockets(closing(code)) as server:  # type: ignore[arg-type]
        with pytest.raises(error, match="because"):
            await Served(server.url).line.run()


async def test_a_server_that_was_never_there_is_not_waited_for() -> None:
    async with FakeSockets() as server:
        url = server.url

    with pytest.raises(ServerUnreachable):
        await Served(url).line.run()


async def test_a_server_that_stays_away_is_given_up() -> None:
    async with FakeSockets(break_off) as server:
        served = Served(server.url, give_up_s=0.2)
        running = asyncio.create_task(served.line.run())
        while not served.endings:
            await asyncio.sleep(0.01)

    with pytest.raises((ServerUnreachable, AnswerLost)):
        await running


async def test_a_server_that_has_not_worked_yet_is_given_up_sooner(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(line_module, "FIRST_GIVE_UP_S", 0.0)

    async with FakeSockets(break_off) as server:
        served = Served(server.url)
        served.line.works = lambda: None  # type: ignore[method-assign]
        with pytest.raises(AnswerLost):
            await served.line.run()


async def test_every_link_shows_the_login() -> None:
    shown: list[str | None] = []

    async def breaking(peer: Peer) -> None:
        assert peer.socket.request is not None
        shown.append(peer.socket.request.headers.get("Authorization"))
        await break_off(peer)

    async with FakeSockets(breaking, breaking, breaking) as server:
        served = Served(server.url, api_key="cauce_1_x")
        running = asyncio.create_task(served.line.run())
        async with asyncio.timeout(20):
            while len(shown) < 2:
                await asyncio.sleep(0.01)
        running.cancel()

    assert set(shown) == {"Bearer cauce_1_x"}
