"""Operations of a script of 200 steps fail, one at a time: nothing acknowledged is lost.

Behind the fault the node goes on where it is let, then the power is cut. ``CAUCE_FAULTS_EVERY=1``
fails each operation (``make nightly``); without it a sample of them.
"""

import errno
import os

import pytest

from storage.errors import DiskError, LogError, PassingDiskError
from tests.support.crashes.crash_explorer import Explorer
from tests.support.crashes.crash_runs import FIRST, RETAINING, SECOND, anything
from tests.support.crashes.log_driver import LogDriver
from tests.support.crashes.memory_disk import Fault, MemoryDisk

pytestmark = pytest.mark.slow

EVERY = int(os.environ.get("CAUCE_FAULTS_EVERY", "120"))
STEPS = 200
FINAL_ONLY = 1 << 30
FAULTS = {
    "EIO": Fault(errno.EIO),
    "ENOSPC": Fault(errno.ENOSPC),
    "short write": Fault(errno.ENOSPC, written=0.5),
}


class Failing:
    """Fails one operation; counts them all."""

    def __init__(self, at: int, fault: Fault) -> None:
        self.at = at
        self.fault = fault
        self.count = 0

    def __call__(self, operation: str, path: str) -> Fault | None:
        self.count += 1
        return self.fault if self.count == self.at else None


def run(failing: Failing) -> tuple[MemoryDisk, LogDriver]:
    """Run the script up to the fault, then go on appending where that is let."""
    disk = MemoryDisk(records=True)
    driver = LogDriver(disk, {FIRST: RETAINING, SECOND: RETAINING})
    disk.faults = failing
    try:
        anything(driver, seed=11, steps=STEPS)
    except (DiskError, LogError) as error:
        assert failing.count >= failing.at, "refused before the fault"
        if isinstance(error, DiskError) and not isinstance(error, PassingDiskError):
            for log_dir in driver.manager.directories:
                log_dir.fence("as a node does")
    for key in driver.logs:
        try:
            driver.append(key)
            driver.flush(key)
        except (DiskError, LogError):
            continue
    return disk, driver


@pytest.mark.parametrize("kind", FAULTS)
def test_no_acknowledged_record_is_lost_when_an_operation_fails(kind: str) -> None:
    whole = Failing(0, FAULTS[kind])
    run(whole)
    states = 0
    for at in range(1, whole.count + 1, EVERY):
        disk, driver = run(Failing(at, FAULTS[kind]))
        assert disk.trace is not None
        explorer = Explorer(random_count=6, every=FINAL_ONLY, seed=1, is_thorough=False)
        try:
            explorer.explore(MemoryDisk(), disk.trace, driver.histories)
        except AssertionError as error:
            error.add_note(f"operation {at} failed with {kind}")
            raise
        states += explorer.explored.states

    print(f"{kind}: {whole.count} operations, every {EVERY}., {states} states")
    assert whole.count > STEPS
