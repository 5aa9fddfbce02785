"""Repair: makes a damaged log one that opens, and keeps every byte that it takes out.

```text
0  finish         the swap of a compaction that was under way, as recovery does
1  plan           by reading alone; a dry run begins and ends here
2  put aside      <log directory>/quarantine/<log>.repair.<random>/: a copy of each stretch that is
                  cut out, and the indexes, snapshots and epochs that did not fit, renamed; synced
3  rewrite        each damaged segment into a new file, synced, renamed over the old one
4  log start      raised in its checkpoint if the log's first records are gone
5  recovery       reads and checks the whole log, builds every index again, syncs
```

Crash between two of them: nothing is taken out before its copy is synced, so a repair that was
interrupted is begun again.

Invariants:
    The log directory's lock is held from before the plan to the end: never on a running node.
    A log in which nothing is wrong is not touched.
Called by: the command line. Calls: repair_plan, verify, recovery.
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from storage.checkpoints import MalformedCheckpoint, read_checkpoint, write_checkpoint
from storage.cleanup.swap import finish_swaps
from storage.config import parse_config
from storage.errors import CorruptBatch, LogDirLocked
from storage.files import TEMPORARY_SUFFIX, Disk
from storage.inspection.findings import Finding, LogReport, Severity
from storage.inspection.log_files import (
    find_log_paths,
    is_log_dir,
    key_of,
    list_log_files,
    log_dir_of,
    read_marks,
)
from storage.inspection.repair_plan import (
    CannotRepair,
    Cut,
    Fill,
    Keep,
    LogPlan,
    SegmentPlan,
    empty_batch,
    plan_repair,
)
from storage.inspection.verify import verify_log
from storage.limits import SCAN_CHUNK_BYTES
from storage.log_dir import LOCK, LOG_STARTS
from storage.log_layout import QUARANTINE
from storage.recovery import RecoveryStart, recover_log
from storage.segments.segment import LOG_SUFFIX, segment_path


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """What a repair did to one log, or would do."""

    before: LogReport
    after: LogReport | None
    """None if nothing was done: nothing was wrong, or a dry run."""

    cut_bytes: int
    filled: tuple[Fill, ...]
    """The offsets whose records are gone; empty batches hold their places."""

    log_start_offset: int
    aside: Path | None
    """Where what was taken out lies."""


def repair(disk: Disk, path: Path, *, dry_run: bool = False) -> Iterator[Repair]:
    """Repair one log, or all in a log directory, and yield what was done to each.

    Raises:
        NotALog: There is none.
        LogDirLocked: A running node has it.
        CannotRepair: The damage is of a kind that is not dealt with here.
        DiskError: The disk failed; what was not finished can be repaired again.
    """
    log_paths = list(find_log_paths(disk, path))
    log_dir = path if is_log_dir(disk, path) else log_dir_of(path)
    if dry_run or log_dir is None or not disk.is_directory(log_dir):
        yield from (_repair_log(disk, one, dry_run=dry_run) for one in log_paths)
        return
    lock = disk.lock(log_dir / LOCK)
    if lock is None:
        raise LogDirLocked(log_dir)
    try:
        yield from (_repair_log(disk, one, dry_run=False) for one in log_paths)
    finally:
        lock.release()


def _repair_log(disk: Disk, directory: Path, *, dry_run: bool) -> Repair:
    marks = read_marks(disk, directory)
    before = verify_log(disk, directory, marks)
    if before.severity is Severity.NOTE:
        return _nothing_done(before)
    if list_log_files(disk, directory).swaps:
        if dry_run:
            return _nothing_done(before)
        _finish_swaps(disk, directory)
        before = verify_log(disk, directory, marks)
        if before.severity is Severity.NOTE:
            return _nothing_done(before)
    plan = plan_repair(disk, directory, list_log_files(disk, directory).bases, marks)
    aside, after = None, None
    if not dry_run:
        aside = _put_aside(disk, directory, plan, before.findings)
        for segment in plan.segments:
            if segment.is_changed:
                _rewrite(disk, directory, segment)
        _raise_log_start(disk, directory, plan.log_start_offset, marks.log_start_offset)
        _recover(disk, directory, plan.log_start_offset)
        after = verify_log(disk, directory, read_marks(disk, directory))
    pieces = [piece for segment in plan.segments for piece in segment.pieces]
    return Repair(
        before=before,
        after=after,
        cut_bytes=sum(one.size for one in pieces if isinstance(one, Cut)),
        filled=tuple(one for one in pieces if isinstance(one, Fill)),
        log_start_offset=plan.log_start_offset,
        aside=aside,
    )


def _nothing_done(before: LogReport) -> Repair:
    return Repair(
        before=before,
        after=None,
        cut_bytes=0,
        filled=(),
        log_start_offset=before.log_start_offset,
        aside=None,
    )


def _finish_swaps(disk: Disk, directory: Path) -> None:
    """Finish a compaction, so that the names say which segments there are."""
    try:
        finish_swaps(disk, directory)
    except CorruptBatch as error:
        raise CannotRepair(f"{directory}: a compacted segment is damaged: {error}") from error


def _put_aside(
    disk: Disk, directory: Path, plan: LogPlan, findings: tuple[Finding, ...]
) -> Path | None:
    """Copy what will be cut out, move what will be built again; return where to."""
    name = f"{directory.name}.repair.{uuid.uuid4().hex[:8]}"
    log_dir = log_dir_of(directory)
    above = directory.parent if log_dir is None else log_dir / QUARANTINE
    aside = above / name
    cuts = [
        (segment.base_offset, piece)
        for segment in plan.segments
        for piece in segment.pieces
        if isinstance(piece, Cut)
    ]
    broken = {
        one.path
        for one in findings
        if one.severity is Severity.REBUILT
        and one.path.suffix != LOG_SUFFIX
        and one.path != directory
        and disk.exists(one.path)
    }
    if not cuts and not broken:
        return None
    disk.make_directory(aside)
    for base, cut in cuts:
        source = disk.open_to_read(segment_path(directory, base, LOG_SUFFIX))
        copy = disk.open(aside / f"{source.path.name}.{cut.position}", create=True)
        for start in range(0, cut.size, SCAN_CHUNK_BYTES):
            size = min(SCAN_CHUNK_BYTES, cut.size - start)
            copy.write(source.read(cut.position + start, size), start)
        copy.sync()
    disk.sync_directory(aside)
    for path in sorted(broken):
        disk.rename(path, aside / path.name)
    disk.sync_directory(aside)
    disk.sync_directory(directory)
    return aside


def _rewrite(disk: Disk, directory: Path, plan: SegmentPlan) -> None:
    path = segment_path(directory, plan.base_offset, LOG_SUFFIX)
    source = disk.open_to_read(path)
    target = disk.open(path.with_name(path.name + TEMPORARY_SUFFIX), create=True)
    target.truncate(0)
    end = 0
    for piece in plan.pieces:
        if isinstance(piece, Keep):
            for start in range(0, piece.size, SCAN_CHUNK_BYTES):
                size = min(SCAN_CHUNK_BYTES, piece.size - start)
                data = source.read(piece.position + start, size)
                target.write(data, end)
                end += len(data)
        elif isinstance(piece, Fill):
            data = empty_batch(piece)
            target.write(data, end)
            end += len(data)
    target.sync()
    disk.rename(target.path, path)
    disk.sync_directory(directory)


def _raise_log_start(disk: Disk, directory: Path, start: int, before: int) -> None:
    log_dir = log_dir_of(directory)
    if log_dir is None or start <= before:
        return
    path, key = log_dir / LOG_STARTS, key_of(directory)
    try:
        entries = {
            (topic, int(number)): int(at) for topic, number, at in read_checkpoint(disk, path)
        }
    except (MalformedCheckpoint, ValueError):
        entries = {}
    entries[key] = start
    write_checkpoint(disk, path, [(*one, at) for one, at in sorted(entries.items())])


def _recover(disk: Disk, directory: Path, log_start_offset: int) -> None:
    """Have the whole log read, believing nothing, and its indexes built again."""
    start = RecoveryStart(clean=False, recovery_point=0, log_start_offset=log_start_offset)
    recover_log(disk, directory, parse_config({}), start).close()
