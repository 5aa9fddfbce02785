"""API keys over REST v3, as the client asks for them."""

import json
from typing import Any

import httpx

from cauce.client.api_keys import ApiKeys, WantedApiKey
from cauce.client.http import HttpClient
from tests.support.fake_rest_server import FakeRestServer

SECRET = "cauce_0011223344556677_never-in-a-repr"
KEY: dict[str, Any] = {
    "key_id": "0011223344556677",
    "user": "alice",
    "scopes": ["read"],
    "description": "",
    "created_at_ms": 1,
    "expires_at_ms": None,
    "last_used_at_ms": None,
}


def asked(server: FakeRestServer, *answers: httpx.Response) -> ApiKeys:
    server.before = [lambda _request, one=one: one for one in answers]
    return ApiKeys(HttpClient(transport=server.transport))


def test_list_reads_keys_without_their_secrets() -> None:
    found = asked(FakeRestServer(), httpx.Response(200, json={"data": [KEY]})).list()

    assert [(one.key_id, one.user, one.scopes) for one in found] == [
        ("0011223344556677", "alice", ("read",))
    ]


def test_create_sends_what_is_wanted_and_hides_the_secret_from_repr() -> None:
    server = FakeRestServer()
    keys = asked(server, httpx.Response(201, json=KEY | {"key": SECRET}))

    made = keys.create(WantedApiKey(user="alice", scopes=("read",)))

    assert json.loads(server.requests[0].content) == {"user": "alice", "scopes": ["read"]}
    assert made.key == SECRET
    assert SECRET not in f"{made} {made!r}"


def test_delete_names_the_key() -> None:
    server = FakeRestServer()

    asked(server, httpx.Response(204)).delete("a/b")

    assert server.requests[0].url.raw_path == b"/v3/clusters/-/api-keys/a%2Fb"
