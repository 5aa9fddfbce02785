"""Each kind of damage: what verify says of it, and what a repair leaves."""

import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from storage.config import parse_config
from storage.errors import LogDirLocked
from storage.files import Disk
from storage.format.batch import HEADER, iterate_headers, parse_header
from storage.format.decoder import decode_records
from storage.inspection.dump import (
    AbortedEntry,
    Damage,
    DumpedBatch,
    DumpedRecord,
    EpochEntry,
    FileStart,
    OffsetEntry,
    ProducerEntry,
    TimeEntry,
    dump,
)
from storage.inspection.findings import Severity
from storage.inspection.log_files import NotALog, read_marks
from storage.inspection.repair import repair
from storage.inspection.repair_plan import Cut, Fill, empty_batch, plan_repair
from storage.inspection.verify import verify, verify_log_dir
from storage.log_manager import LogManager
from storage.recovery import RecoveryStart, recover_log
from tests.support.log_files import make_data_directory

DISK = Disk()


@dataclass
class Place:
    """A data directory with one log, and the damage that is done to it."""

    data: Path
    log: Path

    @property
    def segments(self) -> list[Path]:
        return sorted(self.log.glob("*.log"))

    def flip(self, path: Path, position: int, bit: int = 4) -> None:
        data = bytearray(path.read_bytes())
        data[position] ^= 1 << bit
        path.write_bytes(data)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("whole")
    make_data_directory(data, partitions=1)
    return data


@pytest.fixture
def place(template: Path, tmp_path: Path) -> Place:
    data = tmp_path / "data"
    shutil.copytree(template, data)
    return Place(data, next((data / "logs").glob("*/orders-0")))


def contents(directory: Path) -> dict[str, bytes]:
    paths = [path for path in directory.rglob("*") if path.is_file()]
    return {str(path.relative_to(directory)): path.read_bytes() for path in paths}


def records_of(log: Path) -> dict[int, tuple[bytes | None, bytes | None]]:
    found = {}
    for path in sorted(log.glob("*.log")):
        data = path.read_bytes()
        for position, header in iterate_headers(data):
            if not header.is_control:
                for one in decode_records(data, position):
                    found[one.offset] = (one.key, one.value)
    return found


def positions(path: Path) -> list[int]:
    return [position for position, _ in iterate_headers(path.read_bytes())]


def tear_the_tail(place: Place) -> None:
    with place.segments[-1].open("ab") as file:
        file.write(place.segments[0].read_bytes()[:100])


def zeros_at_the_end(place: Place) -> None:
    with place.segments[-1].open("ab") as file:
        file.write(bytes(5000))


def flip_a_record(place: Place) -> None:
    path = place.segments[1]
    place.flip(path, positions(path)[5] + 70)


def flip_a_base_offset(place: Place) -> None:
    path = place.segments[1]
    place.flip(path, positions(path)[5] + 6)


def flip_a_length(place: Place) -> None:
    path = place.segments[1]
    place.flip(path, positions(path)[5] + 9)


def flip_a_leader_epoch(place: Place) -> None:
    path = place.segments[1]
    place.flip(path, positions(path)[5] + 14)


def flip_the_last_batch_of_a_segment(place: Place) -> None:
    path = place.segments[0]
    place.flip(path, positions(path)[-1] + 70)


def flip_the_last_batch(place: Place) -> None:
    path = place.segments[-1]
    place.flip(path, positions(path)[-1] + 70)


def cut_below_the_recovery_point(place: Place) -> None:
    path = place.segments[-1]
    data = path.read_bytes()
    path.write_bytes(data[: positions(path)[-3]])


def lose_the_middle_segment(place: Place) -> None:
    place.segments[1].unlink()


def lose_the_first_segment(place: Place) -> None:
    place.segments[0].unlink()


def lose_an_offset_index(place: Place) -> None:
    place.segments[1].with_suffix(".index").unlink()


def lose_a_transaction_index(place: Place) -> None:
    place.segments[1].with_suffix(".txnindex").unlink()


def flip_an_offset_index(place: Place) -> None:
    place.flip(place.segments[0].with_suffix(".index"), 15, 3)


def flip_a_time_index(place: Place) -> None:
    place.flip(place.segments[0].with_suffix(".timeindex"), 19, 0)


def halve_a_time_index(place: Place) -> None:
    path = place.segments[0].with_suffix(".timeindex")
    path.write_bytes(path.read_bytes()[:-5])


def flip_a_transaction_index(place: Place) -> None:
    place.flip(place.segments[0].with_suffix(".txnindex"), 9, 0)


def flip_a_snapshot(place: Place) -> None:
    place.flip(sorted(place.log.glob("*.snapshot"))[-1], 30)


def break_the_epochs(place: Place) -> None:
    (place.log / "leader-epoch-checkpoint").write_bytes(b"0\n2\n3 0\n")


def change_the_epochs(place: Place) -> None:
    (place.log / "leader-epoch-checkpoint").write_bytes(b"0\n1\n3 0\n")


