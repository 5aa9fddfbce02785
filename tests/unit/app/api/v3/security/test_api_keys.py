"""API keys over REST v3: the key is in one answer, which nobody keeps, and in no other."""

from tests.support.application import RunningApplication

KEYS = "/v3/clusters/-/api-keys"


async def test_key_is_shown_once_listed_without_its_secret_and_deleted(
    running: RunningApplication,
) -> None:
    client = running.client
    await client.post("/v3/clusters/-/users", json={"name": "alice"})
    wanted = {"user": "alice", "scopes": ["write", "read"], "description": "of a test"}

    made = await client.post(KEYS, json=wanted)
    listed = await client.get(KEYS)

    assert made.status_code == 201, made.text
    assert made.headers["cache-control"] == "no-store"
    body = made.json()
    key = body.pop("key")
    assert key.startswith(f"cauce_{body['key_id']}_")
    assert listed.json()["data"] == [{**body, "kind": "CauceApiKey"}]
    assert key not in listed.text
    assert (body["scopes"], body["last_used_at_ms"]) == (["read", "write"], None)
    for status in (204, 404):
        assert (await client.delete(f"{KEYS}/{body['key_id']}")).status_code == status
    assert (await client.get(KEYS)).json()["data"] == []


async def test_key_of_nobody_or_of_no_sense_is_refused(running: RunningApplication) -> None:
    for body, status in (
        ({"user": "nobody"}, 404),
        ({"user": "nobody", "scopes": ["all"]}, 422),
        ({"user": "nobody", "scopes": []}, 422),
        ({"user": "nobody", "expires_at_ms": 1}, 400),
    ):
        assert (await running.client.post(KEYS, json=body)).status_code == status
