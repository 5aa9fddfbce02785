"""Quotas over REST v3, as the client asks for them."""

import json

import httpx
import pytest

from cauce.client.errors import UnexpectedAnswer
from cauce.client.http import HttpClient
from cauce.client.quotas import Entity, Quota, Quotas
from tests.support.fake_rest_server import FakeRestServer


def asked(server: FakeRestServer, *answers: httpx.Response) -> Quotas:
    server.before = [lambda _request, one=one: one for one in answers]
    return Quotas(HttpClient(transport=server.transport))


def test_list_asks_for_the_parts_that_are_given() -> None:
    server = FakeRestServer()
    one = {"user": "a&b", "client_id": None, "ip": None, "values": {"producer_byte_rate": 1.0}}
    quotas = asked(server, httpx.Response(200, json={"data": [one]}))

    found = quotas.list(Entity(user="a&b"))

    assert found == [Quota(user="a&b", values={"producer_byte_rate": 1.0})]
    assert server.requests[0].url.raw_path == b"/v3/clusters/-/quotas?user=a%26b"


def test_alter_sends_null_for_what_is_removed_and_delete_names_the_entity() -> None:
    server = FakeRestServer()
    quotas = asked(server, httpx.Response(204), httpx.Response(204))

    quotas.alter(Entity(client_id="c"), {"x": 2.0, "y": None})
    quotas.delete(Entity(user="u", client_id="c"))

    altered, deleted = server.requests
    assert json.loads(altered.content) == {
        "data": [{"client_id": "c", "values": {"x": 2.0, "y": None}}]
    }
    assert (deleted.method, deleted.url.query) == ("DELETE", b"user=u&client_id=c")


def test_list_that_does_not_read_is_no_server_of_ours() -> None:
    quotas = asked(FakeRestServer(), httpx.Response(200, json={"data": [1]}))

    with pytest.raises(UnexpectedAnswer):
        quotas.list(Entity())