LOSSES: list[tuple[Callable[[Place], None], str]] = [
    (flip_a_record, "damaged-batch"),
    (flip_a_base_offset, "damaged-batch"),
    (flip_a_length, "damaged-batch"),
    (flip_a_leader_epoch, "damaged-batch"),
    (flip_the_last_batch_of_a_segment, "damaged-batch"),
    (flip_the_last_batch, "damaged-batch"),
    (cut_below_the_recovery_point, "short-log"),
    (lose_the_middle_segment, "gap"),
    (lose_the_first_segment, "gap"),
]
REBUILT: list[tuple[Callable[[Place], None], str]] = [
    (tear_the_tail, "torn-tail"),
    (zeros_at_the_end, "torn-tail"),
    (lose_an_offset_index, "missing-index"),
    (lose_a_transaction_index, "missing-index"),
    (flip_an_offset_index, "bad-index"),
    (flip_a_time_index, "bad-index"),
    (halve_a_time_index, "bad-index"),
    (flip_a_transaction_index, "bad-index"),
    (flip_a_snapshot, "bad-snapshot"),
    (break_the_epochs, "bad-epochs"),
    (change_the_epochs, "bad-epochs"),
]
ALL = [(*one, Severity.LOSS) for one in LOSSES] + [(*one, Severity.REBUILT) for one in REBUILT]


def test_a_log_as_a_node_leaves_it_is_whole(place: Place) -> None:
    before = contents(place.data)

    (report,) = verify(DISK, place.data)

    assert report.findings == ()
    assert report.segments == len(place.segments) >= 3
    assert report.records == len(records_of(place.log))
    assert contents(place.data) == before


@pytest.mark.parametrize(("damage", "kind", "severity"), ALL, ids=[one[0].__name__ for one in ALL])
def test_damage_is_named_repaired_and_costs_only_what_it_hit(
    place: Place, damage: Callable[[Place], None], kind: str, severity: Severity
) -> None:
    whole = records_of(place.log)
    damage(place)
    damaged = contents(place.data)

    (report,) = verify(DISK, place.data)
    (planned,) = repair(DISK, place.data, dry_run=True)

    assert report.severity is severity
    assert kind in {one.kind for one in report.findings if one.severity is severity}
    assert contents(place.data) == damaged

    (done,) = repair(DISK, place.data)

    assert done.after is not None
    assert done.after.findings == ()
    assert (done.filled, done.cut_bytes) == (planned.filled, planned.cut_bytes)
    kept = records_of(place.log)
    lost = {offset for one in done.filled for offset in range(one.start_offset, one.end_offset)}
    lost |= set(range(done.log_start_offset))
    assert kept == {at: record for at, record in whole.items() if at not in lost}
    assert bool(lost) == (severity is Severity.LOSS)
    assert len(whole.keys() - kept.keys()) < len(whole) / 2
    manager = LogManager.open([place.data], cluster_id="c", node_id=1)
    (log_id,) = manager.logs()
    log = manager.get(*log_id.key)
    assert log is not None
    assert log.log_end_offset > max(whole)
    manager.close()


def test_what_a_repair_takes_out_lies_aside(place: Place) -> None:
    path = place.segments[1]
    position = positions(path)[5]
    flip_a_record(place)
    header = parse_header(path.read_bytes(), position)
    bytes_of_the_batch = path.read_bytes()[position : position + header.size]

    (done,) = repair(DISK, place.data)

    assert done.aside is not None
    assert (done.aside / f"{path.name}.{position}").read_bytes() == bytes_of_the_batch
    assert done.aside.parent == place.data / "quarantine"
    assert done.filled == (
        Fill(header.base_offset, header.next_offset, header.partition_leader_epoch),
    )


def test_a_repair_touches_nothing_where_nothing_is_wrong(place: Place) -> None:
    before = contents(place.data)

    (done,) = repair(DISK, place.data)

    assert done.after is None
    assert contents(place.data) == before


def test_a_repair_refuses_on_a_running_node(place: Place) -> None:
    flip_a_record(place)
    before = contents(place.data)
    lock = DISK.lock(place.data / ".lock")
    assert lock is not None

    with pytest.raises(LogDirLocked):
        list(repair(DISK, place.log))

    assert contents(place.data) == before
    lock.release()


def test_a_log_that_was_copied_elsewhere_is_repaired_too(place: Place, tmp_path: Path) -> None:
    alone = tmp_path / "copied"
    flip_a_record(place)
    shutil.copytree(place.log, alone)

    (done,) = repair(DISK, alone)

    assert done.after is not None
    assert done.after.findings == ()
    assert done.aside is not None
    assert done.aside.parent == tmp_path


def test_a_log_without_any_segment_begins_where_it_ended(place: Place) -> None:
    end = read_marks(DISK, place.log).recovery_point
    for path in place.segments:
        path.unlink()

    (report,) = verify(DISK, place.data)
    (done,) = repair(DISK, place.data)

    assert [one.kind for one in report.findings if one.severity is Severity.LOSS] == ["short-log"]
    assert done.log_start_offset == end
    assert done.after is not None
    assert done.after.severity is Severity.NOTE
    start = RecoveryStart(clean=False, recovery_point=end, log_start_offset=end)
    assert recover_log(DISK, place.log, parse_config({}), start).log_end_offset == end


