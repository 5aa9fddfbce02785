"""Retention and compaction as a client sees them, on a node that looks at its logs often."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.node import NodeProcess

pytestmark = pytest.mark.slow

WAIT_SECONDS_MAX = 60
OFTEN = """import os
os.environ["CAUCE_LOG_RETENTION_CHECK_INTERVAL_MS"] = "100"
os.environ["CAUCE_LOG_CLEANER_BACKOFF_MS"] = "100"
"""


@pytest.fixture
def node(tmp_path: Path) -> Iterator[NodeProcess]:
    node = NodeProcess(tmp_path / "data", prelude=OFTEN)
    node.start()
    yield node
    assert node.stop() == 0


def produce(node: NodeProcess, topic: str, count: int, **more: Any) -> None:
    """Produce records of a few keys, one after the other."""
    records = [
        {"partition_id": 0, "key": {"type": "STRING", "data": f"k{number % 5}"}, **more}
        | {"value": {"type": "STRING", "data": f"{number:0100}"}}
        for number in range(count)
    ]
    for record in records:
        answer = httpx.post(f"{node.topics}/{topic}/records", json=record)
        assert answer.json()["error_code"] == 200, answer.text


def consumed(node: NodeProcess, topic: str) -> list[dict[str, Any]]:
    """Return all records, page by page; only the last page is empty."""
    found: list[dict[str, Any]] = []
    place = "from=earliest"
    while True:
        answer = httpx.get(f"{node.topics}/{topic}/partitions/0/records?{place}")
        assert answer.status_code == 200, answer.text
        page = answer.json()
        if not page["data"]:
            return found
        found += page["data"]
        place = f"offset={page['next_offset']}"


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while not is_so():
        assert time.monotonic() < deadline, "it does not happen in time"
        time.sleep(0.1)


def test_compaction_leaves_the_last_record_of_each_key_also_after_a_kill(node: NodeProcess) -> None:
    node.create_topic(
        "t",
        1,
        **{"cleanup.policy": "compact", "segment.bytes": "4096", "file.delete.delay.ms": "0"},
    )
    produce(node, "t", 200)
    last = {one["key"]["data"]: one for one in consumed(node, "t")}

    until(lambda: len(consumed(node, "t")) < 60)

    for _ in range(2):
        found = consumed(node, "t")
        assert {one["key"]["data"]: one for one in found} == last
        offsets = [one["offset"] for one in found]
        assert offsets == sorted(offsets)
        assert offsets[-1] == 199
        node.kill()
        node.start()
    until(lambda: "compacted t-0" in node.log)


def test_old_records_go_and_the_log_starts_behind_them(node: NodeProcess) -> None:
    node.create_topic("t", 1, **{"retention.ms": "3600000", "file.delete.delay.ms": "0"})
    node.create_topic("kept", 1, **{"retention.ms": "-1"})
    for topic in ("t", "kept"):
        produce(node, topic, 3, timestamp="2020-01-01T00:00:00Z")

    until(lambda: consumed(node, "t") == [])

    assert len(consumed(node, "kept")) == 3
    ends = httpx.get(f"{node.topics}/t/partitions/0/offsets").json()
    produce(node, "t", 1)
    assert [one["offset"] for one in consumed(node, "t")] == [3], ends
