"""A client of REST v2 that others wrote by hand, for a proxy that is not ours."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.client_programs import PROGRAMS
from tests.support.node import NodeProcess

pytestmark = pytest.mark.slow


def test_client_produces_consumes_and_seeks(tmp_path: Path) -> None:
    node = NodeProcess(tmp_path / "data")
    node.start()
    node.create_topic("mapr", 1)

    program = PROGRAMS / "pymapr_kafkarest_program.py"
    ran = subprocess.run(
        [sys.executable, str(program), node.url, "mapr", "readers"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr[-2_000:]
    whole = [{"number": number} for number in range(3)]
    assert json.loads(ran.stdout) == [whole, whole[1:], whole]
    assert node.stop() == 0
