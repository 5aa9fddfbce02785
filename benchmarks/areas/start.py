"""How long a node takes to be ready again after ``kill -9``, and what idle partitions cost.

Recovery is measured twice: with nothing below the recovery points, so that every byte is read and
checked, and with closed segments below them, as a node that writes checkpoints every few seconds
leaves it. The floor reads the same bytes from the page cache and does nothing with them.
"""

import os
import shutil
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from benchmarks.figures import Figure, Pace
from storage.config import parse_config
from storage.format.builder import build_batch
from storage.format.record import NewRecord
from storage.log_dir import RECOVERY_POINTS
from storage.log_manager import LogManager
from storage.meta_properties import META
from tests.support.node import NodeProcess

LOG_BYTES = 5 * 1000**3
READY_SECONDS_MAX = 10
PARTITIONS = 8
IDLE_PARTITIONS = 2_000
IDLE_MB_MAX = 400
IDLE_CPU_PERCENT_MAX = 1
BATCH_RECORDS = 16
RECORD_BYTES = 1_000
SEGMENT_BYTES = 256 << 20
READ_BYTES = 1 << 20
SETTLE_S = 12.0
IDLE_S = 20.0
NOW_MS = 1_764_000_000_000


def measure(directory: Path, pace: Pace) -> Iterator[Figure]:
    """Kill, start, look; then let many partitions rest."""
    yield from _recovery(directory / "recovery", pace)
    yield from _idle(directory / "idle", pace)


def _recovery(directory: Path, pace: Pace) -> Iterator[Figure]:
    empty = statistics.median(_time_start(directory) for _ in range(pace.rounds))
    yield Figure(what="start without logs", value=empty, unit="s", is_cost=True)
    with _started(directory) as node:
        node.create_topic("bench", PARTITIONS)
        for partition in range(PARTITIONS):
            _produce_one(node, partition)
    size = int(LOG_BYTES * pace.scale)
    _fill(directory, size)
    yield _restart(directory, f"{size / 1e9:.1f} GB, all of it to check", pace, last_only=False)
    logs = _opened(directory)
    logs.write_checkpoints()
    logs.abandon()
    yield _restart(directory, f"{size / 1e9:.1f} GB, last segments to check", pace, last_only=True)
    shutil.rmtree(directory)


def _restart(directory: Path, what: str, pace: Pace, *, last_only: bool) -> Figure:
    files = []
    for log in (directory / "logs").glob("*/*"):
        segments = sorted(log.glob("*.log"))
        files += segments[-1:] if last_only else segments
    points = directory / RECOVERY_POINTS
    before = points.read_bytes() if points.exists() else None

    def start() -> float:
        if before is None:
            points.unlink(missing_ok=True)
        else:
            points.write_bytes(before)
        return _time_start(directory)

    value, floor, ratio = pace.in_turns(lambda: _read(files), start)
    return Figure(
        what=f"ready after kill -9, {what}",
        value=value,
        unit="s",
        goal=READY_SECONDS_MAX,
        is_cost=True,
        floor=floor,
        ratio=ratio,
    )


def _idle(directory: Path, pace: Pace) -> Iterator[Figure]:
    count = max(100, int(IDLE_PARTITIONS * pace.scale))
    with _started(directory) as node:
        node.create_topic("bench", count)
        for partition in range(count):
            _produce_one(node, partition)
        yield from _at_rest(node, f"{count} partitions, just written")
        node.stop()
    with _started(directory) as node:
        yield from _at_rest(node, f"{count} partitions, after a restart")


def _at_rest(node: NodeProcess, what: str) -> Iterator[Figure]:
    assert node.process is not None
    time.sleep(SETTLE_S)
    process_id = node.process.pid
    before = _cpu_seconds(process_id)
    time.sleep(IDLE_S)
    used = (_cpu_seconds(process_id) - before) / IDLE_S * 100
    status = Path(f"/proc/{process_id}/status").read_text()
    resident_mb = int(status.split("VmRSS:")[1].split()[0]) / 1024
    yield Figure(what=what, value=resident_mb, unit="MB", goal=IDLE_MB_MAX, is_cost=True)
    yield Figure(
        what="  processor time at rest",
        value=used,
        unit="% of core",
        goal=IDLE_CPU_PERCENT_MAX,
        is_cost=True,
    )


@contextmanager
def _started(directory: Path) -> Iterator[NodeProcess]:
    node = NodeProcess(directory)
    try:
        node.start()
        yield node
    finally:
        if node.process is not None and node.process.poll() is None:
            node.kill()


def _time_start(directory: Path) -> float:
    began = time.perf_counter()
    with _started(directory):
        return time.perf_counter() - began


def _produce_one(node: NodeProcess, partition: int) -> None:
    body = {"partition_id": partition, "value": {"type": "STRING", "data": "x"}}
    httpx.post(f"{node.topics}/bench/records", json=body).raise_for_status()


def _opened(directory: Path) -> LogManager:
    meta = dict(line.split("=", 1) for line in (directory / META).read_text().splitlines())
    return LogManager.open([directory], cluster_id=meta["cluster.id"], node_id=int(meta["node.id"]))


def _fill(directory: Path, size: int) -> None:
    """Write so many bytes over all partitions, as a killed node leaves them."""
    logs = _opened(directory)
    found = [log for one in logs.logs() if (log := logs.get(*one.key)) is not None]
    config = parse_config({"segment.bytes": str(SEGMENT_BYTES)})
    records = [NewRecord(NOW_MS, b"key", os.urandom(RECORD_BYTES)) for _ in range(BATCH_RECORDS)]
    batch = build_batch(records)
    for log in found:
        log.update_config(config)
    for _ in range(size // len(batch) // len(found)):
        for log in found:
            log.append(bytearray(batch), leader_epoch=0, now_ms=NOW_MS)
    for log in found:
        log.flush()
    logs.abandon()


def _read(paths: list[Path]) -> float:
    began = time.perf_counter()
    for path in paths:
        with path.open("rb", buffering=0) as file:
            while file.read(READ_BYTES):
                pass
    return time.perf_counter() - began


def _cpu_seconds(process_id: int) -> float:
    fields = Path(f"/proc/{process_id}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
