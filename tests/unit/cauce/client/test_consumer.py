import json

import httpx
import pytest

from cauce.client.consumer import Consumer, FilterCounts, PartitionPlace, Start
from cauce.client.errors import AnswerLost, UnexpectedAnswer
from cauce.client.http import HttpClient
from tests.support.fake_rest_server import FakeRestServer

EARLIEST = Start(parameter="from", value="earliest")


@pytest.fixture
def server() -> FakeRestServer:
    server = FakeRestServer()
    server.add("t", 2)
    server.append("t", b"a", b"b", b"c")
    server.append("t", b"x", partition=1)
    return server


@pytest.fixture
def http(server: FakeRestServer) -> HttpClient:
    return HttpClient(transport=server.transport)


def test_pages_of_a_topic_follow_its_cursor(server: FakeRestServer, http: HttpClient) -> None:
    consumer = Consumer(http, "t", EARLIEST)

    first = consumer.next_page(records_max=2, wait_ms=0)
    second = consumer.next_page(records_max=9, wait_ms=500)

    assert (len(first.records), len(second.records)) == (2, 2)
    assert first.places[0] == PartitionPlace(partition_id=0, next_offset=2, high_watermark=3)
    assert second.places[1].next_offset == 1
    asked = server.requests[1].url.params
    assert (asked["cursor"], asked["wait_ms"]) == ("2.0", "500")
    assert "from" not in asked


def test_pages_of_a_partition_follow_its_offsets(server: FakeRestServer, http: HttpClient) -> None:
    consumer = Consumer(http, "t", Start(parameter="offset", value="1"), partition=0)

    page = consumer.next_page(records_max=1, wait_ms=0)
    consumer.next_page(records_max=1, wait_ms=0)

    assert page.places == {0: PartitionPlace(partition_id=0, next_offset=2, high_watermark=3)}
    assert server.requests[1].url.params["offset"] == "2"
    assert server.requests[1].url.path.endswith("/topics/t/partitions/0/records")


def test_types_are_asked_for_on_every_page(server: FakeRestServer, http: HttpClient) -> None:
    consumer = Consumer(http, "t", EARLIEST, types={"key_type": "BINARY", "value_type": "BINARY"})

    for _ in range(2):
        consumer.next_page(records_max=1, wait_ms=0)

    assert [one.url.params["value_type"] for one in server.requests] == ["BINARY", "BINARY"]


@pytest.mark.parametrize("partition", [None, 0])
def test_filter_is_asked_for_on_every_page_and_its_counts_are_told(
    server: FakeRestServer, http: HttpClient, partition: int | None
) -> None:
    counts = {"scanned": 9, "matched": 2, "failed": 1, "first_failure": "t-0 at offset 1: x"}

    def filtered(request: httpx.Request) -> httpx.Response:
        answer = json.loads(server.handle(request).content)
        return httpx.Response(200, json={**answer, "filter": counts})

    consumer = Consumer(http, "t", EARLIEST, partition=partition, where="value == 1")
    server.before = [filtered]
    first = consumer.next_page(records_max=1, wait_ms=0)
    second = consumer.next_page(records_max=1, wait_ms=0)

    assert first.filtered == FilterCounts(**counts)  # type: ignore[arg-type] # of both types
    assert second.filtered is None
    assert {one.url.params["filter"] for one in server.requests} == {"value == 1"}


def test_a_page_that_failed_is_asked_for_again(server: FakeRestServer, http: HttpClient) -> None:
    def lost(_: httpx.Request) -> httpx.Response:
        raise httpx.ReadError("reset")

    server.before = [lost, lost]
    consumer = Consumer(http, "t", EARLIEST)

    with pytest.raises(AnswerLost):
        consumer.next_page(records_max=9, wait_ms=0)

    assert len(consumer.next_page(records_max=9, wait_ms=0).records) == 4


def test_an_answer_of_another_shape_is_told_so(server: FakeRestServer, http: HttpClient) -> None:
    server.before = [lambda _: httpx.Response(200, json={"data": []})]

    with pytest.raises(UnexpectedAnswer):
        Consumer(http, "t", EARLIEST).next_page(records_max=1, wait_ms=0)
