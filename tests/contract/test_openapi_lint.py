"""The OpenAPI document under Redocly's recommended rules (redocly.yaml)."""

import json
import subprocess

import pytest

from tests.support.node import ROOT

pytestmark = pytest.mark.slow


def test_document_has_neither_error_nor_warning() -> None:
    tool = ROOT / "node_modules" / ".bin" / "redocly"
    assert tool.exists(), "run `make node_modules/.installed`"

    ran = subprocess.run(
        [tool, "lint", "v3", "--format=json"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    found = json.loads(ran.stdout[ran.stdout.index("{") :])
    assert found["totals"] == {"errors": 0, "warnings": 0, "ignored": 0}
    assert ran.returncode == 0
