"""The registry under requests made at random, on both databases: no 5xx, no hang, no hunger.

``CAUCE_REGISTRY_FUZZ`` is how many requests are sent, instead of some thousand.
"""

import asyncio
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from random import Random

import httpx
import pytest

from benchmarks.processes import resident_peak_bytes
from tests.support.node import NodeProcess
from tests.support.postgres import postgresql
from tests.support.registry.fuzz import Requests, Sent, hostile_schemas

pytestmark = pytest.mark.slow

REQUESTS = int(os.environ.get("CAUCE_REGISTRY_FUZZ", "2000"))
AT_ONCE = 8
ANSWER_SECONDS_MAX = 60
"""The registry gives up after ten; the machine may have other things to do."""

GROWTH_BYTES_MAX = 500_000_000
"""What may be kept of schemas and what a few of the largest take while they are worked on."""


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]
)
def node(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[NodeProcess]:
    with ExitStack() as stack:
        options = []
        if request.param == "postgresql":
            options = ["--database-url", stack.enter_context(postgresql())]
        node = NodeProcess(tmp_path_factory.mktemp("fuzz") / "data", *options)
        node.start()
        yield node
        assert node.stop() == 0
        assert "Traceback" not in node.log


async def _send(client: httpx.AsyncClient, sent: Sent) -> int:
    """Send a request; return the answer's status, which is a promise kept."""
    headers = {} if sent.body is None else {"content-type": sent.content_type}
    answer = await client.request(sent.method, sent.path, content=sent.body, headers=headers)
    shown = (sent.method, sent.path[:300], (sent.body or b"")[:3_000], answer.text[:500])
    assert answer.status_code < 500, shown
    if answer.status_code >= 400:
        assert set(answer.json()) == {"error_code", "message"}, shown
    return answer.status_code


async def _send_all(node: NodeProcess, requests: Iterator[Sent]) -> Counter[int]:
    statuses: Counter[int] = Counter()

    async with httpx.AsyncClient(base_url=node.url, timeout=ANSWER_SECONDS_MAX) as client:

        async def send_some() -> None:
            for sent in requests:
                statuses[await _send(client, sent)] += 1

        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(send_some())
        assert (await client.get("/_health")).status_code == 200
    return statuses


def _peak(node: NodeProcess) -> int:
    assert node.process is not None, "it was started"
    return resident_peak_bytes(node.process.pid)


async def test_whatever_is_sent_is_answered(node: NodeProcess) -> None:
    requests = Requests(Random(20_261_126))
    before = _peak(node)

    statuses = await _send_all(node, (requests.request() for _ in range(REQUESTS)))

    assert statuses[200] > REQUESTS / 10, "some of it is right"
    assert sum(statuses.values()) == REQUESTS
    assert _peak(node) - before < GROWTH_BYTES_MAX


async def test_hostile_schemas_are_bounded(node: NodeProcess) -> None:
    before = _peak(node)
    paths = ("/subjects/{}/versions", "/compatibility/subjects/{}/versions", "/subjects/{}")

    async with httpx.AsyncClient(base_url=node.url, timeout=ANSWER_SECONDS_MAX) as client:
        for number, body in enumerate(hostile_schemas()):
            for path in paths:
                answer = await client.post(path.format(f"h{number}"), json=body)
                assert answer.status_code < 500, (number, answer.text[:500])

    assert _peak(node) - before < GROWTH_BYTES_MAX