def test_a_compaction_that_was_under_way_is_finished_and_not_taken_for_a_gap(place: Place) -> None:
    whole = records_of(place.log)
    second = place.segments[1]
    for path in sorted(place.log.glob(f"{second.stem}.*"), reverse=True):
        path.rename(path.with_name(f"{path.name}.swap"))
    before = contents(place.data)

    (report,) = verify(DISK, place.data)
    (tried,) = repair(DISK, place.data, dry_run=True)

    assert [one.kind for one in report.findings] == ["unfinished-swap"]
    assert tried.after is None
    assert contents(place.data) == before

    (done,) = repair(DISK, place.data)

    assert done.filled == ()
    assert records_of(place.log) == whole
    assert next(verify(DISK, place.data)).findings == ()


def test_foreign_files_are_told_of_and_left_alone(place: Place) -> None:
    (place.log / "notes.txt").write_text("mine")
    (place.log / "00000000000000000000.log.deleted").write_text("old")
    (place.data / "logs" / "lost+found").mkdir()

    (report,) = verify(DISK, place.data)
    found = verify_log_dir(DISK, place.data)
    list(repair(DISK, place.data))

    assert report.severity is Severity.NOTE
    assert {one.kind for one in report.findings} == {"foreign-file", "leftover"}
    assert [one.path.name for one in found] == ["lost+found"] or found == ()
    assert (place.log / "notes.txt").read_text() == "mine"


def test_checkpoints_that_do_not_read_are_told_of(place: Place) -> None:
    (place.data / "recovery-point-offset-checkpoint").write_bytes(b"\xff")

    (report,) = verify(DISK, place.data)

    assert [one.kind for one in report.findings] == ["bad-checkpoint"]


def test_what_is_no_log_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotALog):
        list(verify(DISK, tmp_path))
    with pytest.raises(NotALog):
        list(repair(DISK, tmp_path))
    with pytest.raises(NotALog):
        list(dump(DISK, [tmp_path], records=False))
    (tmp_path / "some.log").write_bytes(b"text")
    with pytest.raises(NotALog):
        list(dump(DISK, [tmp_path / "some.log"], records=False))


@pytest.mark.parametrize("seed", range(30))
def test_no_random_damage_is_missed_or_survives_a_repair(place: Place, seed: int) -> None:
    chance = random.Random(seed)
    path = chance.choice(place.segments)
    data = bytearray(path.read_bytes())
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(data))
        data[at : at + chance.randint(1, 40)] = chance.randbytes(chance.choice((0, 1, 20, 40)))
    is_changed = bytes(data) != path.read_bytes()
    whole = records_of(place.log)
    path.write_bytes(data)

    (report,) = verify(DISK, place.data)
    (done,) = repair(DISK, place.data)

    assert (report.severity is Severity.LOSS) or not is_changed
    assert done.after is None or done.after.findings == ()
    assert records_of(place.log).items() <= whole.items()


def test_a_plan_cuts_a_torn_tail_and_fills_nothing(place: Place) -> None:
    tear_the_tail(place)
    bases = [int(path.stem) for path in place.segments]

    plan = plan_repair(DISK, place.log, bases, read_marks(DISK, place.log))

    pieces = [piece for segment in plan.segments for piece in segment.pieces]
    assert [piece.size for piece in pieces if isinstance(piece, Cut)] == [100]
    assert not any(isinstance(piece, Fill) for piece in pieces)


def test_an_empty_batch_holds_the_place_of_offsets() -> None:
    batch = empty_batch(Fill(10, 25, 4))

    header = parse_header(batch)
    assert (header.base_offset, header.next_offset, header.record_count) == (10, 25, 0)
    assert header.partition_leader_epoch == 4
    assert len(batch) == HEADER.size
    assert decode_records(batch) == []


def test_a_dump_has_everything_in_the_order_of_the_files(place: Place) -> None:
    entries = list(dump(DISK, [place.log], records=True))

    kinds = {type(one) for one in entries}
    assert kinds == {
        FileStart, DumpedBatch, DumpedRecord, OffsetEntry, TimeEntry, AbortedEntry, ProducerEntry,
        EpochEntry,
    }  # fmt: skip
    found = {
        one.record.offset: (one.record.key, one.record.value)
        for one in entries
        if isinstance(one, DumpedRecord) and not one.header.is_control
    }
    assert found == records_of(place.log)


def test_a_dump_goes_on_behind_damage(place: Place) -> None:
    path = place.segments[0]
    place.flip(path, positions(path)[3] + 70)
    (place.log / "leader-epoch-checkpoint").write_bytes(b"?")
    flip_a_snapshot(place)

    entries = list(dump(DISK, [place.log], records=False))

    damage = [one for one in entries if isinstance(one, Damage)]
    assert len(damage) == 3
    assert damage[0].position == positions(path)[3]
    batches = sum(isinstance(one, DumpedBatch) for one in entries)
    assert batches == sum(len(positions(one)) for one in place.segments) - 1
