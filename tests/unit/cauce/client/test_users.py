"""Users over REST v3, as the client asks for them."""

import json

import httpx
import pytest

from cauce.client.errors import UnexpectedAnswer
from cauce.client.http import HttpClient
from cauce.client.users import User, Users
from tests.support.fake_rest_server import FakeRestServer

ALICE = {
    "kind": "CauceUser",
    "name": "alice",
    "has_password": True,
    "scram_mechanisms": ["SCRAM-SHA-256"],
    "created_at_ms": 1,
}
READ = User(name="alice", has_password=True, scram_mechanisms=("SCRAM-SHA-256",), created_at_ms=1)


def asked(server: FakeRestServer, *answers: httpx.Response) -> Users:
    server.before = [lambda _request, one=one: one for one in answers]
    return Users(HttpClient(transport=server.transport))


def test_list_and_get_read_users() -> None:
    server = FakeRestServer()
    users = asked(
        server, httpx.Response(200, json={"data": [ALICE]}), httpx.Response(200, json=ALICE)
    )

    assert users.list() == [READ]
    assert users.get("a/b c") == READ
    assert server.requests[1].url.raw_path == b"/v3/clusters/-/users/a%2Fb%20c"


def test_create_sends_a_password_only_if_there_is_one() -> None:
    server = FakeRestServer()
    users = asked(server, httpx.Response(201, json=ALICE), httpx.Response(201, json=ALICE))

    users.create("alice", "a password")
    users.create("alice", None)

    assert [json.loads(one.content) for one in server.requests] == [
        {"name": "alice", "password": "a password"},
        {"name": "alice"},
    ]


def test_alter_and_delete_name_the_user() -> None:
    server = FakeRestServer()
    users = asked(server, httpx.Response(204), httpx.Response(204))

    users.alter("a", "another")
    users.delete("a")

    assert [(one.method, one.url.path) for one in server.requests] == [
        ("PATCH", "/v3/clusters/-/users/a"),
        ("DELETE", "/v3/clusters/-/users/a"),
    ]
    assert json.loads(server.requests[0].content) == {"password": "another"}


def test_a_list_that_does_not_read_is_no_server_of_ours() -> None:
    users = asked(FakeRestServer(), httpx.Response(200, json={"data": [1]}))

    with pytest.raises(UnexpectedAnswer):
        users.list()
