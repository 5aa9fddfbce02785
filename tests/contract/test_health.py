"""A probe on the node's machine: ``cauce health``, and the image's ``HEALTHCHECK`` as it stands."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.node import NodeProcess

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


def of_image() -> str:
    """Return what the image's health check has a shell do."""
    found = re.search(r"^HEALTHCHECK .*? CMD ([^\[].*)$", (ROOT / "Dockerfile").read_text(), re.M)
    assert found is not None
    return found[1]


def probe(command: str, directory: Path) -> int:
    environment = os.environ | {
        "CAUCE_DATA_DIR": str(directory),
        "PATH": f"{BIN}:{os.environ['PATH']}",
    }
    return subprocess.run(["sh", "-c", command], env=environment, check=False).returncode


def test_probe_knows_a_node_that_is_ready_hangs_or_was_killed(tmp_path: Path) -> None:
    node = NodeProcess(tmp_path / "data")
    asked, image = "cauce health --timeout 1", of_image()
    assert (probe(asked, node.directory), probe(image, node.directory)) == (3, 1)
    node.start()
    assert node.process is not None
    assert (probe(asked, node.directory), probe(image, node.directory)) == (0, 0)

    node.process.send_signal(signal.SIGSTOP)
    assert probe(asked, node.directory) == 3
    node.process.send_signal(signal.SIGCONT)
    assert probe("cauce health --timeout 60", node.directory) == 0
    node.kill()
    assert probe(asked, node.directory) == 3
    node.start()
    assert probe(image, node.directory) == 0
    assert node.stop() == 0
    assert probe(asked, node.directory) == 3
    assert not (node.directory / "health.sock").exists()
