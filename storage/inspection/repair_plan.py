"""Repair plan: what is kept of a damaged log, what is cut out, and what bridges the place.

Good batches keep their offsets and their order. Where offsets are missing, an empty batch holds
their place, as compaction leaves them (KIP-98): no other record is ever given an offset that a
reader may have seen, and readers go on behind it. A torn tail is cut off without such a batch:
nobody was told of its offsets.

Invariants:
    Every byte of a segment is kept or cut, and what is cut is copied aside first.
    A plan is made by reading alone.
Called by: repair. Calls: stretches.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from storage.errors import LogError
from storage.files import Disk, File
from storage.format.batch import (
    HEADER,
    HEADER_SIZE,
    LOG_OVERHEAD,
    MAGIC,
    NO_LEADER_EPOCH,
    NO_PRODUCER_EPOCH,
    NO_PRODUCER_ID,
    NO_SEQUENCE,
    NO_TIMESTAMP,
    BatchHeader,
)
from storage.format.crc import crc32c
from storage.inspection.log_files import Marks
from storage.inspection.stretches import Bad, stretches
from storage.limits import RELATIVE_OFFSET_MAX
from storage.segments.segment import LOG_SUFFIX, segment_path

_CRC_COVERS_FROM = 21


class CannotRepair(LogError):
    """The damage is of a kind that a repair here does not deal with."""


@dataclass(frozen=True, slots=True)
class Keep:
    """Good batches that lie side by side."""

    position: int
    size: int


@dataclass(frozen=True, slots=True)
class Cut:
    """Bytes that are taken out."""

    position: int
    size: int
    reason: str


@dataclass(frozen=True, slots=True)
class Fill:
    """Offsets whose records are gone."""

    start_offset: int
    end_offset: int
    leader_epoch: int


Piece = Keep | Cut | Fill


@dataclass(slots=True)
class SegmentPlan:
    """What becomes of one segment, piece by piece."""

    base_offset: int
    pieces: list[Piece] = field(default_factory=list)

    @property
    def is_changed(self) -> bool:
        """Whether anything but keeping is planned."""
        return any(not isinstance(one, Keep) for one in self.pieces)

    def keep(self, position: int, size: int) -> None:
        """Keep a batch."""
        last = self.pieces[-1] if self.pieces else None
        if isinstance(last, Keep) and last.position + last.size == position:
            self.pieces[-1] = Keep(last.position, last.size + size)
        else:
            self.pieces.append(Keep(position, size))

    def fill(self, start_offset: int, end_offset: int, leader_epoch: int) -> None:
        """Hold the place of offsets; of none if there are none."""
        if end_offset <= start_offset:
            return
        if end_offset - 1 - self.base_offset > RELATIVE_OFFSET_MAX:
            raise CannotRepair(
                f"offsets {start_offset} to {end_offset - 1} are missing, "
                f"too many for the segment {self.base_offset}"
            )
        self.pieces.append(Fill(start_offset, end_offset, leader_epoch))


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPlan:
    """What becomes of one log."""

    segments: tuple[SegmentPlan, ...]
    log_start_offset: int
    """Higher than it was if the log's first records are gone."""


def plan_repair(disk: Disk, directory: Path, bases: Sequence[int], marks: Marks) -> LogPlan:
    """Return what a repair would do to a log.

    Args:
        disk: Where.
        directory: The log's.
        bases: Base offsets of its segments, ascending.
        marks: What is known of it.

    Raises:
        CannotRepair: It would not.
        DiskError: A file cannot be read.
    """
    start = marks.log_start_offset
    if not bases:
        return LogPlan(segments=(), log_start_offset=max(start, marks.recovery_point))
    plans: list[SegmentPlan] = []
    place = _Place(bases[0], NO_LEADER_EPOCH)
    for number, base in enumerate(bases):
        if plans:
            plans[-1].fill(place.next_offset, base, place.epoch)
        place.next_offset = max(place.next_offset, base)
        following = bases[number + 1] if number + 1 < len(bases) else None
        file = disk.open_to_read(segment_path(directory, base, LOG_SUFFIX))
        plans.append(_plan_segment(file, base, following, place))
    plans[-1].fill(place.next_offset, marks.recovery_point, place.epoch)
    return LogPlan(segments=tuple(plans), log_start_offset=max(start, bases[0]))


def empty_batch(fill: Fill) -> bytes:
    """Return the batch without records that holds the place of some offsets."""
    header = BatchHeader(
        base_offset=fill.start_offset,
        batch_length=HEADER_SIZE - LOG_OVERHEAD,
        partition_leader_epoch=fill.leader_epoch,
        magic=MAGIC,
        crc=0,
        attributes=0,
        last_offset_delta=fill.end_offset - 1 - fill.start_offset,
        base_timestamp_ms=NO_TIMESTAMP,
        max_timestamp_ms=NO_TIMESTAMP,
        producer_id=NO_PRODUCER_ID,
        producer_epoch=NO_PRODUCER_EPOCH,
        base_sequence=NO_SEQUENCE,
        record_count=0,
    )
    crc = crc32c(HEADER.pack(*header)[_CRC_COVERS_FROM:])
    return HEADER.pack(*header._replace(crc=crc))


@dataclass(slots=True)
class _Place:
    next_offset: int
    epoch: int


def _plan_segment(file: File, base: int, following: int | None, place: _Place) -> SegmentPlan:
    plan = SegmentPlan(base)
    was_bad = False
    for one in stretches(file, file.size(), place.next_offset, following, place.epoch):
        if isinstance(one, Bad):
            plan.pieces.append(Cut(one.position, one.size, one.reason))
            was_bad = True
            continue
        header = one.header
        if was_bad:
            plan.fill(place.next_offset, header.base_offset, place.epoch)
            was_bad = False
        plan.keep(one.position, header.size)
        place.next_offset, place.epoch = header.next_offset, header.partition_leader_epoch
    return plan
