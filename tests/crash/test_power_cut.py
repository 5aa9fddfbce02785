"""No power cut on a real file system takes anything that was acknowledged.

ext4 and XFS on loop devices, shut down under load by their own ioctl, journal and all; then
mounted again, recovered and read. Number of cuts: ``CAUCE_POWER_CUTS``, 40 if it does not say
(``make crash``: 200). Needs root.
"""

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.power_cut.file_system import MAKE, start_isolated
from tests.support.power_cut.load import FAULTS

pytestmark = [pytest.mark.slow, pytest.mark.root]

FILE_SYSTEMS = sorted(MAKE)
CUTS = int(os.environ.get("CAUCE_POWER_CUTS", "40"))
NODE_CUTS = CUTS // 10
STORAGE_CUTS = CUTS - NODE_CUTS
SEED = int(os.environ.get("CAUCE_SEED", "1"))
CYCLES_MAX = 150
"""How often a planted fault may get away."""

STORAGE_CYCLES = "tests.support.power_cut.storage_cycles"
NODE_CYCLES = "tests.support.power_cut.node_cycles"


def cut_power(module: str, kind: str, directory: Path, cycles: int, *fault: str) -> dict[str, Any]:
    """Return the verdict of some cycles."""
    arguments = (kind, str(directory), str(cycles), str(SEED), *fault)
    process = start_isolated(module, arguments)
    try:
        stdout, stderr = process.communicate()
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0, stderr[-3000:]
    verdict: dict[str, Any] = json.loads(stdout)
    if verdict["problems"]:
        print(stderr[-3000:])
    print(
        kind, module.rpartition(".")[2], *fault, {**verdict, "problems": len(verdict["problems"])}
    )
    return verdict


def loop_devices_of(directory: Path) -> list[str]:
    backing = Path("/sys/block").glob("loop*/loop/backing_file")
    return [path.read_text() for path in backing if path.read_text().startswith(str(directory))]


@pytest.mark.parametrize("kind", FILE_SYSTEMS)
def test_power_cut_takes_no_acknowledged_record_of_the_storage_engine(
    kind: str, tmp_path: Path
) -> None:
    cycles = STORAGE_CUTS // len(FILE_SYSTEMS)

    verdict = cut_power(STORAGE_CYCLES, kind, tmp_path, cycles)

    assert verdict["problems"] == []
    assert verdict["cycles"] == cycles
    assert verdict["acknowledged_records"] > cycles * 100
    assert verdict["retries_recognised"] > cycles


@pytest.mark.parametrize("kind", FILE_SYSTEMS)
def test_power_cut_takes_no_acknowledged_record_of_a_whole_node(kind: str, tmp_path: Path) -> None:
    cycles = NODE_CUTS // len(FILE_SYSTEMS)

    verdict = cut_power(NODE_CYCLES, kind, tmp_path, cycles)

    assert verdict["problems"] == []
    assert verdict["cycles"] == cycles
    assert verdict["acknowledged_records"] > cycles * 10


@pytest.mark.parametrize("fault", FAULTS[:2])
@pytest.mark.parametrize("kind", FILE_SYSTEMS)
def test_power_cut_shows_lost_records_when_nothing_waits_for_the_sync(
    kind: str, fault: str, tmp_path: Path
) -> None:
    verdict = cut_power(STORAGE_CYCLES, kind, tmp_path, CYCLES_MAX, fault)

    assert any("records lost" in problem for problem in verdict["problems"])


def test_power_cut_shows_deleted_records_again_when_names_are_not_synced(tmp_path: Path) -> None:
    verdict = cut_power(STORAGE_CYCLES, "ext4", tmp_path, CYCLES_MAX, FAULTS[2])

    assert any(" begins at " in problem for problem in verdict["problems"])


def test_power_cut_leaves_no_mount_behind_when_its_process_is_killed(tmp_path: Path) -> None:
    process = start_isolated(STORAGE_CYCLES, ("ext4", str(tmp_path), str(CYCLES_MAX), "1"))
    while not loop_devices_of(tmp_path):
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.01)

    process.send_signal(signal.SIGKILL)

    process.communicate()
    for _ in range(1_000):
        if not loop_devices_of(tmp_path):
            break
        time.sleep(0.01)
    assert loop_devices_of(tmp_path) == []
    mounts = subprocess.run(["mount"], capture_output=True, text=True, check=True).stdout
    assert str(tmp_path) not in mounts
