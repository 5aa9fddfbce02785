"""Tokens over REST v3, as the client asks for them."""

import json

import httpx
import pytest

from cauce.client.errors import Refused
from cauce.client.http import HttpClient
from cauce.client.tokens import TokenIssuer, WhoAmI
from tests.support.fake_rest_server import FakeRestServer

GIVEN = {"access_token": "a.b.c", "token_type": "Bearer", "expires_in": 900, "refresh_token": "r"}


def asked(server: FakeRestServer, *answers: httpx.Response) -> TokenIssuer:
    server.before = [lambda _request, one=one: one for one in answers]
    return TokenIssuer(HttpClient(transport=server.transport, basic=("alice", "secret")))


def test_tokens_are_asked_for_in_the_words_of_oauth_and_are_in_no_repr() -> None:
    server = FakeRestServer()
    tokens = asked(server, *[httpx.Response(200, json=GIVEN)] * 2)

    first = tokens.get(["read", "write"])
    tokens.refresh("r")

    assert [json.loads(one.content) for one in server.requests] == [
        {"grant_type": "client_credentials", "scope": "read write"},
        {"grant_type": "refresh_token", "refresh_token": "r"},
    ]
    assert (first.access_token, first.refresh_token, first.expires_in) == ("a.b.c", "r", 900)
    assert "a.b.c" not in repr(first)


def test_a_refusal_in_the_shape_of_oauth_is_one() -> None:
    refusal = {"error": "invalid_client", "error_description": "Authentication failed."}

    with pytest.raises(Refused, match="Authentication failed") as refused:
        asked(FakeRestServer(), httpx.Response(401, json=refusal)).get()

    assert refused.value.status == 401


def test_revoke_sends_the_token_in_the_body() -> None:
    server = FakeRestServer()

    asked(server, httpx.Response(200)).revoke("a.b.c")

    assert server.requests[0].url.path == "/v3/auth/revoke"
    assert json.loads(server.requests[0].content) == {"token": "a.b.c"}


def test_who_am_i_reads_what_the_server_says() -> None:
    said = {
        "principal": "User:alice",
        "host": "::1",
        "credential": "password",
        "scopes": None,
        "expires_at_ms": None,
    }

    found = asked(FakeRestServer(), httpx.Response(200, json=said)).who_am_i()

    assert found == WhoAmI("User:alice", "::1", "password", None, None)
