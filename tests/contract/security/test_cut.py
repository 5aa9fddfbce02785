"""Whatever ends a login ends all that stands on it, and 100 of 100 if they are as many.

Each way to lose a login has a user of its own and opens one of each kind. A right that is taken
ends no connection: it ends what is read by it.
"""

import asyncio
import base64
import json
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator

import httpx
import pytest
from websockets.asyncio.client import connect

from tests.support.node import NodeProcess
from tests.support.security.lasting import (
    HERE,
    LOGIN_ENDED,
    TOPIC,
    admin_secret,
    administrator,
    code_of,
    everything_open,
    opened_socket,
    polled_instance,
    until_cut,
)

pytestmark = pytest.mark.slow

SOCKETS, STREAMS, POLLS = 40, 30, 30
CUT_SECONDS_MAX = 5.0
PASSWORD = "correct horse"
KEY_LIFE_S = 5.0

Ends = Callable[[], Awaitable[float]]
"""Ends a login; gives when it ended, by the monotonic clock."""


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    """A running node whose clients must log in."""
    node = NodeProcess(tmp_path_factory.mktemp("node") / "data", "--authentication", "required")
    node.start()
    with httpx.Client(base_url=node.url, auth=("admin", admin_secret(node)), timeout=60) as admin:
        for name in ("t", "slow"):
            topic = {"topic_name": name, "partitions_count": 1}
            assert admin.post(f"{HERE}/topics", json=topic).status_code == 201
    yield node
    assert node.stop() == 0
    assert "Traceback" not in node.log


def basic(user: str) -> dict[str, str]:
    shown = base64.b64encode(f"{user}:{PASSWORD}".encode()).decode()
    return {"Authorization": f"Basic {shown}"}


async def sent(answer: Awaitable[httpx.Response]) -> float:
    """Have something changed; return when that was asked."""
    began = time.monotonic()
    status = (await answer).status_code
    assert status in (200, 204), status
    return began


async def deleted_user(admin: httpx.AsyncClient, user: str) -> tuple[dict[str, str], Ends]:
    return basic(user), lambda: sent(admin.delete(f"{HERE}/users/{user}"))


async def changed_password(admin: httpx.AsyncClient, user: str) -> tuple[dict[str, str], Ends]:
    body = {"password": "another horse"}
    return basic(user), lambda: sent(admin.patch(f"{HERE}/users/{user}", json=body))


async def new_key(admin: httpx.AsyncClient, user: str, **wanted: int) -> tuple[str, dict[str, str]]:
    made = await admin.post(f"{HERE}/api-keys", json={"user": user, **wanted})
    assert made.status_code == 201, made.text
    return made.json()["key_id"], {"Authorization": f"Bearer {made.json()['key']}"}


async def deleted_user_of_a_key(admin: httpx.AsyncClient, user: str) -> tuple[dict[str, str], Ends]:
    _, key = await new_key(admin, user)
    return key, lambda: sent(admin.delete(f"{HERE}/users/{user}"))


async def expired_key(admin: httpx.AsyncClient, user: str) -> tuple[dict[str, str], Ends]:
    end = time.monotonic() + KEY_LIFE_S
    _, key = await new_key(admin, user, expires_at_ms=int((time.time() + KEY_LIFE_S) * 1000))

    async def wait() -> float:
        await asyncio.sleep(end - time.monotonic())
        return end

    return key, wait


async def tokens_of(admin: httpx.AsyncClient, user: str) -> dict[str, str]:
    grant = {"grant_type": "client_credentials"}
    answer = await admin.post("/v3/auth/token", data=grant, auth=(user, PASSWORD))
    tokens: dict[str, str] = answer.json()
    return tokens


async def revoked_token(admin: httpx.AsyncClient, user: str) -> tuple[dict[str, str], Ends]:
    tokens = await tokens_of(admin, user)
    revoked = {"token": tokens["access_token"]}
    shown = {"Authorization": f"Bearer {tokens['access_token']}"}
    return shown, lambda: sent(admin.post("/v3/auth/revoke", data=revoked))


