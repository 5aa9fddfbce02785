"""A node whose disk runs full, turns read-only, or whose process may open few files."""

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.node import NodeProcess

pytestmark = pytest.mark.slow

WAIT_SECONDS_MAX = 60
FEW_DESCRIPTORS = 200
FEW = f"""import resource
resource.setrlimit(resource.RLIMIT_NOFILE, ({FEW_DESCRIPTORS}, {FEW_DESCRIPTORS}))
"""
TMPFS_BYTES = 48 << 20
RESERVE_BYTES = 16 << 20
VALUE = "x" * 100_000


def run(*command: str) -> None:
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, f"{' '.join(command)}: {ran.stderr}"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of some megabytes, in memory."""
    path = tmp_path / "small"
    path.mkdir()
    run("mount", "-t", "tmpfs", "-o", f"size={TMPFS_BYTES}", "tmpfs", str(path))
    yield path
    run("umount", "--lazy", str(path))


@pytest.fixture
def failing_disk(tmp_path: Path) -> Iterator[tuple[Path, Callable[[], None]]]:
    """An ext4 that turns read-only at its first error, and what brings that error about."""
    image, path = tmp_path / "image", tmp_path / "failing"
    path.mkdir()
    with image.open("wb") as file:
        file.truncate(64 << 20)
    run("mkfs.ext4", "-q", "-F", "-e", "remount-ro", str(image))
    run("mount", "-o", "loop", str(image), str(path))
    device = Path(
        next(
            line.split()[0]
            for line in Path("/proc/mounts").read_text().splitlines()
            if line.split()[1] == str(path)
        )
    ).name
    yield path, lambda: _fail(device)
    run("umount", "--lazy", str(path))


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., NodeProcess]]:
    """Starts a node, which does not outlive its test nor hold the test's disk."""
    nodes = []

    def started(*options: str, prelude: str = "") -> NodeProcess:
        node = NodeProcess(tmp_path / "data", *options, prelude=prelude)
        nodes.append(node)
        node.start()
        return node

    yield started
    for node in nodes:
        if node.process is not None:
            node.kill()


def _fail(device: str) -> None:
    Path(f"/sys/fs/ext4/{device}/trigger_fs_error").write_text("planted")


def produce(
    node: NodeProcess, topic: str, value: str = VALUE, partition: int = 0
) -> httpx.Response:
    record = {"partition_id": partition, "value": {"type": "STRING", "data": value}}
    return httpx.post(f"{node.topics}/{topic}/records", json=record, timeout=30)


def consumed(node: NodeProcess, topic: str, partition: int = 0) -> list[dict[str, Any]]:
    """Return all records of a partition, page by page."""
    found: list[dict[str, Any]] = []
    place = "from=earliest"
    while True:
        url = f"{node.topics}/{topic}/partitions/{partition}/records?{place}"
        page = httpx.get(url, timeout=30).raise_for_status().json()
        if not page["data"]:
            return found
        found += page["data"]
        place = f"offset={page['next_offset']}"


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while not is_so():
        assert time.monotonic() < deadline, "it does not happen in time"
        time.sleep(0.2)


def test_disk_that_runs_full_takes_no_more_and_goes_on_once_there_is_room(
    small_disk: Path, start: Callable[..., NodeProcess]
) -> None:
    logs = small_disk / "logs"
    node = start("--log-dirs", str(logs), "--log-reserve-bytes", str(RESERVE_BYTES))
    configs = {"segment.bytes": str(4 << 20), "file.delete.delay.ms": "0"}
    node.create_topic("t", 1, **configs)

    taken = 0
    while (answer := produce(node, "t").json())["error_code"] == 200:
        assert answer["offset"] == taken
        taken += 1
    assert answer["error_code"] == 50003
    assert "is full" in answer["message"]
    assert taken > 100

    assert len(consumed(node, "t")) == taken
    before = taken - 20
    deleted = httpx.delete(f"{node.topics}/t/partitions/0/records?before_offset={before}")
    assert deleted.is_success, deleted.text
    until(lambda: produce(node, "t").json()["error_code"] == 200)
    assert [one["offset"] for one in consumed(node, "t")] == list(range(before, taken + 1))

    # Somebody else fills the disk to its last byte: nothing is torn, nothing is fenced.
    stuffing = small_disk / "stuffing"
    with stuffing.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(4096)):
            pass
    assert os.statvfs(small_disk).f_bavail == 0
    assert produce(node, "t").json()["error_code"] == 50003
    assert len(consumed(node, "t")) == taken + 1 - before
    stuffing.unlink()
    until(lambda: produce(node, "t").json()["error_code"] == 200)
    assert node.stop() == 0


def test_disk_that_turns_read_only_is_fenced_and_read_on(
    failing_disk: tuple[Path, Callable[[], None]],
    tmp_path: Path,
    start: Callable[..., NodeProcess],
) -> None:
    path, fail = failing_disk
    good = tmp_path / "good"
    directories = f"{path / 'logs'},{good}"
    node = start("--log-dirs", directories, "--log-reserve-bytes", "0")
    node.create_topic("t", 2)
    for partition in range(2):
        for number in range(20):
            produce(node, "t", f"{number}", partition).raise_for_status()

    fail()

    places = [produce(node, "t", "after", partition).json() for partition in range(2)]
    codes = sorted(one["error_code"] for one in places)
    assert codes == [200, 50003], places
    bad = next(number for number, one in enumerate(places) if one["error_code"] != 200)
    for _ in range(3):
        assert produce(node, "t", "again", bad).json()["error_code"] == 50003
        assert produce(node, "t", "again", 1 - bad).json()["error_code"] == 200
    assert [one["value"]["data"] for one in consumed(node, "t", bad)] == list(range(20))
    assert len(consumed(node, "t", 1 - bad)) == 24
    assert "fenced" in node.log
    node.stop()


def test_node_that_may_open_few_files_serves_many_logs(
    start: Callable[..., NodeProcess], tmp_path: Path
) -> None:
    node = start(prelude=FEW)
    node.create_topic("t", 150, **{"segment.bytes": "4096"})
    for number in range(3):
        for partition in range(150):
            answer = produce(node, "t", f"{number}" * 2000, partition)
            assert answer.json()["error_code"] == 200, answer.text
    for partition in range(0, 150, 7):
        assert [one["offset"] for one in consumed(node, "t", partition)] == [0, 1, 2]
    assert node.process is not None
    descriptors = len(list(Path(f"/proc/{node.process.pid}/fd").iterdir()))
    assert descriptors < FEW_DESCRIPTORS
    assert len(list((tmp_path / "data" / "logs").rglob("*.log"))) > FEW_DESCRIPTORS

    node.kill()
    node.start()
    for partition in range(0, 150, 11):
        assert [one["offset"] for one in consumed(node, "t", partition)] == [0, 1, 2]
    assert node.stop() == 0
