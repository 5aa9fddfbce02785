"""Recovery: open a log as the last process left it, however it ended.

After a clean shutdown the files are as they were closed; only the indexes' form is looked at.
Otherwise every batch from the segment of the recovery point on is read and checked:

- a bad or missing batch at or above the recovery point is what a crash leaves behind: it was
  never known to be durable. The log is cut there. Bytes that are cut are put aside when a whole
  batch stands among them, for they may be more than a torn write;
- a bad or missing batch below the recovery point had been synced: that is corruption, and the log
  is refused (``CorruptLog``) rather than quietly shortened.

Zeros are an end: a file may have grown before its bytes came.
Source: reliability notes T19, T20, T22; Kafka's ``LogLoader``.
"""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from storage.cleanup.swap import finish_swaps
from storage.config import LogConfig
from storage.errors import CorruptBatch, CorruptLog
from storage.files import TEMPORARY_SUFFIX, Disk
from storage.format.batch import NO_PRODUCER_ID, BatchHeader
from storage.limits import PRODUCER_ID_EXPIRATION_MS, SCAN_CHUNK_BYTES
from storage.log import Log
from storage.producers.log_producers import LogProducers
from storage.segments.batch_scan import BatchScan
from storage.segments.segment import (
    BASE_DIGITS,
    DELETED_SUFFIX,
    INDEX_SUFFIXES,
    SUFFIXES,
    Segment,
    remove_segment,
    segment_path,
)

_logger = logging.getLogger(__name__)

_SEGMENT_FILE = re.compile(r"(\d{20})\.log\Z")
CUT_SUFFIX = ".cut"

PRODUCED_MAX = 20_000
"""Headers of producers' batches that are kept per segment, rather than read once more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryStart:
    """What is known of a log before its files are read."""

    clean: bool
    """Whether the last process closed everything."""

    recovery_point: int
    """Everything below had been synced (a lower bound)."""

    log_start_offset: int
    now_ms: int = 0
    """The node's wall clock: producers found again count as seen now."""

    producer_id_expiration_ms: int = PRODUCER_ID_EXPIRATION_MS
    on_checked: Callable[[int], None] | None = None
    """Called with the bytes that were read and checked, every now and then."""


def create_log(
    disk: Disk,
    directory: Path,
    config: LogConfig,
    start_offset: int = 0,
    *,
    producer_id_expiration_ms: int = PRODUCER_ID_EXPIRATION_MS,
) -> Log:
    """Make a new, empty log, durably.

    Args:
        disk: Where.
        directory: The log's; made too.
        config: The topic's.
        start_offset: The offset that its first record will get.
        producer_id_expiration_ms: How long a silent producer is remembered.
    """
    disk.make_directory(directory)
    segment = Segment(disk, directory, start_offset, create=True)
    disk.sync_directory(directory)
    return Log(
        disk,
        directory,
        config,
        [segment],
        log_start_offset=start_offset,
        log_end_offset=start_offset,
        producers=LogProducers(disk, directory, producer_id_expiration_ms),
    )


def recover_log(disk: Disk, directory: Path, config: LogConfig, start: RecoveryStart) -> Log:
    """Open a log, repairing what a crash may have left.

    Raises:
        CorruptLog: Records that had been synced are damaged or missing.
        DiskError: The disk failed.
    """
    try:
        finish_swaps(disk, directory)
    except CorruptBatch as error:
        raise CorruptLog(directory, f"a compacted segment: {error}") from error
    _remove_leftovers(disk, directory)
    bases = _segment_bases(disk, directory)
    if not bases:
        if start.recovery_point > start.log_start_offset:
            raise CorruptLog(
                directory, f"no segment, though offset {start.recovery_point} was synced"
            )
        return create_log(
            disk,
            directory,
            config,
            start.log_start_offset,
            producer_id_expiration_ms=start.producer_id_expiration_ms,
        )
    if bases[0] > start.log_start_offset:
        raise CorruptLog(
            directory,
            f"the log begins at {bases[0]}, records from {start.log_start_offset} are gone",
        )
    bases = _without_dead_segments(disk, directory, bases, start.log_start_offset)
    opening = _Opening(disk, directory, config, start, bases[0])
    for number, base in enumerate(bases):
        following = bases[number + 1] if number + 1 < len(bases) else None
        if not opening.take(base, following):
            opening.put_aside(bases[number + 1 :])
            break
    return opening.log()


