"""Clients in other languages: each program makes topics, writes, reads and administers.

Java: Apache Kafka's own client. JavaScript: KafkaJS. Go: franz-go, where Go is on the machine.
"""

import subprocess
from pathlib import Path

import pytest

from tests.support.client_programs import HAS_GO, PATIENCE_S, ClientPrograms
from tests.support.groups.watched import impatient_node
from tests.support.node import ROOT, NodeProcess

pytestmark = pytest.mark.slow

CLIENTS = ["java", "kafkajs", *(["franz_go"] if HAS_GO else [])]


@pytest.mark.parametrize("client", CLIENTS)
def test_everything_holds(node: NodeProcess, client: str, tmp_path: Path) -> None:
    program = getattr(ClientPrograms(tmp_path), client)

    ran = subprocess.run(
        [*program, "round-trip", node.bootstrap],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "everything held" in ran.stdout


def test_java_shares_partitions_by_the_next_generation_s_protocol(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = ClientPrograms(tmp_path).java_next_generation

    with impatient_node(tmp_path / "data", monkeypatch) as node:
        ran = subprocess.run(
            [*program, node.bootstrap],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "everything held" in ran.stdout
