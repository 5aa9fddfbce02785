"""Verify: reads every byte of a log and says what is wrong, without changing anything.

It takes no lock and writes nothing, so it may look at a read-only disk, and at a running node: of
such a log the last batch may be half written, which looks like a torn tail.

Invariants:
    A log without a finding above a note opens, and serves what it holds.
    Every batch's checksum and records are read, every entry of every index is held against them.
Called by: the command line, repair. Calls: stretches, index_checks, log_files.
"""

from collections.abc import Iterator
from pathlib import Path

from storage.errors import CorruptBatch, DiskError
from storage.files import Disk, File
from storage.format.decoder import decode_records
from storage.inspection.findings import Finding, LogReport, Severity
from storage.inspection.index_checks import (
    OffsetIndexCheck,
    TimeIndexCheck,
    TransactionCheck,
    epochs_problem,
)
from storage.inspection.log_files import (
    LogFiles,
    Marks,
    find_log_paths,
    find_strangers,
    is_log_dir,
    list_log_files,
    read_marks,
)
from storage.inspection.stretches import Bad, Good, stretches
from storage.leader_epochs import FILE_NAME as EPOCHS
from storage.producers.producer_snapshots import MalformedSnapshot, decode_snapshot
from storage.segments.batch_scan import BatchScan
from storage.segments.segment import (
    LOG_SUFFIX,
    OFFSET_INDEX_SUFFIX,
    TIME_INDEX_SUFFIX,
    TXN_INDEX_SUFFIX,
    segment_path,
)


def verify(disk: Disk, path: Path) -> Iterator[LogReport]:
    """Yield a report of each log at a path: of one log, or of all in a log directory.

    Raises:
        NotALog: There is none.
        DiskError: The disk failed.
    """
    for log_path in find_log_paths(disk, path):
        yield verify_log(disk, log_path, read_marks(disk, log_path))


def verify_log_dir(disk: Disk, path: Path) -> tuple[Finding, ...]:
    """Return what is wrong with a log directory beside its logs."""
    if not is_log_dir(disk, path):
        return ()
    return tuple(
        Finding(
            severity=Severity.NOTE,
            kind="foreign-file",
            path=stranger,
            text="is not a log; the next start moves it to quarantine",
        )
        for stranger in find_strangers(disk, path)
    )


def verify_log(disk: Disk, directory: Path, marks: Marks) -> LogReport:
    """Return what one log holds, and what is wrong with it.

    Raises:
        DiskError: The disk failed.
    """
    return _Verification(disk, directory, marks).report()


