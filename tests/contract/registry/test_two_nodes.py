"""Two nodes on one PostgreSQL register at once: one id for each content, no gap, no double."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.node import NodeProcess
from tests.support.postgres import postgresql

pytestmark = [pytest.mark.slow, pytest.mark.postgres]

CALLS = 200
CONTENTS = 40
SUBJECTS = 5


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[list[NodeProcess]]:
    with postgresql() as url:
        nodes = [
            NodeProcess(tmp_path / f"data-{one}", "--database-url", url, "--node-id", str(one))
            for one in (1, 2)
        ]
        for node in nodes:
            node.start()
        yield nodes
        assert [node.stop() for node in nodes] == [0, 0]


def schema(number: int) -> str:
    """Return a schema that all others are compatible with."""
    field = {"name": f"f{number}", "type": "int", "default": 0}
    return json.dumps({"type": "record", "name": "R", "fields": [field]})


async def register_all(nodes: list[NodeProcess]) -> list[tuple[int, int, dict[str, Any]]]:
    """Return subject, content and answer of every call, half of them through each node."""
    async with httpx.AsyncClient(timeout=60, limits=httpx.Limits(max_connections=CALLS)) as client:

        async def register(call: int) -> tuple[int, int, dict[str, Any]]:
            subject, content = call % SUBJECTS, call % CONTENTS
            url = f"{nodes[call // CONTENTS % 2].url}/subjects/s{subject}/versions"
            answer = await client.post(url, json={"schema": schema(content)})
            assert answer.status_code == 200, answer.text
            return subject, content, answer.json()

        return list(await asyncio.gather(*(register(call) for call in range(CALLS))))


async def test_each_content_has_one_id_and_versions_have_no_gap(nodes: list[NodeProcess]) -> None:
    made = await register_all(nodes)

    ids: dict[int, set[int]] = defaultdict(set)
    versions: dict[int, dict[int, int]] = defaultdict(dict)
    for subject, content, answer in made:
        ids[content].add(answer["id"])
        assert versions[subject].setdefault(answer["version"], content) == content
    assert all(len(found) == 1 for found in ids.values())
    assert set().union(*ids.values()) == set(range(1, CONTENTS + 1))
    for subject in range(SUBJECTS):
        of_subject = sorted(versions[subject])
        assert of_subject == list(range(1, CONTENTS // SUBJECTS + 1))
        for node in nodes:
            found = httpx.get(f"{node.url}/subjects/s{subject}/versions").json()
            assert found == of_subject
