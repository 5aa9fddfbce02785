"""Opens what a power cut has left and says by name what is wrong with it.

Two questions apart, so that equal disks are opened once: ``recover`` looks at what is there and
whether it fits together; ``judge`` whether that is what was promised at a moment.
"""

import struct
from bisect import bisect_left
from collections.abc import Mapping
from typing import NamedTuple

from storage.errors import CorruptBatch, DiskError, LogError
from storage.format.builder import build_batch
from storage.log import Log
from storage.log_manager import LogManager
from storage.validation import Origin
from tests.support.crashes.log_driver import NOW_MS, Key, open_manager
from tests.support.crashes.log_history import (
    NOTHING,
    Batch,
    LogHistory,
    LogState,
    Promise,
    Promises,
    state_of,
)
from tests.support.crashes.memory_disk import MemoryDisk

_LENGTH = struct.Struct(">i")

NOT_OPENED = "the data directory does not open"
OFFLINE = "a log is refused"
MISSING = "a log is missing"
UNKNOWN_BYTES = "bytes are served that nobody wrote"
HOLE = "records are missing in the middle"
WRONG_END = "the log ends elsewhere than its last record"
LOST = "acknowledged records are lost"
UNDELETED = "deleted records are back"
OVERDELETED = "records are deleted that nobody deleted"
REMOVED = "records that were truncated are back"
WRONG_EPOCHS = "the leader epochs are wrong"
WRONG_STABLE = "the last stable offset is wrong"
WRONG_ABORTED = "the aborted transactions are wrong"
TWICE = "a retry is appended twice"
STUCK = "what comes next is refused"
WRONG_TIME = "a timestamp leads elsewhere"
VANISHED = "what a restart showed is gone after a power cut"


class Violation(AssertionError):
    """Something promised is not so."""

    def __init__(self, name: str, detail: object = "") -> None:
        super().__init__(f"{name}: {detail}")
        self.name = name


class View(NamedTuple):
    """What a log is found to hold."""

    start: int
    end: int
    tip: Batch | None


def recover(
    disk: MemoryDisk, histories: Mapping[Key, LogHistory], *, goes_on: bool = True
) -> dict[Key, View]:
    """Open a disk and look at every log on it.

    Args:
        disk: What there is; changed as a restart changes it, and by what is appended.
        histories: All batches that were ever given to each log.
        goes_on: Whether to send retries and new records too.

    Raises:
        Violation: What is there does not fit together.
    """
    try:
        manager = open_manager(disk)
    except (LogError, DiskError, ValueError, struct.error) as error:
        raise Violation(NOT_OPENED, repr(error)) from error
    if manager.offline:
        raise Violation(OFFLINE, manager.offline)
    views = {}
    for key, history in histories.items():
        log = manager.get(*key)
        if log is not None:
            views[key] = look(log, history, goes_on=goes_on)
    return views


def judge(views: Mapping[Key, View], promises: Promises) -> None:
    """Compare what was found with what was promised.

    Raises:
        Violation: It is something else.
    """
    for key, promise in promises.items():
        view = views.get(key)
        if view is None:
            raise Violation(MISSING, key)
        start, end, tip = view
        if start < promise.start_min:
            raise Violation(UNDELETED, f"{key} from {start}, deleted up to {promise.start_min}")
        if start > promise.start_max:
            raise Violation(OVERDELETED, f"{key} from {start}, not {promise.start_max}")
        if end < promise.floor:
            raise Violation(LOST, f"{key} ends at {end}, acknowledged up to {promise.floor}")
        if tip is not None and not _leads_to(tip, promise):
            raise Violation(REMOVED, f"{key} {start}-{end}")


def _leads_to(tip: Batch, promise: Promise) -> bool:
    for last in (promise.tip, *promise.others):
        one = last
        while one is not None and one.next > tip.next:
            one = one.previous
        if one is tip:
            return True
    return False


def look(log: Log, history: LogHistory, *, goes_on: bool = True) -> View:
    """Check that everything that a log says of itself follows from its batches.

    Raises:
        Violation: Something does not.
    """
    try:
        batches = read_batches(log, history)
        view = View(log.log_start_offset, log.log_end_offset, batches[-1] if batches else None)
        least = state_of(batches)
        most = batches[-1].state if batches else NOTHING
        _check_epochs(log, view, most)
        _check_transactions(log, view, least, most)
        _check_times(log, batches)
        if goes_on:
            _check_retries(log, least)
            _check_going_on(log, least, view)
    except (LogError, DiskError) as error:
        raise Violation(STUCK, repr(error)) from error
    return view


def read_batches(log: Log, history: LogHistory, max_bytes: int = 700) -> list[Batch]:
    """Read a log from its start to its end; return the batches that were appended once.

    Raises:
        Violation: They are not in a row.
    """
    found: list[Batch] = []
    offset, end = log.log_start_offset, log.log_end_offset
    while offset < end:
        part = log.locate(offset, max_bytes, end_offset=end)
        if not part.size:
            raise Violation(HOLE, f"nothing at {offset}, the end is {end}")
        data = part.read()
        position = 0
        while position < len(data):
            (length,) = _LENGTH.unpack_from(data, position + 8)
            batch = history.by_bytes.get(data[position : position + 12 + length])
            if batch is None:
                raise Violation(UNKNOWN_BYTES, f"in the slice at {offset}")
            if found and batch.previous is not found[-1]:
                raise Violation(HOLE, f"{batch.base} behind {found[-1].next}")
            found.append(batch)
            position += 12 + length
        offset = part.next_offset
        if offset != found[-1].next:
            raise Violation(WRONG_END, f"a slice says {offset}, its records {found[-1].next}")
    if found and not found[0].base <= log.log_start_offset < found[0].next:
        raise Violation(HOLE, f"the log begins with {found[0].base}")
    if found and found[-1].next != end:
        raise Violation(WRONG_END, f"{end} behind {found[-1].next}")
    return found


