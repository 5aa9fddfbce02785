"""ACLs over REST v3, as the client asks for them."""

import json

import httpx
import pytest

from cauce.client.acls import Acl, Acls
from cauce.client.errors import UnexpectedAnswer
from cauce.client.http import HttpClient
from tests.support.fake_rest_server import FakeRestServer

ONE = {
    "resource_type": "TOPIC",
    "resource_name": "a&b",
    "pattern_type": "LITERAL",
    "principal": "User:a",
    "host": "*",
    "operation": "READ",
    "permission": "ALLOW",
}
ACL = Acl(**ONE)


def asked(server: FakeRestServer, *answers: httpx.Response) -> Acls:
    server.before = [lambda _request, one=one: one for one in answers]
    return Acls(HttpClient(transport=server.transport))


def test_list_and_delete_ask_for_what_is_meant() -> None:
    server = FakeRestServer()
    answer = httpx.Response(200, json={"data": [ONE | {"kind": "KafkaAcl"}]})
    acls = asked(server, answer, answer)

    assert acls.list({"resource_name": "a&b"}) == [ACL]
    assert acls.delete({"resource_name": "a&b", "operation": "READ"}) == [ACL]

    listed, deleted = server.requests
    assert listed.url.query == b"resource_name=a%26b"
    assert deleted.method == "DELETE"
    assert dict(deleted.url.params) == {
        "resource_type": "ANY",
        "pattern_type": "ANY",
        "operation": "READ",
        "permission": "ANY",
        "resource_name": "a&b",
    }


def test_create_sends_all_at_once() -> None:
    server = FakeRestServer()

    asked(server, httpx.Response(201)).create([ACL, ACL])

    assert server.requests[0].url.path.endswith("/acls:batch")
    assert json.loads(server.requests[0].content) == {"data": [ONE, ONE]}


def test_explain_returns_the_deciding_rule() -> None:
    server = FakeRestServer()
    said = {"is_allowed": True, "ground": "ACL", "message": "so", "acl": ONE}

    decision = asked(server, httpx.Response(200, json=said)).explain({"principal": "User:a"})

    assert (decision.is_allowed, decision.acl) == (True, ACL)
    assert json.loads(server.requests[0].content) == {"principal": "User:a"}


def test_an_answer_that_is_none_is_said() -> None:
    server = FakeRestServer()
    acls = asked(server, httpx.Response(200, json={}), httpx.Response(200, json=[]))

    with pytest.raises(UnexpectedAnswer):
        acls.list({})
    with pytest.raises(UnexpectedAnswer):
        acls.explain({})
