"""The OpenAPI document, and the AsyncAPI one, under Redocly's recommended rules (redocly.yaml)."""

import json
import subprocess

import pytest

from tests.support.node import ROOT

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("document", ["v3", "ws"])
def test_document_has_neither_error_nor_warning(document: str) -> None:
    tool = ROOT / "node_modules" / ".bin" / "redocly"
    assert tool.exists(), "run `make node_modules/.installed`"

    ran = subprocess.run(
        [tool, "lint", document, "--format=json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    found = json.loads(ran.stdout[ran.stdout.index("{") :])
    assert found["totals"] == {"errors": 0, "warnings": 0, "ignored": 0}
    assert ran.returncode == 0
