"""Clients in other languages: each program makes topics, writes, reads and administers.

Java: Apache Kafka's own client. JavaScript: KafkaJS. Go: franz-go, where Go is on the machine.
"""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.node import ROOT, NodeProcess

pytestmark = pytest.mark.slow

PROGRAMS = Path(__file__).parent / "programs"
POM = ROOT / "tests" / "clients" / "kafka-tools" / "pom.xml"
PATIENCE_S = 600
"""The first run fetches and compiles."""


def holds(*command: str, directory: Path = ROOT) -> bool:
    """Run a program; return whether it says that everything held."""
    ran = subprocess.run(
        command, cwd=directory, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return "everything held" in ran.stdout


def test_java(node: NodeProcess, tmp_path: Path) -> None:
    path = tmp_path / "classpath"
    goal = ["dependency:build-classpath", f"-Dmdep.outputFile={path}"]
    subprocess.run(["mvn", "-q", "-B", "-f", str(POM), *goal], check=True, timeout=PATIENCE_S)

    program = str(PROGRAMS / "RoundTrip.java")
    assert holds("java", "-cp", path.read_text(), program, node.bootstrap)


def test_kafkajs(node: NodeProcess) -> None:
    assert holds("node", str(PROGRAMS / "kafkajs.cjs"), node.bootstrap)


@pytest.mark.parametrize("go", [one for one in (shutil.which("go"),) if one is not None])
def test_franz_go(node: NodeProcess, go: str) -> None:
    assert holds(go, "run", ".", node.bootstrap, directory=PROGRAMS / "franz_go")