class _Verification:
    """One log being read from its start to its end."""

    def __init__(self, disk: Disk, directory: Path, marks: Marks) -> None:
        self._disk = disk
        self._directory = directory
        self._marks = marks
        self._files: LogFiles = list_log_files(disk, directory)
        self._findings: list[Finding] = []
        self._transactions = TransactionCheck()
        self._epochs: list[tuple[int, int]] = []
        self._last_of_epoch: dict[int, int] = {}
        self._batches = 0
        self._records = 0
        self._end = self._files.bases[0] if self._files.bases else marks.log_start_offset

    def report(self) -> LogReport:
        bases = self._files.bases
        if self._files.swaps:
            self._unfinished_swap()
        else:
            self._check_start()
            for number, base in enumerate(bases):
                self._segment(base, bases[number + 1] if number + 1 < len(bases) else None)
            self._check_end()
            self._check_epochs()
            self._check_other_files()
        start = max(self._marks.log_start_offset, bases[0] if bases else 0)
        return LogReport(
            directory=self._directory,
            segments=len(bases),
            batches=self._batches,
            records=self._records,
            log_start_offset=start,
            log_end_offset=self._end,
            findings=tuple(sorted(self._findings, key=lambda one: -one.severity)),
        )

    def _add(
        self, severity: Severity, kind: str, path: Path, text: str, **where: int | None
    ) -> None:
        self._findings.append(Finding(severity=severity, kind=kind, path=path, text=text, **where))

    def _unfinished_swap(self) -> None:
        """Say that the names in the directory are between two states: they cannot be judged."""
        for name in self._files.swaps:
            text = (
                "the node ended in the midst of a compaction: the next start finishes it, and so "
            )
            text += "does a repair; nothing else was looked at"
            self._add(Severity.REBUILT, "unfinished-swap", self._directory / name, text)

    def _check_start(self) -> None:
        bases, start = self._files.bases, self._marks.log_start_offset
        if bases and bases[0] > start:
            text = f"the log begins at {bases[0]}, records from {start} are gone"
            where = {"start_offset": start, "end_offset": bases[0]}
            self._add(Severity.LOSS, "gap", self._directory, text, **where)

    def _check_end(self) -> None:
        synced = self._marks.recovery_point
        told = any(
            one.severity is Severity.LOSS and one.end_offset in (None, synced)
            for one in self._findings
        )
        if self._end < synced and not told:
            text = f"the log ends at {self._end}, but {synced} was synced"
            where = {"start_offset": self._end, "end_offset": synced}
            self._add(Severity.LOSS, "short-log", self._directory, text, **where)

    def _segment(self, base: int, following: int | None) -> None:
        path = segment_path(self._directory, base, LOG_SUFFIX)
        try:
            file = self._disk.open_to_read(path)
            if base != self._end:
                self._gap(path, base)
            self._end = max(self._end, base)
            self._read(base, following, file)
        except DiskError as error:
            self._add(Severity.LOSS, "unreadable", path, str(error), start_offset=self._end)

    def _gap(self, path: Path, base: int) -> None:
        if base > self._end and not self._is_told(base):
            text = f"the segment begins at {base} where {self._end} is next"
            where = {"start_offset": self._end, "end_offset": base}
            self._add(Severity.LOSS, "gap", path, text, **where)

    def _is_told(self, end_offset: int) -> bool:
        """Whether damage before an offset says already that records are missing there."""
        return any(one.end_offset == end_offset for one in self._findings)

    def _read(self, base: int, following: int | None, file: File) -> None:
        size = file.size()
        index = self._index(base, OFFSET_INDEX_SUFFIX, size)
        times = self._index(base, TIME_INDEX_SUFFIX, size)
        offset_check = OffsetIndexCheck(index, base) if index else None
        time_check = TimeIndexCheck(times, base) if times else None
        epoch = self._epochs[-1][0] if self._epochs else -1
        bad: Bad | None = None
        for one in stretches(file, size, self._end, following, epoch):
            if isinstance(one, Bad):
                bad = one
                continue
            if bad is not None:
                self._damage(file.path, bad, one.header.base_offset)
                bad = None
            elif following is None and one.header.base_offset > self._end:
                self._hole(file.path, one)
            self._batch(file, one)
            if offset_check:
                offset_check.note(one.header, one.position)
            if time_check:
                time_check.note(one.header)
        if bad is not None:
            self._last_bytes(file, bad, following)
        for check, suffix in ((offset_check, "index"), (time_check, "timeindex")):
            problem = check.finish() if check else None
            if problem:
                self._bad_index(base, f".{suffix}", problem)
        self._transaction_index(base)

    def _batch(self, file: File, batch: Good) -> None:
        header = batch.header
        self._batches += 1
        self._records += 0 if header.is_control else header.record_count
        self._end = header.next_offset
        if not self._epochs or self._epochs[-1][0] != header.partition_leader_epoch:
            self._epochs.append((header.partition_leader_epoch, header.base_offset))
        if header.record_count or header.partition_leader_epoch not in self._last_of_epoch:
            # What a repair fills a hole with may stand for another epoch's offsets, too.
            last = header.last_offset if header.record_count else header.base_offset
            self._last_of_epoch[header.partition_leader_epoch] = last
        try:
            data = file.read(batch.position, header.size)
            decode_records(data)
            self._transactions.note(header, data)
        except CorruptBatch as error:
            where = {"start_offset": header.base_offset, "end_offset": header.next_offset}
            self._add(
                Severity.LOSS,
                "bad-records",
                file.path,
                f"the checksum of the batch at offset {header.base_offset} is right, "
                f"but its records do not read: {error}",
                position=batch.position,
                size=header.size,
                **where,
            )

    def _hole(self, path: Path, batch: Good) -> None:
        """Say that the segment in use misses offsets, as if the next batch's had a wrong bit.

        No checksum holds an offset. Compaction leaves such holes, but in closed segments; only a
        log that was truncated into one of those has them here, with nothing wrong.
        """
        base = batch.header.base_offset
        text = f"the batch at {batch.position} has offset {base} where {self._end} is next, and "
        text += "this segment was never compacted: unless the log was once truncated, it is wrong"
        where = {"position": batch.position, "start_offset": self._end, "end_offset": base}
        self._add(Severity.NOTE, "hole", path, text, **where)

    def _damage(self, path: Path, bad: Bad, end_offset: int | None) -> None:
        lost = "" if end_offset is None else f", offsets {bad.next_offset} to {end_offset - 1}"
        if end_offset == bad.next_offset:
            lost = ", no offset is missing"
        self._add(
            Severity.LOSS,
            "damaged-batch",
            path,
            f"{bad.size} bytes at {bad.position} are no good batch{lost}: {bad.reason}",
            position=bad.position,
            size=bad.size,
            start_offset=bad.next_offset,
            end_offset=end_offset,
        )

    def _last_bytes(self, file: File, bad: Bad, following: int | None) -> None:
        """Tell what a crash may leave from damage, in bytes that end a file."""
        if following is not None:
            self._damage(file.path, bad, following)
        elif bad.next_offset < self._marks.recovery_point:
            self._damage(file.path, bad, self._marks.recovery_point)
        elif _holds_whole_batches(file, bad):
            self._damage(file.path, bad, None)
        else:
            self._add(
                Severity.REBUILT,
                "torn-tail",
                file.path,
                f"{bad.size} bytes at {bad.position} are a batch that was not finished; "
                "nobody was told that it is stored",
                position=bad.position,
                size=bad.size,
                start_offset=bad.next_offset,
            )

    def _index(self, base: int, suffix: str, log_size: int) -> File | None:
        path = segment_path(self._directory, base, suffix)
        if path.name not in self._files.indexes:
            if log_size:
                self._bad_index(base, suffix, "it is missing", "missing-index")
            return None
        try:
            return self._disk.open_to_read(path)
        except DiskError as error:
            self._bad_index(base, suffix, str(error))
            return None

    def _transaction_index(self, base: int) -> None:
        path = segment_path(self._directory, base, TXN_INDEX_SUFFIX)
        there = path.name in self._files.indexes
        problem = self._transactions.finish_segment(
            self._disk.open_to_read(path) if there else None
        )
        if problem:
            kind = "bad-index" if there else "missing-index"
            self._bad_index(base, TXN_INDEX_SUFFIX, problem, kind)

    def _bad_index(self, base: int, suffix: str, problem: str, kind: str = "bad-index") -> None:
        path = segment_path(self._directory, base, suffix)
        self._add(Severity.REBUILT, kind, path, problem)

    def _check_epochs(self) -> None:
        path = self._directory / EPOCHS
        start, last = self._marks.log_start_offset, self._last_of_epoch
        seen = [
            (epoch, at)
            for epoch, first in self._epochs
            for at in (max(first, start), last[epoch])
            if last[epoch] >= start
        ]
        problem = epochs_problem(self._disk, path, seen, self._end)
        if problem:
            self._add(Severity.REBUILT, "bad-epochs", path, problem)

    def _check_other_files(self) -> None:
        for name in self._files.snapshots:
            try:
                decode_snapshot(self._disk.read_bytes(self._directory / name))
            except (MalformedSnapshot, DiskError) as error:
                text = f"it does not read: {error}"
                self._add(Severity.REBUILT, "bad-snapshot", self._directory / name, text)
        for name in self._marks.problems:
            text = f"the checkpoint {name} does not read: every log is read from its start"
            self._add(Severity.REBUILT, "bad-checkpoint", self._directory, text)
        bases = {f"{base:020d}" for base in self._files.bases}
        orphans = [name for name in self._files.indexes if name[:20] not in bases]
        for name in (*self._files.leftovers, *orphans):
            text = "counts for nothing; left over"
            self._add(Severity.NOTE, "leftover", self._directory / name, text)
        for name in self._files.foreign:
            text = "is none of a log's files; it is left alone"
            self._add(Severity.NOTE, "foreign-file", self._directory / name, text)


def _holds_whole_batches(file: File, bad: Bad) -> bool:
    end = bad.position + bad.size
    return BatchScan(file, end).next_batch(bad.position) is not None
