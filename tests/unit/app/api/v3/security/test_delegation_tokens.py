"""Delegation tokens over REST v3: the secret is in one answer, which nobody keeps."""

import base64
from collections.abc import Awaitable, Callable

import httpx
import pytest

from tests.support.application import RunningApplication

TOKENS = "/v3/clusters/-/delegation-tokens"
HOUR_MS = 3_600_000


@pytest.fixture
async def alice(running: RunningApplication) -> dict[str, str]:
    """What alice logs in with."""
    await running.client.post("/v3/clusters/-/users", json={"name": "alice"})
    made = await running.client.post("/v3/clusters/-/api-keys", json={"user": "alice"})
    return {"Authorization": f"Bearer {made.json()['key']}"}


async def test_token_is_shown_once_listed_renewed_and_ended(
    running: RunningApplication, alice: dict[str, str]
) -> None:
    client = running.client
    wanted = {"renewers": ["User:bob"], "max_lifetime_ms": HOUR_MS}

    made = await client.post(TOKENS, json=wanted, headers=alice)

    assert made.status_code == 201, made.text
    assert made.headers["cache-control"] == "no-store"
    body = made.json()
    secret = body.pop("secret")
    assert len(base64.b64decode(secret)) == 64
    assert (body["owner"], body["requester"], body["renewers"]) == (
        *("User:alice", "User:alice"),
        ["User:bob"],
    )
    assert body["expires_at_ms"] == body["max_at_ms"] == body["issued_at_ms"] + HOUR_MS
    here = f"{TOKENS}/{body['token_id']}"
    listed = await client.get(TOKENS, headers=alice)
    one = await client.get(here, headers=alice)
    assert listed.json()["data"] == [one.json()] == [{**body, "kind": one.json()["kind"]}]
    of_nobody = await client.get(TOKENS, params={"owner": "User:eve"}, headers=alice)
    assert of_nobody.json()["data"] == []
    assert secret not in listed.text + one.text
    for sooner in (1_000, None):
        renewed = await client.post(f"{here}:renew", json={"period_ms": sooner}, headers=alice)
        assert renewed.status_code == 200, renewed.text
        assert renewed.json()["expires_at_ms"] <= body["max_at_ms"]
    for status in (204, 404):
        assert (await client.delete(here, headers=alice)).status_code == status


async def test_who_did_not_log_in_is_refused_everywhere(running: RunningApplication) -> None:
    client = running.client
    calls: list[Callable[[], Awaitable[httpx.Response]]] = [
        lambda: client.get(TOKENS),
        lambda: client.post(TOKENS, json={}),
        lambda: client.get(f"{TOKENS}/x"),
        lambda: client.post(f"{TOKENS}/x:renew", json={}),
        lambda: client.delete(f"{TOKENS}/x"),
    ]

    assert [(await call()).status_code for call in calls] == [403] * len(calls)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"owner": "Group:g"}, 400),
        ({"owner": "alice"}, 422),
        ({"renewers": ["User:"]}, 422),
        ({"max_lifetime_ms": 0}, 422),
        ({"more": 1}, 422),
    ],
)
async def test_token_of_no_sense_is_refused(
    running: RunningApplication, alice: dict[str, str], body: dict[str, object], status: int
) -> None:
    answer = await running.client.post(TOKENS, json=body, headers=alice)

    assert answer.status_code == status, answer.text
