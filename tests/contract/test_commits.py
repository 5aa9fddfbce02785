"""The commits go in through REST and come back: in order, to the byte, by offset and time."""

import json
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from tests.support.commits import load_commits
from tests.support.node import NodeProcess

pytestmark = pytest.mark.slow

PARTITIONS = 6
BODY_RECORDS = 500


def test_commits_come_back_in_order_and_to_the_byte(tmp_path: Path) -> None:
    commits = load_commits()
    values = [json.dumps(commit, ensure_ascii=False, separators=(",", ":")) for commit in commits]
    node = NodeProcess(tmp_path / "data")
    node.start()
    node.create_topic("commits", PARTITIONS)
    places = []
    client = httpx.Client()

    for start in range(0, len(commits), BODY_RECORDS):
        body = "\n".join(
            '{"key":{"type":"STRING","data":"%s"},"value":{"type":"JSON","data":%s},"timestamp":%d}'
            % (commit["repo"], value, commit["committed_at_ms"])
            for commit, value in zip(
                commits[start : start + BODY_RECORDS],
                values[start : start + BODY_RECORDS],
                strict=True,
            )
        )
        answer = client.post(
            f"{node.topics}/commits/records",
            content=body.encode(),
            headers={"content-type": "application/x-ndjson"},
        )
        for line in answer.text.splitlines():
            receipt = json.loads(line)
            assert receipt["error_code"] == 200, receipt
            places.append((receipt["partition_id"], receipt["offset"]))
    node.kill()
    node.start()

    stored = defaultdict(list)
    for commit, value, (partition, offset) in zip(commits, values, places, strict=True):
        assert offset == len(stored[partition])
        stored[partition].append((commit, value))
    for partition, expected in stored.items():
        here = f"{node.topics}/commits/partitions/{partition}/records"
        offset = 0
        while offset < len(expected):
            answer = client.get(
                here,
                params={"offset": offset, "max_records": 3000, "value_type": "STRING"},
                headers={"accept": "application/x-ndjson"},
            )
            for line in answer.text.splitlines():
                record = json.loads(line)
                commit, value = expected[offset]
                assert record["offset"] == offset
                assert record["value"]["data"] == value
                assert record["key"]["data"] == commit["repo"]
                at = datetime.fromtimestamp(commit["committed_at_ms"] / 1000, UTC)
                assert datetime.fromisoformat(record["timestamp"]) == at
                offset += 1
        for position in range(0, len(expected), max(1, len(expected) // 20)):
            time_ms = expected[position][0]["committed_at_ms"]
            first = next(
                number
                for number, (commit, _) in enumerate(expected)
                if commit["committed_at_ms"] >= time_ms
            )
            page = client.get(here, params={"timestamp": time_ms, "max_records": 1}).json()
            assert page["data"][0]["offset"] == first
    assert node.stop() == 0
