"""``kill -9`` of the server between any two calls of a REST v2 session.

The instance, what it reads and what it has committed are there after the restart: the session goes
on, nothing that was committed comes again, and nothing is skipped.
"""

import random
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.support.node import NodeProcess

pytestmark = pytest.mark.slow

V2 = {"content-type": "application/vnd.kafka.v2+json"}
JSON = {"content-type": "application/vnd.kafka.json.v2+json"}
HERE = "/consumers/g/instances/i"
SECONDS_MAX = 60
RECORDS = 30
KILLS = 5


@pytest.fixture
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    node = NodeProcess(tmp_path_factory.mktemp("node") / "data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CAUCE_GROUP_INITIAL_REBALANCE_DELAY_MS", "0")
        node.start()
        yield node
        assert node.stop() == 0


class Killed:
    """A client of a server that is killed before each of its calls."""

    def __init__(self, node: NodeProcess) -> None:
        self.node = node
        self.kills = 0
        self.client = httpx.Client(timeout=SECONDS_MAX)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        self.node.kill()
        self.kills += 1
        self.node.start()
        answer = self.client.request(method, self.node.url + path, json=body, headers=V2 | headers)
        assert answer.status_code < 300, (method, path, answer.status_code, answer.text)
        return answer

    def poll(self) -> list[dict[str, Any]]:
        """Poll until something comes."""
        self.node.kill()
        self.kills += 1
        self.node.start()
        while True:
            answer = self.client.get(f"{self.node.url}{HERE}/records?timeout=5000&max_bytes=1")
            assert answer.status_code == 200, answer.text
            if answer.json():
                return list(answer.json())


def _fill(node: NodeProcess, count: int) -> None:
    node.create_topic("t", 2)
    for number in range(count):
        body = {"records": [{"value": number, "partition": number % 2}]}
        httpx.post(f"{node.url}/topics/t", json=body, headers=JSON).raise_for_status()


def test_session_goes_on_after_a_kill_between_any_two_calls(node: NodeProcess) -> None:
    _fill(node, 8)
    killed = Killed(node)
    settings = {"name": "i", "format": "json", "auto.offset.reset": "earliest"}
    killed.ask("POST", "/consumers/g", settings | {"auto.commit.enable": "false"})
    killed.ask("POST", f"{HERE}/subscription", {"topics": ["t"]})
    committed: list[tuple[int, int]] = []
    for _ in range(3):
        polled = [(one["partition"], one["offset"]) for one in killed.poll()]
        assert not set(polled) & set(committed), "what was committed came again"
        offsets = [{"topic": "t", "partition": one[0], "offset": one[1]} for one in polled]
        killed.ask("POST", f"{HERE}/offsets", {"offsets": offsets})
        committed += polled
    shown = killed.ask("GET", f"{HERE}/subscription").json()
    assert shown["topics"] == ["t"]
    while len(committed) < 8:
        for one in killed.client.get(f"{node.url}{HERE}/records?timeout=5000").json():
            committed.append((one["partition"], one["offset"]))
    killed.ask("DELETE", HERE)

    assert sorted(committed) == [(one, offset) for one in range(2) for offset in range(4)]
    gone = httpx.get(f"{node.url}{HERE}/subscription")
    assert (gone.status_code, gone.json()["error_code"]) == (404, 40403)
    assert killed.kills >= 10


def test_assignment_and_seek_are_there_after_a_kill(node: NodeProcess) -> None:
    _fill(node, 8)
    killed = Killed(node)
    settings = {"name": "i", "format": "json", "auto.offset.reset": "latest"}
    killed.ask("POST", "/consumers/g", settings | {"auto.commit.enable": "false"})
    place = {"topic": "t", "partition": 1}
    killed.ask("POST", f"{HERE}/assignments", {"partitions": [place]})
    killed.ask("POST", f"{HERE}/positions", {"offsets": [{**place, "offset": 2}]})

    assert [(one["partition"], one["offset"]) for one in killed.poll()] == [(1, 2)]


def test_session_goes_on_after_kills_at_any_moment(node: NodeProcess) -> None:
    _fill(node, RECORDS)
    settings = {"name": "i", "format": "json", "auto.offset.reset": "earliest"}
    client = httpx.Client(timeout=SECONDS_MAX, base_url=node.url, headers=V2)
    client.post("/consumers/g", json=settings | {"auto.commit.enable": "false"})
    client.post(f"{HERE}/subscription", json={"topics": ["t"]}).raise_for_status()
    over = threading.Event()
    killer = threading.Thread(target=_kill_again_and_again, args=(node, over))
    committed: list[tuple[int, int]] = []
    killer.start()
    try:
        while len(committed) < RECORDS:
            polled = _insist(client, "GET", f"{HERE}/records?timeout=500&max_bytes=1")
            found = [(one["partition"], one["offset"]) for one in polled.json()]
            assert not set(found) & set(committed), "what was committed came again"
            offsets = [{"topic": "t", "partition": one[0], "offset": one[1]} for one in found]
            if offsets:
                _insist(client, "POST", f"{HERE}/offsets", {"offsets": offsets})
            committed += found
    finally:
        over.set()
        killer.join()

    assert sorted(committed) == [(one, at) for one in range(2) for at in range(RECORDS // 2)]


def _insist(client: httpx.Client, method: str, path: str, body: Any = None) -> httpx.Response:
    """Ask until the server answers that it was done."""
    deadline = time.monotonic() + SECONDS_MAX
    while True:
        try:
            answer = client.request(method, path, json=body)
        except httpx.TransportError:
            pass
        else:
            if answer.status_code < 300:
                return answer
            assert answer.status_code in (409, 503), answer.text
        assert time.monotonic() < deadline, "not done in time"
        time.sleep(0.02)


def _kill_again_and_again(node: NodeProcess, over: threading.Event) -> None:
    dice = random.Random(5)
    for _ in range(KILLS):
        if over.wait(dice.uniform(0.05, 1.0)):
            return
        node.kill()
        node.start()