def _check_epochs(log: Log, view: View, most: LogState) -> None:
    ends = [*(start for _, start in most.epochs), view.end][1:]
    for (epoch, _), end in zip(most.epochs, ends, strict=True):
        if end > view.start and log.end_offset_for_epoch(epoch) != (epoch, end):
            raise Violation(
                WRONG_EPOCHS,
                f"epoch {epoch} ends at {end}, not {log.end_offset_for_epoch(epoch)} "
                f"of {log.leader_epochs.entries}",
            )


def _check_transactions(log: Log, view: View, least: LogState, most: LogState) -> None:
    log.advance_high_watermark(view.end)
    stable = log.last_stable_offset(view.end)
    first, last = (
        view.end if state.first_open is None else max(state.first_open, view.start)
        for state in (most, least)
    )
    if not first <= stable <= last:
        raise Violation(WRONG_STABLE, f"{stable}, not {first} to {last}")
    said = log.aborted_transactions(view.start, view.end)
    if not least.aborted and not said:
        return
    hidden = _hidden(view, [(one.producer_id, one.first_offset, one.last_offset) for one in said])
    wanted = _hidden(view, [tuple(one) for one in most.aborted])
    if hidden != wanted:
        raise Violation(WRONG_ABORTED, f"{said}, not {most.aborted}")


def _hidden(view: View, aborted: list[tuple[int, int, int]]) -> set[int]:
    """Return the base offsets of the batches that a reader of committed records leaves out."""
    hidden = set()
    for batch in view.tip.back() if view.tip is not None else ():
        if batch.next <= view.start:
            break
        if batch.header.is_control:
            continue
        for producer_id, first, last in aborted:
            if batch.header.producer_id == producer_id and first <= batch.base <= last:
                hidden.add(batch.base)
    return hidden


def _check_times(log: Log, batches: list[Batch]) -> None:
    start, end = log.log_start_offset, log.log_end_offset
    offsets, times = [], []
    for one in batches:
        offsets += range(one.base, one.next)
        times += one.timestamps
    del times[: bisect_left(offsets, start)]
    del offsets[: len(offsets) - len(times)]
    if not times:
        return
    for time_ms in (times[0], times[len(times) // 2], max(times), max(times) + 1):
        wanted = next((at for at, one in zip(offsets, times, strict=True) if one >= time_ms), None)
        found = log.offset_for_timestamp(time_ms, end_offset=end)
        if (found and found.offset) != wanted:
            raise Violation(WRONG_TIME, f"{time_ms} at {wanted}, not {found}")


def _check_retries(log: Log, least: LogState) -> None:
    """Send everything again that a producer may send again."""
    for producer in least.producers.values():
        for _, batch in producer.sent:
            end = log.log_end_offset
            try:
                appended = log.append(
                    bytearray(batch.data), leader_epoch=99, now_ms=NOW_MS, origin=Origin.VERIFIED
                )
            except LogError as error:
                raise Violation(TWICE, f"{batch.base}: {error!r}") from error
            if not appended.is_duplicate or log.log_end_offset != end:
                raise Violation(TWICE, f"{batch.base} is at {appended.base_offset} too")
            if appended.base_offset != batch.base:
                raise Violation(TWICE, f"{batch.base}: the answer says {appended.base_offset}")


def _check_going_on(log: Log, least: LogState, view: View) -> None:
    """Append what comes next, of nobody and of a producer; make it durable and read it."""
    batches = [build_batch([(NOW_MS + 500, b"next", b"of nobody", ())])]
    for producer_id, known in least.producers.items():
        if known.sent:
            last = known.sent[-1]
            sequence = last.first_sequence + last.batch.next - last.batch.base
            batches.append(
                build_batch(
                    [(NOW_MS + 500, b"next", b"of a producer", ())],
                    producer_id=producer_id,
                    producer_epoch=known.epoch,
                    base_sequence=sequence,
                    is_transactional=known.open_at is not None,
                )
            )
            break
    offset = view.end
    for batch in batches:
        appended = log.append(batch, leader_epoch=99, now_ms=NOW_MS, origin=Origin.VERIFIED)
        if appended.is_duplicate or appended.base_offset != offset:
            raise Violation(STUCK, f"the next record is at {appended.base_offset}, not {offset}")
        offset += 1
    log.flush()
    part = log.locate(view.end, 1 << 20)
    if log.durable_end_offset != offset or part.read() != b"".join(batches):
        raise Violation(STUCK, "what was appended does not read")


def closed(manager: LogManager) -> None:
    """Shut a manager down in good order.

    Raises:
        Violation: It does not.
    """
    try:
        manager.close()
    except (LogError, DiskError, CorruptBatch) as error:
        raise Violation(STUCK, repr(error)) from error