async def revoked_login(admin: httpx.AsyncClient, user: str) -> tuple[dict[str, str], Ends]:
    tokens = await tokens_of(admin, user)
    revoked = {"token": tokens["refresh_token"]}
    shown = {"Authorization": f"Bearer {tokens['access_token']}"}
    return shown, lambda: sent(admin.post("/v3/auth/revoke", data=revoked))


async def allowed(admin: httpx.AsyncClient, principal: str, operation: str, kind: str) -> None:
    rule = {"resource_type": kind, "pattern_type": "LITERAL", "resource_name": "*", "host": "*"}
    rule |= {"principal": principal, "operation": operation, "permission": "ALLOW"}
    if kind == "CLUSTER":
        rule["resource_name"] = "kafka-cluster"
    answer = await admin.post(f"{HERE}/acls", json=rule)
    assert answer.status_code == 201, answer.text


async def with_user(admin: httpx.AsyncClient, name: str) -> None:
    body = {"name": name, "password": PASSWORD}
    assert (await admin.post(f"{HERE}/users", json=body)).status_code == 201


async def test_100_of_100_are_cut_when_their_key_is_gone_and_others_stay(
    closed: NodeProcess,
) -> None:
    async with administrator(closed) as admin:
        key_id, leaving = await new_key(admin, "admin")
        _, staying = await new_key(admin, "admin")
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(base_url=closed.url, timeout=90, limits=limits) as client:
            sockets = [await opened_socket(closed, leaving) for _ in range(SOCKETS)]
            stays = await opened_socket(closed, staying)
            paths = [f"{TOPIC}/records:stream"] * STREAMS
            paths += [f"{TOPIC}/partitions/0/records?offset=0&wait_ms=60000"] * POLLS
            waiting: list[Coroutine[None, None, object]] = [code_of(one) for one in sockets]
            waiting += [until_cut(client, path, leaving) for path in paths]
            tasks = [asyncio.create_task(one) for one in waiting]
            await asyncio.sleep(2)
            assert not any(one.done() for one in tasks), "they wait"

            began = time.monotonic()
            gone = await admin.delete(f"/v3/clusters/-/api-keys/{key_id}")
            assert gone.status_code == 204
            ended = await asyncio.wait_for(asyncio.gather(*tasks), 60)
            took = time.monotonic() - began

        assert ended == [LOGIN_ENDED] * SOCKETS + [True] * (STREAMS + POLLS)
        assert took < CUT_SECONDS_MAX
        await (await stays.ping())
        await stays.close()
        refused = await admin.get(TOPIC, headers=leaving, auth=None)
        assert refused.status_code == 401


async def test_a_ticket_opens_one_socket(closed: NodeProcess) -> None:
    async with administrator(closed) as admin:
        ticket = (await admin.post("/v3/auth/ticket")).json()["ticket"]
    address = f"{closed.url.replace('http', 'ws')}/v3/ws?ticket={ticket}"

    async with connect(address) as client:
        assert '"User:admin"' in str(await client.recv())
    with pytest.raises(Exception, match="401"):
        await connect(address)
    assert ticket not in closed.log


async def all_is_cut(
    node: NodeProcess, admin: httpx.AsyncClient, client: httpx.AsyncClient, user: str
) -> None:
    """Open one of each kind, end the login, and see each of them end in time."""
    headers, end = await WAYS[user](admin, user)
    opened = await everything_open(node, client, user, headers)
    tasks = {kind: asyncio.create_task(one) for kind, one in opened.items()}
    await asyncio.sleep(0.7)
    early = [kind for kind, one in tasks.items() if one.done()]
    assert not early, (user, early)

    began = await end()
    _, late = await asyncio.wait(tasks.values(), timeout=60)
    took = time.monotonic() - began

    assert not late, (user, [kind for kind, one in tasks.items() if one in late])
    ended = {kind: one.result() for kind, one in tasks.items()}
    assert ended.pop("socket") == LOGIN_ENDED
    assert set(ended.values()) == {True}, (user, ended)
    assert took < CUT_SECONDS_MAX, (user, took)


