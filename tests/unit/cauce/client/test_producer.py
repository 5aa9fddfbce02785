import httpx
import pytest

from cauce.client.errors import UnexpectedAnswer
from cauce.client.http import HttpClient
from cauce.client.producer import Producer
from tests.support.fake_rest_server import FakeRestServer

RECORDS = [b'{"value":{"type":"STRING","data":"a"}}', b'{"value":{"type":"STRING","data":"b"}}']


@pytest.fixture
def server() -> FakeRestServer:
    server = FakeRestServer()
    server.add("t")
    return server


@pytest.fixture
def producer(server: FakeRestServer) -> Producer:
    return Producer(HttpClient(transport=server.transport), "t")


def test_send_yields_a_receipt_per_record_in_order(
    server: FakeRestServer, producer: Producer
) -> None:
    server.refuse_value = {b"a": (40002, "too early")}

    receipts = list(producer.send(RECORDS))

    assert [(one.error_code, one.message) for one in receipts] == [(40002, "too early"), (200, "")]
    assert b'"offset": 0' in receipts[1].line
    assert server.stored("t") == [(None, b"b")]
    assert server.requests[0].headers["Content-Type"] == "application/x-ndjson"


def test_send_does_not_take_more_receipts_than_records(
    server: FakeRestServer, producer: Producer
) -> None:
    server.before = [lambda _: httpx.Response(200, text='{"error_code":200}\n' * 3)]

    with pytest.raises(UnexpectedAnswer, match="more receipts"):
        list(producer.send(RECORDS))


def test_send_says_so_when_a_receipt_does_not_read(
    server: FakeRestServer, producer: Producer
) -> None:
    server.before = [lambda _: httpx.Response(200, text="OK\n")]

    with pytest.raises(UnexpectedAnswer, match="does not read"):
        list(producer.send(RECORDS))
