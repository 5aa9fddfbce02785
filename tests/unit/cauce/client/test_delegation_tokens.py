"""Delegation tokens over REST v3, as the client asks for them."""

import json
from typing import Any

import httpx

from cauce.client.delegation_tokens import DelegationTokens, WantedDelegationToken
from cauce.client.http import HttpClient
from tests.support.fake_rest_server import FakeRestServer

SECRET = "c2VjcmV0LW5ldmVyLWluLWEtcmVwcg=="
TOKEN: dict[str, Any] = {
    "token_id": "a-_1",
    "owner": "User:alice",
    "requester": "User:admin",
    "renewers": ["User:bob"],
    "issued_at_ms": 1,
    "expires_at_ms": 2,
    "max_at_ms": 3,
}
PATH = "/v3/clusters/-/delegation-tokens"


def asked(server: FakeRestServer, *answers: httpx.Response) -> DelegationTokens:
    server.before = [lambda _request, one=one: one for one in answers]
    return DelegationTokens(HttpClient(transport=server.transport))


def test_list_reads_tokens_of_all_or_of_one() -> None:
    server = FakeRestServer()
    tokens = asked(server, *[httpx.Response(200, json={"data": [TOKEN]})] * 2)

    assert [one.renewers for one in tokens.list()] == [("User:bob",)]
    tokens.list("User:a&b")

    assert [one.url.raw_path.decode() for one in server.requests] == [
        PATH,
        f"{PATH}?owner=User%3Aa%26b",
    ]


def test_create_sends_what_is_wanted_and_hides_the_secret_from_repr() -> None:
    server = FakeRestServer()
    tokens = asked(server, *[httpx.Response(201, json=TOKEN | {"secret": SECRET})] * 2)

    made = tokens.create(WantedDelegationToken())
    tokens.create(WantedDelegationToken("User:alice", ("User:bob",), 5))

    assert [json.loads(one.content) for one in server.requests] == [
        {},
        {"owner": "User:alice", "renewers": ["User:bob"], "max_lifetime_ms": 5},
    ]
    assert made.secret == SECRET
    assert SECRET not in f"{made} {made!r}"


def test_one_is_named_by_its_id() -> None:
    server = FakeRestServer()
    one = httpx.Response(200, json=TOKEN)
    tokens = asked(server, one, one, one, httpx.Response(204))

    assert tokens.describe("a/b").expires_at_ms == 2
    tokens.renew("a/b")
    tokens.renew("a/b", 7)
    tokens.expire("a/b")

    assert [(one.method, one.url.raw_path.decode(), one.content) for one in server.requests] == [
        ("GET", f"{PATH}/a%2Fb", b""),
        ("POST", f"{PATH}/a%2Fb:renew", b"{}"),
        ("POST", f"{PATH}/a%2Fb:renew", b'{"period_ms":7}'),
        ("DELETE", f"{PATH}/a%2Fb", b""),
    ]
