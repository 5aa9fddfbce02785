"""Verify: a healthy log has no finding, an epoch that is told wrong has one."""

from pathlib import Path

from storage.checkpoints import read_checkpoint, write_checkpoint
from storage.config import parse_config
from storage.files import Disk
from storage.format.batch import iterate_headers
from storage.format.builder import build_batch
from storage.format.record import NewRecord
from storage.inspection.verify import verify
from storage.leader_epochs import FILE_NAME
from storage.log_layout import LogId
from storage.log_manager import LogManager

LOG_ID = LogId(topic_id="AAAAAAAAAAAAAAAAAAAAAA", topic_name="t", partition=0)


def closed(path: Path, start: int) -> Path:
    """Leave a log of three epochs behind, its first records deleted; return its directory."""
    manager = LogManager.open([path], cluster_id="c", node_id=1, disk=Disk())
    log = manager.create(LOG_ID, parse_config({}))
    for number in range(12):
        batch = build_batch([NewRecord(0, None, b"1"), NewRecord(0, None, b"2")])
        log.append(batch, leader_epoch=number // 4, now_ms=0)
    log.flush()
    log.advance_log_start(start)
    manager.write_checkpoints()
    manager.close()
    return log.directory


def found(path: Path) -> list[str]:
    return [one.kind for report in verify(Disk(), path) for one in report.findings]


def test_epochs_of_deleted_records_are_not_missed(tmp_path: Path) -> None:
    closed(tmp_path, start=11)

    assert found(tmp_path) == []


def test_epoch_that_begins_elsewhere_is_found(tmp_path: Path) -> None:
    path = closed(tmp_path, start=0) / FILE_NAME
    entries = [[int(one) for one in entry] for entry in read_checkpoint(Disk(), path)]
    for moved in (-1, 1):
        write_checkpoint(Disk(), path, [*entries[:-1], [entries[-1][0], entries[-1][1] + moved]])

        assert found(tmp_path) == ["bad-epochs"]


def test_hole_in_the_segment_in_use_is_noted(tmp_path: Path) -> None:
    path = closed(tmp_path, start=0) / "00000000000000000000.log"
    data = bytearray(path.read_bytes())
    *_, (last, _) = iterate_headers(data)
    data[last + 5] ^= 1
    path.write_bytes(data)

    assert "hole" in found(tmp_path)
