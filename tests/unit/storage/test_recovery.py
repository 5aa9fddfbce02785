"""Recovery: a torn tail is cut, damage below the recovery point is refused."""

from pathlib import Path

import pytest

from storage.config import parse_config
from storage.errors import CorruptLog
from storage.files import Disk
from storage.format.builder import build_batch
from storage.format.record import NewRecord
from storage.log import Log
from storage.recovery import CUT_SUFFIX, RecoveryStart, create_log, recover_log

CONFIG = parse_config({})
BATCHES = 5


def written(directory: Path) -> tuple[Path, int]:
    """Write a log of equal batches of two records; return its file and a batch's size."""
    log = create_log(Disk(), directory, CONFIG)
    for _ in range(BATCHES):
        batch = build_batch([NewRecord(1, None, b"v" * 50)] * 2)
        log.append(batch, leader_epoch=4, now_ms=1)
    log.flush()
    return directory / f"{0:020d}.log", len(batch)


def recover(directory: Path, recovery_point: int) -> Log:
    start = RecoveryStart(clean=False, recovery_point=recovery_point, log_start_offset=0)
    return recover_log(Disk(), directory, CONFIG, start)


def test_recovery_cuts_every_torn_tail_at_a_batch_boundary(tmp_path: Path) -> None:
    path, size = written(tmp_path / "t-0")
    whole = path.read_bytes()
    for end in range(2 * size, len(whole) + 1):
        path.write_bytes(whole[:end])

        log = recover(tmp_path / "t-0", recovery_point=4)

        assert log.log_end_offset == end // size * 2
        assert path.stat().st_size == end // size * size
        assert log.leader_epochs.latest == 4


def test_recovery_takes_zeros_for_the_end(tmp_path: Path) -> None:
    path, _ = written(tmp_path / "t-0")
    with path.open("ab") as file:
        file.write(bytes(5000))

    assert recover(tmp_path / "t-0", recovery_point=10).log_end_offset == 2 * BATCHES


@pytest.mark.parametrize("damage", ["flip", "cut", "remove"])
def test_recovery_refuses_damage_below_the_recovery_point(tmp_path: Path, damage: str) -> None:
    path, size = written(tmp_path / "t-0")
    data = bytearray(path.read_bytes())
    if damage == "flip":
        data[size + 70] ^= 1
        path.write_bytes(data)
    elif damage == "cut":
        path.write_bytes(data[: 3 * size])
    else:
        path.unlink()

    with pytest.raises(CorruptLog):
        recover(tmp_path / "t-0", recovery_point=10)


def test_recovery_keeps_the_bytes_that_it_cuts_when_whole_batches_are_among_them(
    tmp_path: Path,
) -> None:
    path, size = written(tmp_path / "t-0")
    data = bytearray(path.read_bytes())
    data[2 * size + 70] ^= 1
    path.write_bytes(data)

    log = recover(tmp_path / "t-0", recovery_point=4)

    assert log.log_end_offset == 4
    (aside,) = [one for one in path.parent.iterdir() if one.name.endswith(CUT_SUFFIX)]
    assert aside.read_bytes() == data[2 * size :]


@pytest.mark.parametrize("clean", [True, False])
def test_recovery_begins_at_the_log_start_when_the_log_ends_below_it(
    tmp_path: Path, clean: bool
) -> None:
    written(tmp_path / "t-0")

    start = RecoveryStart(clean=clean, recovery_point=10, log_start_offset=30)
    log = recover_log(Disk(), tmp_path / "t-0", CONFIG, start)

    assert (log.log_start_offset, log.log_end_offset) == (30, 30)
    assert [one.base_offset for one in log.segments] == [30]


def test_recovery_removes_segments_wholly_below_the_log_start(tmp_path: Path) -> None:
    log = create_log(Disk(), tmp_path / "t-0", CONFIG)
    for _ in range(3):
        log.append(build_batch([NewRecord(1, None, b"v")]), leader_epoch=0, now_ms=1)
        log.roll()
    log.flush()

    start = RecoveryStart(clean=False, recovery_point=3, log_start_offset=2)
    log = recover_log(Disk(), tmp_path / "t-0", CONFIG, start)

    assert [one.base_offset for one in log.segments] == [2, 3]
    assert (log.log_start_offset, log.log_end_offset) == (2, 3)


def test_recovery_finds_the_epochs_again_when_the_log_start_that_cut_them_is_lost(
    tmp_path: Path,
) -> None:
    log = create_log(Disk(), tmp_path / "t-0", CONFIG)
    for epoch in (0, 0, 1, 1):
        log.append(build_batch([NewRecord(1, None, b"v")]), leader_epoch=epoch, now_ms=1)
    log.flush()
    log.advance_log_start(3)
    assert log.leader_epochs.entries == ((1, 3),)

    again = recover(tmp_path / "t-0", recovery_point=4)

    assert again.log_start_offset == 0
    assert again.leader_epochs.entries == ((0, 0), (1, 2))
