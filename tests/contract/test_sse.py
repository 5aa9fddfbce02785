"""Streams of server-sent events from a real node: by curl, and by a client that reconnects."""

import itertools
import json
import subprocess
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import httpx
import httpx_sse
import pytest

from tests.support.node import NodeProcess

pytestmark = pytest.mark.slow

KILLS = 4
RECORDS_EACH = 60
PARTITIONS = 3


@pytest.fixture
def node(tmp_path: Path) -> Iterator[NodeProcess]:
    node = NodeProcess(tmp_path / "data")
    node.start()
    node.create_topic("t", PARTITIONS)
    yield node
    node.kill()


def produce(node: NodeProcess, numbers: range) -> None:
    body = "".join(
        json.dumps({"partition_id": number % PARTITIONS, "value": {"type": "JSON", "data": number}})
        for number in numbers
    )
    answer = httpx.post(
        f"{node.topics}/t/records",
        content=body,
        headers={"Content-Type": "application/json"},
        timeout=30,
    )
    assert answer.text.count('"error_code":200') == len(numbers)


def listen(url: str, last_id: str) -> Iterator[httpx_sse.ServerSentEvent]:
    """Yield the events of one connection, as a browser would ask for them."""
    headers = {"Last-Event-ID": last_id} if last_id else {}
    timeout = httpx.Timeout(30, connect=2)
    with httpx_sse.connect_sse(httpx.Client(timeout=timeout), "GET", url, headers=headers) as found:
        if found.response.status_code == 204:
            return
        yield from found.iter_sse()


def values(node: NodeProcess, query: str, total: int) -> dict[int, list[int]]:
    """Follow a stream over as many connections as it takes; return the values by partition."""
    found: dict[int, list[int]] = defaultdict(list)
    last_id = ""
    url = f"{node.topics}/t/records:stream?{query}"
    while sum(map(len, found.values())) < total:
        try:
            for event in listen(url, last_id):
                last_id = event.id or last_id
                for record in event.json()["records"] if event.event == "records" else ():
                    found[record["partition_id"]].append(record["value"]["data"])
                if sum(map(len, found.values())) >= total:
                    break
        except httpx.TransportError:
            time.sleep(0.1)  # the server is gone, or not back yet
    return found


def test_curl_sees_records_and_a_last_event(node: NodeProcess) -> None:
    produce(node, range(5))

    done = subprocess.run(
        ["curl", "-sN", f"{node.topics}/t/records:stream?from=earliest&until=end"],
        check=True,
        capture_output=True,
        text=True,
        timeout=30,
    )

    *_, last = [block for block in done.stdout.split("\n\n") if block.strip()]
    assert "event: done" in last
    assert '"records":5' in last
    assert done.stdout.count('"value":{"type":"JSON"') == 5


def test_reconnect_after_the_end_is_told_to_stay_away(node: NodeProcess) -> None:
    produce(node, range(3))
    url = f"{node.topics}/t/records:stream?from=earliest&until=end"
    *_, done = listen(url, "")

    again = httpx.get(url, headers={"Last-Event-ID": done.id})

    assert (done.event, again.status_code) == ("done", 204)


@pytest.mark.parametrize("query", ["from=earliest", "from=earliest&group=g"])
def test_each_record_comes_once_and_in_order_whatever_happens_to_the_server(
    node: NodeProcess, query: str
) -> None:
    total = (KILLS + 1) * RECORDS_EACH
    found: dict[int, list[int]] = {}
    following = threading.Thread(target=lambda: found.update(values(node, query, total)))
    produce(node, range(RECORDS_EACH))
    following.start()
    for kill in range(1, KILLS + 1):
        node.kill()
        node.start()
        produce(node, range(kill * RECORDS_EACH, (kill + 1) * RECORDS_EACH))
    following.join(120)

    assert not following.is_alive(), f"only {sum(map(len, found.values()))} of {total} came"
    assert found == {one: list(range(one, total, PARTITIONS)) for one in range(PARTITIONS)}


def test_filter_and_several_topics(node: NodeProcess) -> None:
    node.create_topic("u", 1)
    produce(node, range(9))
    httpx.post(f"{node.topics}/u/records", json={"value": {"type": "JSON", "data": 100}})
    url = f"{node.url}/v3/clusters/-/records:stream"
    query = {"topic": ["t", "u"], "from": "earliest", "filter": "value >= 6", "max_records": 4}

    events = listen(str(httpx.URL(url, params=query)), "")

    records = [event.json()["records"] for event in events if event.event == "records"]
    assert sorted(one["value"]["data"] for one in itertools.chain(*records)) == [6, 7, 8, 100]


def test_bad_query_is_a_plain_error(node: NodeProcess) -> None:
    answer = httpx.get(f"{node.topics}/t/records:stream", params={"form": "earliest"})

    assert answer.status_code == 400
    assert set(answer.json()) == {"error_code", "message"}
    assert "form" in answer.json()["message"]
