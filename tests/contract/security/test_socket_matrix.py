"""Every frame that a WebSocket's client may send, by everybody, and what holds on when rules go."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from app.api.ws.client_frames import ClientFrame
from app.broker.security.acls import delete_acls
from app.security.authorizer.filters import AclFilter
from tests.contract.security.routes import OWNERS, READERS
from tests.support.security.tenants import (
    ADMIN,
    GROUP,
    PRINCIPALS,
    READER,
    TOPIC,
    Asking,
    Tenants,
    running_tenants,
)
from tests.support.sockets.asgi import SocketClient

pytestmark = pytest.mark.slow

_PLACE = {"topic": TOPIC, "from": "earliest"}
_WRITERS = OWNERS | {"other tenant"}
FRAMES: dict[str, tuple[frozenset[str], dict[str, Any]]] = {
    "assign": (READERS, {"sub": "s", "partitions": [_PLACE], "credit": "auto"}),
    "subscribe": (READERS, {"sub": "s", "group": f"{GROUP}-2", "topics": [TOPIC]}),
    "produce": (OWNERS, {"topic": TOPIC, "records": [{"value": {"type": "JSON", "data": 1}}]}),
    "init_producer": (_WRITERS, {}),
}
"""Who is not refused."""

OF_OWN_SUBSCRIPTIONS = {
    "unsubscribe",
    "credit",
    "ack",
    "pause",
    "unpause",
    "seek",
    "commit",
    "release",
}
"""They name a subscription of the same socket, which its opening was asked about."""

OF_TOKENS = {"auth", "resume"}
"""A token opens what its own principal may open: test_opening has them."""


@pytest.fixture
async def tenants(tmp_path: Path) -> AsyncIterator[Tenants]:
    """The node, its owner and the others."""
    async with running_tenants(tmp_path / "data") as running:
        yield running


def socket(tenants: Tenants, who: str) -> SocketClient:
    front: Any = Asking(tenants.running.front, PRINCIPALS[who])
    return SocketClient(front)


def test_every_frame_has_its_entry() -> None:
    def tags(kind: type) -> set[str]:
        own = getattr(kind, "__struct_config__").tag  # noqa: B009 - msgspec's
        return {own} | {tag for one in kind.__subclasses__() for tag in tags(one)}

    known = {one for one in tags(ClientFrame) if isinstance(one, str) and one.islower()}
    assert known == {*FRAMES, *OF_OWN_SUBSCRIPTIONS, *OF_TOKENS}


@pytest.mark.parametrize("kind", FRAMES)
async def test_everybody_sends_every_frame(tenants: Tenants, kind: str) -> None:
    who_may, frame = FRAMES[kind]
    for who in PRINCIPALS:
        async with socket(tenants, who) as client:
            await client.welcome()
            answer = await client.ask({"type": kind, "id": 1, **frame})

        assert ("40301" in str(answer)) is (who not in who_may), (who, answer)


async def test_a_socket_is_told_when_it_may_not_read_any_more(tenants: Tenants) -> None:
    async with socket(tenants, READER) as client:
        await client.welcome()
        await client.ask({"type": "assign", "id": 1, **FRAMES["assign"][1]})
        while (await client.receive())["type"] != "records":
            pass

        admin = PRINCIPALS[ADMIN]
        await delete_acls(tenants.broker, admin, [AclFilter(principal="User:reader")])

        while (frame := await client.receive())["type"] != "error":
            assert frame["type"] != "records", "nothing more is read"
        assert frame["error_code"] == 40301
