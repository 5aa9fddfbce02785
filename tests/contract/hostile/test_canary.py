"""A canary in the address of the database is not found in what a node that fails says."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.node import MAIN, ROOT

pytestmark = pytest.mark.slow

CANARY = "CANARY77"


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql+psycopg://u:{CANARY}@127.0.0.1:1/x",
        f"postgresql+psycopg://u:{CANARY}@127.0.0.1:1x/x",
    ],
)
def test_address_of_a_database_is_not_said(tmp_path: Path, url: str) -> None:
    options = ["serve", "--data-dir", str(tmp_path), "--http-port", "0", "--kafka-port", "0"]
    ended = subprocess.run(
        [sys.executable, "-c", MAIN, *options, "--database-url", url, "--log-level", "debug"],
        cwd=ROOT,
        capture_output=True,
        timeout=120,
        check=False,
    )

    assert ended.returncode == 1
    assert b"database" in ended.stderr
    assert CANARY.encode() not in ended.stdout + ended.stderr