def _remove_leftovers(disk: Disk, directory: Path) -> None:
    """Finish what the last process had begun to remove."""
    names = disk.list(directory)
    logs = {name[:BASE_DIGITS] for name in names if _SEGMENT_FILE.match(name)}
    for name in names:
        is_orphan = name[BASE_DIGITS:] in INDEX_SUFFIXES and name[:BASE_DIGITS] not in logs
        if name.endswith((DELETED_SUFFIX, TEMPORARY_SUFFIX)) or is_orphan:
            disk.remove(directory / name)


def _segment_bases(disk: Disk, directory: Path) -> list[int]:
    matches = (_SEGMENT_FILE.match(name) for name in disk.list(directory))
    return sorted(int(match.group(1)) for match in matches if match)


def _without_dead_segments(
    disk: Disk, directory: Path, bases: list[int], log_start_offset: int
) -> list[int]:
    """Remove the segments wholly below the log's start, oldest first; return the others."""
    dead = [base for base, following in pairwise(bases) if following <= log_start_offset]
    for base in dead:
        remove_segment(disk, directory, base)
    return bases[len(dead) :]


class _Opening:
    """The segments of one log taken so far, and where the next one must begin."""

    def __init__(
        self, disk: Disk, directory: Path, config: LogConfig, start: RecoveryStart, first: int
    ) -> None:
        self._disk = disk
        self._directory = directory
        self._config = config
        self._start = start
        self._segments: list[Segment] = []
        self._end = first
        self._epochs: list[tuple[int, int]] = []
        self._changed = False
        self._checked_from: int | None = None
        """Base offset of the first segment of which nothing is believed."""

        self._produced: dict[int, list[tuple[int, BatchHeader]]] = {}
        """Of segments that were read and hold few batches of producers: those batches."""

        self._unsynced: list[Segment] = []
        """What a killed process may have left in the page cache only, or is repaired here."""

    def take(self, base: int, following: int | None) -> bool:
        """Open one segment; return whether the log goes on behind it."""
        if base != self._end:
            self._missing(base)
            return False
        segment = Segment(self._disk, self._directory, base, create=False)
        self._segments.append(segment)
        durable = following is not None and following < self._start.recovery_point
        if self._start.clean or durable:
            self._trust(segment, following)
            return True
        return self._check(segment, following)

    def put_aside(self, bases: list[int]) -> None:
        """Rename the segments behind a cut: they were never known to be durable."""
        for base in bases:
            for suffix in SUFFIXES:
                path = segment_path(self._directory, base, suffix)
                if self._disk.exists(path):
                    self._disk.rename(path, path.with_name(path.name + CUT_SUFFIX))
            _logger.warning("%s: segment %d lies behind a cut: put aside", self._directory, base)
            self._changed = True

    def log(self) -> Log:
        """Return the log, its repairs durable."""
        if self._end < self._start.log_start_offset:
            self._begin_at_log_start()
        producers = self._load_producers()
        for segment in self._unsynced:
            segment.sync()
        if self._changed or not self._start.clean:
            self._disk.sync_directory(self._directory)
        log = Log(
            self._disk,
            self._directory,
            self._config,
            self._segments,
            log_start_offset=self._start.log_start_offset,
            log_end_offset=self._end,
            producers=producers,
        )
        self._repair_epochs(log)
        return log

    def _load_producers(self) -> LogProducers:
        producers = LogProducers(self._disk, self._directory, self._start.producer_id_expiration_ms)
        try:
            removed = producers.load(
                self._segments,
                self._end,
                rebuild_from=self._checked_from,
                now_ms=self._start.now_ms,
                produced=self._produced,
            )
        except CorruptBatch as error:
            raise CorruptLog(self._directory, f"a transaction's marker: {error}") from error
        producers.remove_strays(self._segments, self._end)
        self._changed = self._changed or removed
        return producers

    def _begin_at_log_start(self) -> None:
        """Replace what there is, all of it deleted records, by an empty segment.

        So offsets that readers have been told are deleted are never given again.
        """
        start = self._start.log_start_offset
        _logger.warning(
            "%s: ends at %d, below its start %d: begins there", self._directory, self._end, start
        )
        old, self._end = self._segments, start
        self._segments = [Segment(self._disk, self._directory, start, create=True)]
        for segment in reversed(old):
            segment.remove()
        self._changed = True

    def _missing(self, base: int) -> None:
        """Account for a segment that does not begin where the one before ends."""
        if base < self._end or self._end < self._start.recovery_point:
            raise CorruptLog(
                self._directory, f"a segment begins at {base} where {self._end} is next"
            )
        self.put_aside([base])

    def _trust(self, segment: Segment, following: int | None) -> None:
        """Take a segment whose records are known to be durable, checking its indexes' form."""
        problem = segment.index_problem()
        if problem is not None:
            _logger.warning("%s: %s: built again", segment.file.path, problem)
        try:
            if problem is not None:
                segment.reindex(self._config.index_interval_bytes)
                self._unsynced.append(segment)
            else:
                segment.restore_timestamps()
            self._end = following if following is not None else self._last_end(segment)
        except CorruptBatch as error:
            raise CorruptLog(segment.file.path, str(error)) from error
        if self._end < self._start.recovery_point and following is None:
            raise CorruptLog(
                segment.file.path,
                f"the log ends at {self._end}, but {self._start.recovery_point} was synced",
            )

    def _last_end(self, segment: Segment) -> int:
        end = segment.base_offset
        position = segment.offset_index.position_before(segment.size)
        for _, header in segment.headers(position):
            end = header.next_offset
        return end

    def _check(self, segment: Segment, following: int | None) -> bool:
        """Read every batch of a segment; cut it where they stop being good."""
        if self._checked_from is None:
            self._checked_from = segment.base_offset
        if segment.txn_index is not None:
            segment.txn_index.clear()
        segment.forget_indexes()
        interval = self._config.index_interval_bytes
        produced: list[tuple[int, BatchHeader]] = []
        expected, position = segment.base_offset, 0
        reason = "the file ends"
        epoch = self._epochs[-1][0] if self._epochs else -1
        scan = BatchScan(segment.file, segment.size, self._start.on_checked)
        while position < segment.size:
            try:
                header = scan.header(position)
                if header.base_offset < expected or header.partition_leader_epoch < epoch:
                    raise CorruptBatch(
                        f"offset {header.base_offset}, epoch {header.partition_leader_epoch} "
                        f"where {expected}, {epoch} is next"
                    )
            except CorruptBatch as error:
                reason = str(error)
                break
            if header.partition_leader_epoch > epoch:
                epoch = header.partition_leader_epoch
                self._epochs.append((epoch, header.base_offset))
            segment.note(header, position, interval)
            if header.producer_id != NO_PRODUCER_ID and len(produced) <= PRODUCED_MAX:
                produced.append((position, header))
            expected = header.next_offset
            position += header.size
        if len(produced) <= PRODUCED_MAX:
            self._produced[segment.base_offset] = produced
        self._end = expected
        whole = position == segment.size
        broken_off = following is not None and expected != following
        if (not whole or broken_off or following is None) and expected < self._start.recovery_point:
            raise CorruptLog(
                segment.file.path,
                f"{reason} at offset {expected}, but {self._start.recovery_point} was synced",
            )
        if not whole:
            self._cut(segment, position, reason)
        self._unsynced.append(segment)
        return whole and not broken_off

    def _cut(self, segment: Segment, position: int, reason: str) -> None:
        tail_size = segment.size - position
        _logger.warning(
            "%s: cut %d bytes at %d: %s", segment.file.path, tail_size, position, reason
        )
        scan = BatchScan(segment.file, segment.size)
        if scan.next_batch(position + 1, position + SCAN_CHUNK_BYTES) is not None:
            aside = segment.file.path.with_name(f"{segment.file.path.name}.{position}{CUT_SUFFIX}")
            copy = self._disk.open(aside, create=True)
            for start in range(0, tail_size, SCAN_CHUNK_BYTES):
                size = min(SCAN_CHUNK_BYTES, tail_size - start)
                copy.write(segment.file.read(position + start, size), start)
            copy.sync()
            _logger.warning("whole batches lie behind the cut: the bytes are kept in %s", aside)
        segment.drop_tail(position)
        self._changed = True

    def _epochs_begin_too_late(self, log: Log) -> bool:
        """Return whether records at the log's start are in no epoch that is known.

        The epochs are written when a log's start rises, its own checkpoint later.
        """
        entries = log.leader_epochs.entries
        start = log.log_start_offset
        if not entries:
            return True
        if entries[0][1] <= start:
            return False
        for segment in self._segments:
            found = segment.find(start)
            if found is not None:
                return found[1].base_offset < entries[0][1]
        return False

    def _repair_epochs(self, log: Log) -> None:
        """Make the leader epochs fit what the log holds."""
        log.leader_epochs.truncate_from_end(self._end)
        if self._end > log.log_start_offset and self._epochs_begin_too_late(log):
            epochs: list[tuple[int, int]] = []
            for segment in self._segments:
                for _, header in segment.headers(0):
                    if not epochs or header.partition_leader_epoch > epochs[-1][0]:
                        epochs.append((header.partition_leader_epoch, header.base_offset))
            log.leader_epochs.rebuild(epochs)
        for epoch, offset in self._epochs:
            log.leader_epochs.assign(epoch, offset)
