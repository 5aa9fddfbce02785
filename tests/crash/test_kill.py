"""A node killed in the middle of a load loses nothing that it acknowledged."""

import json
import random
import threading
from pathlib import Path

import httpx
import pytest

from tests.support.commits import Commit, load_commits
from tests.support.node import NodeProcess

pytestmark = pytest.mark.slow

KILLS = 50
PARTITIONS = 6
BODY_RECORDS = 20

Place = tuple[int, int]


def record_of(commit: Commit) -> bytes:
    return json.dumps(
        {
            "key": {"type": "STRING", "data": commit["repo"]},
            "value": {"type": "JSON", "data": commit},
            "timestamp": commit["committed_at_ms"],
        },
        ensure_ascii=False,
    ).encode()


def load_until_killed(
    node: NodeProcess, commits: list[Commit], acknowledged: dict[Place, Commit]
) -> None:
    """Produce until the node is gone; remember what it acknowledged, where."""
    with httpx.Client() as client:
        position = 0
        while True:
            sent = commits[position : position + BODY_RECORDS]
            position = (position + BODY_RECORDS) % (len(commits) - BODY_RECORDS)
            body = b"\n".join(record_of(commit) for commit in sent)
            try:
                answer = client.post(
                    f"{node.topics}/commits/records",
                    content=body,
                    headers={"content-type": "application/json"},
                )
            except httpx.TransportError:
                return
            receipts = [json.loads(line) for line in answer.text.splitlines()]
            for receipt, commit in zip(receipts, sent, strict=True):
                assert receipt["error_code"] == 200, receipt
                place = (receipt["partition_id"], receipt["offset"])
                assert place not in acknowledged, "an offset was given twice"
                acknowledged[place] = commit


def read_all(node: NodeProcess) -> dict[Place, Commit]:
    """Read every partition from its start, checking that offsets are without a gap."""
    found: dict[Place, Commit] = {}
    with httpx.Client() as client:
        for partition in range(PARTITIONS):
            offset = 0
            while True:
                page = client.get(
                    f"{node.topics}/commits/partitions/{partition}/records",
                    params={"offset": offset, "max_records": 5000, "max_bytes": 8_000_000},
                ).json()
                for record in page["data"]:
                    assert record["offset"] == offset, "offsets have a gap"
                    assert record["key"]["data"] == record["value"]["data"]["repo"]
                    found[partition, offset] = record["value"]["data"]
                    offset += 1
                assert page["next_offset"] == offset
                if offset == page["high_watermark"]:
                    break
    return found


def test_kill_loses_no_acknowledged_record_in_the_middle_of_a_load(tmp_path: Path) -> None:
    chance = random.Random(11)
    commits = load_commits(4_000)
    acknowledged: dict[Place, Commit] = {}
    node = NodeProcess(tmp_path / "data")
    node.start()
    node.create_topic("commits", PARTITIONS, **{"segment.bytes": "300000"})

    for _ in range(KILLS):
        timer = threading.Timer(chance.uniform(0.02, 0.4), node.kill)
        timer.start()
        load_until_killed(node, commits, acknowledged)
        timer.join()
        node.start()
    found = read_all(node)

    assert node.stop() == 0
    assert len(acknowledged) > KILLS * BODY_RECORDS
    lost = {place for place, commit in acknowledged.items() if found.get(place) != commit}
    assert not lost, f"{len(lost)} of {len(acknowledged)} acknowledged records are lost"