WAYS = {
    "deleted": deleted_user,
    "changed": changed_password,
    "deleted-with-key": deleted_user_of_a_key,
    "revoked-token": revoked_token,
    "revoked-login": revoked_login,
    "expired": expired_key,
}
"""What ends the login of the user of that name."""


async def test_whatever_ends_a_login_cuts_all_that_stands_on_it(closed: NodeProcess) -> None:
    limits = httpx.Limits(max_connections=None)
    async with (
        administrator(closed) as admin,
        httpx.AsyncClient(base_url=closed.url, timeout=90, limits=limits) as client,
    ):
        for user in ("stays", *WAYS):
            await with_user(admin, user)
            for kind in ("TOPIC", "GROUP", "SUBJECT", "CLUSTER"):
                await allowed(admin, f"User:{user}", "ALL", kind)
        staying = await everything_open(closed, client, "stays", basic("stays"))
        stay = {kind: asyncio.create_task(one) for kind, one in staying.items()}
        others = [user for user in WAYS if user != "expired"]
        await asyncio.gather(*(all_is_cut(closed, admin, client, user) for user in others))
        await all_is_cut(closed, admin, client, "expired")

        assert not [kind for kind, one in stay.items() if one.done()], "others stay"
        for one in stay.values():
            one.cancel()
        await asyncio.gather(*stay.values(), return_exceptions=True)


async def whole(client: httpx.AsyncClient, path: str) -> tuple[int, str]:
    """Return the status and the text of an answer that comes to its end."""
    answer = await client.get(path, headers=basic("guest"))
    return answer.status_code, answer.text


async def test_a_right_that_is_taken_ends_what_is_read_by_it(closed: NodeProcess) -> None:
    rules = f"{HERE}/acls?principal=User:guest&resource_type=TOPIC"
    lent = f"{HERE}/topics/lent"
    async with (
        administrator(closed) as admin,
        httpx.AsyncClient(base_url=closed.url, timeout=60) as client,
    ):
        topic = {"topic_name": "lent", "partitions_count": 1}
        assert (await admin.post(f"{HERE}/topics", json=topic)).status_code == 201
        await with_user(admin, "guest")
        for kind in ("TOPIC", "GROUP"):
            await allowed(admin, "User:guest", "READ", kind)
        socket = await opened_socket(closed, basic("guest"))
        places = [{"topic": "lent", "from": "earliest"}]
        assign = {"type": "assign", "id": 1, "sub": "s", "credit": "auto", "partitions": places}
        await socket.send(json.dumps(assign))
        assert json.loads(await socket.recv())["type"] == "subscribed"
        paths = [f"{lent}/records:stream", f"{lent}/partitions/0/records?offset=0&wait_ms=30000"]
        paths.append(await polled_instance(client, "guest", basic("guest"), "lent"))
        asked = [asyncio.create_task(whole(client, path)) for path in paths]
        await asyncio.sleep(0.7)
        assert not any(one.done() for one in asked), "they wait"

        gone = await admin.delete(f"{rules}&pattern_type=ANY&operation=ANY&permission=ANY")
        assert len(gone.json()["data"]) == 1
        record = {"value": {"type": "JSON", "data": "canary"}}
        assert (await admin.post(f"{lent}/records", json=record)).status_code == 200
        answers = await asyncio.wait_for(asyncio.gather(*asked), 60)
        frame = json.loads(await socket.recv())

        assert [status for status, _ in answers] == [200, 403, 403]
        assert all("40301" in text and "canary" not in text for _, text in answers)
        assert (frame["type"], frame["error_code"], frame["ended"]) == ("error", 40301, True)
        await (await socket.ping())
        await socket.close()
