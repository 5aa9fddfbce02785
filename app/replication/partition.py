"""Partition: one replica of one partition on this node, and who waits for it.

It takes no decision of its own: the log says what may be appended, the group commit when it is
durable, the metadata who leads.

With one replica the high watermark is the durable end. A topic that relaxes ``flush.messages``
or ``flush.ms`` acknowledges and shows records before they are synced: there the high watermark
is the log end, and a power cut may take the last records, as in Kafka.

Invariants:
    Appends happen on the loop without an await, so a batch is in the log whole or not at all,
    whatever happens to the request that brought it.
    A waiter for an offset is answered when the high watermark has passed it, or with an error
    when it never will; waiters are kept in the order of their offsets.
    The log's directory is made at the first append (metadata first, directory lazily: T17).
    Once its log directory is fenced a partition takes nothing more, and shows what it had shown.
Called by: replica_manager, broker verbs. Calls: storage.log, group_commit, purgatory.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from app.replication.group_commit import GroupCommit
from app.replication.purgatory import Watchers
from storage.appending import Appended
from storage.config import LogConfig
from storage.errors import DiskError, LogOffline, OffsetOutOfRange, PassingDiskError
from storage.format.batch import MutableBuffer
from storage.log import Log
from storage.segments.log_slice import LogSlice
from storage.segments.timestamp_lookup import TimestampAndOffset
from storage.segments.txn_index import AbortedTransaction

FLUSH_MS_NEVER = (1 << 63) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedLog:
    """A log in the directory where it lies."""

    log: Log
    commit: GroupCommit
    """Makes appends durable, for all logs of that directory."""

    take_room: Callable[[int], None]
    """Called with the size of each append before it, and refuses what there is no room for."""


class Partition:
    """One replica of one partition."""

    def __init__(
        self,
        placed: PlacedLog | None,
        config: LogConfig,
        create_log: Callable[["Partition"], PlacedLog],
    ) -> None:
        """Serve a log.

        Args:
            placed: The log found on disk, or None before the first append.
            config: The topic's configs now.
            create_log: Makes the log on disk at the first append.
        """
        self._placed = placed
        self._log = placed.log if placed is not None else None
        self._config = config
        self._create_log = create_log
        self._fenced: str | None = None
        self._durability_waiters: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._flush_timer: asyncio.TimerHandle | None = None
        self._gone: LogOffline | None = None
        self.watchers = Watchers()
        self._note_high_watermark()

    @property
    def log(self) -> Log | None:
        """The log, or None before the first append."""
        return self._log

    @property
    def commit(self) -> GroupCommit | None:
        """What syncs the log, or None before the first append."""
        return self._placed.commit if self._placed is not None else None

    @property
    def config(self) -> LogConfig:
        """The topic's configs now."""
        return self._config

    @property
    def log_start_offset(self) -> int:
        """The first offset that may be read."""
        return self._log.log_start_offset if self._log is not None else 0

    @property
    def log_end_offset(self) -> int:
        """The offset that the next record will get."""
        return self._log.log_end_offset if self._log is not None else 0

    @property
    def high_watermark(self) -> int:
        """Exclusive end of what consumers may see."""
        if self._log is None:
            return 0
        return self._log.log_end_offset if self._relaxed else self._log.durable_end_offset

    @property
    def size_bytes(self) -> int:
        """Bytes of the log's segments."""
        return self._log.size_bytes if self._log is not None else 0

    @property
    def _relaxed(self) -> bool:
        return self._config.flush_messages > 1 or self._config.flush_ms < FLUSH_MS_NEVER

    def append_as_leader(self, batch: MutableBuffer, *, leader_epoch: int, now_ms: int) -> Appended:
        """Append batches to the log; durable later, see ``wait_for_high_watermark``.

        Raises:
            LogError: The log refuses them (nothing was appended).
            PassingDiskError: The disk refuses them for now (nothing was appended).
            DiskError: The disk failed, and its directory is fenced.
        """
        self._check_writable()
        placed = self._placed
        if placed is None:
            placed = self._placed = self._create_log(self)
            self._log = placed.log
        try:
            placed.take_room(len(batch))
            appended = placed.log.append(batch, leader_epoch=leader_epoch, now_ms=now_ms)
        except PassingDiskError:
            raise
        except DiskError as error:
            placed.commit.fence(str(error))
            raise
        if self._relaxed:
            self._schedule_relaxed_flush()
            self._note_high_watermark()
            self.watchers.wake_all()
        else:
            placed.commit.request(placed.log, self._on_durable)
        return appended

    async def wait_for_high_watermark(self, offset: int) -> None:
        """Return when every record below the offset may be seen by consumers.

        Raises:
            LogOffline: It never will: the directory was fenced or the partition is gone.
        """
        if self.high_watermark >= offset:
            return
        self._check_writable()
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._durability_waiters.append((offset, future))
        await future

    def locate(
        self, offset: int, max_bytes: int, *, min_one: bool = True, committed: bool = False
    ) -> LogSlice | None:
        """Find whole batches from an offset on, below the high watermark.

        Args:
            offset: First offset wanted.
            max_bytes: At most so many bytes.
            min_one: Return the first batch even if it is larger.
            committed: Stop at the last stable offset.

        Returns:
            None when there is nothing at the offset yet.

        Raises:
            OffsetOutOfRange: Below the log's start or beyond the high watermark.
        """
        self._check_online()
        if self._log is None:
            if offset != 0:
                raise OffsetOutOfRange(offset, 0, 0)
            return None
        end = self.high_watermark
        if committed:
            stable = self._log.last_stable_offset(end)
            if stable <= offset <= end:
                return None
            end = stable
        found = self._log.locate(offset, max_bytes, end_offset=end, min_one=min_one)
        return found if found.size else None

    @property
    def last_stable_offset(self) -> int:
        """Exclusive end of what readers of committed records may see (KIP-98)."""
        if self._log is None:
            return 0
        return self._log.last_stable_offset(self.high_watermark)

    def aborted_transactions(self, found: LogSlice) -> list[AbortedTransaction]:
        """Return the aborted transactions that overlap a slice."""
        if self._log is None:
            return []
        return self._log.aborted_transactions(found.start_offset, found.next_offset)

    def end_offset_for_epoch(self, epoch: int) -> tuple[int, int] | None:
        """Return the largest leader epoch at or below one, and where it ends (KIP-279).

        Returns:
            None when all records are of later epochs, or there is none.
        """
        if self._log is None:
            return None
        return self._log.end_offset_for_epoch(epoch)

    def offset_for_timestamp(
        self, timestamp_ms: int, *, committed: bool = False
    ) -> TimestampAndOffset | None:
        """Return the first visible record at or after a timestamp, or None."""
        if self._log is None:
            return None
        end = self.last_stable_offset if committed else self.high_watermark
        return self._log.offset_for_timestamp(timestamp_ms, end_offset=end)

    def max_timestamp(self) -> TimestampAndOffset | None:
        """Return the visible record with the largest timestamp, or None."""
        if self._log is None:
            return None
        return self._log.max_timestamp(end_offset=self.high_watermark)

    def advance_log_start(self, offset: int) -> int:
        """Make records below an offset unreadable; return the new log start offset.

        Raises:
            OffsetOutOfRange: Beyond the high watermark.
            PassingDiskError: The disk refuses it for now.
            DiskError: The disk failed, and its directory is fenced.
        """
        self._check_writable()
        if not 0 <= offset <= self.high_watermark:
            raise OffsetOutOfRange(offset, self.log_start_offset, self.high_watermark)
        if self._placed is not None:
            try:
                self._placed.log.advance_log_start(offset)
            except PassingDiskError:
                raise
            except DiskError as error:
                self._placed.commit.fence(str(error))
                raise
        return self.log_start_offset

    def update_config(self, config: LogConfig) -> None:
        """Use other configs from now on."""
        self._config = config
        if self._placed is not None:
            self._placed.log.update_config(config)
            if self._placed.log.unflushed_records:
                self._placed.commit.request(self._placed.log, self._on_durable)

    def request_flush(self) -> None:
        """Have what is not yet synced synced soon, whatever the topic's flush configs say."""
        if self._log is not None and self._gone is None and self._log.unflushed_records:
            self._flush_now()

    def fence(self, reason: str) -> None:
        """Answer every waiter with an error and take nothing any more; reads go on."""
        self._fenced = reason
        self._give_up(LogOffline(reason))

    def fail(self, gone: LogOffline) -> None:
        """Answer every waiter with an error and refuse all that comes later.

        Args:
            gone: Its kind and words are those of the refusals.
        """
        self._gone = gone
        self._give_up(gone)

    def _give_up(self, why: LogOffline) -> None:
        if self._flush_timer is not None:
            self._flush_timer.cancel()
            self._flush_timer = None
        if self._placed is not None:
            self._placed.commit.forget(self._placed.log)
        while self._durability_waiters:
            _, future = self._durability_waiters.popleft()
            if not future.done():
                future.set_exception(type(why)(*why.args))  # of its own: it takes a traceback
        self.watchers.wake_all()

    def _check_online(self) -> None:
        if self._gone is not None:
            raise type(self._gone)(*self._gone.args)

    def _check_writable(self) -> None:
        self._check_online()
        if self._fenced is not None:
            raise LogOffline(self._fenced)

    def _note_high_watermark(self) -> None:
        """Tell the log what is replicated: retention, compaction and transactions go by it."""
        if self._log is not None:
            self._log.advance_high_watermark(self.high_watermark)

    def _on_durable(self) -> None:
        self._note_high_watermark()
        high_watermark = self.high_watermark
        waiters = self._durability_waiters
        while waiters and waiters[0][0] <= high_watermark:
            _, future = waiters.popleft()
            if not future.done():
                future.set_result(None)
        self.watchers.wake_all()

    def _schedule_relaxed_flush(self) -> None:
        """Sync when ``flush.messages`` are waiting, or ``flush.ms`` after the first of them."""
        log = self._log
        assert log is not None, "called after an append"
        if log.unflushed_records >= self._config.flush_messages:
            self._flush_now()
        elif self._flush_timer is None and self._config.flush_ms < FLUSH_MS_NEVER:
            delay_s = self._config.flush_ms / 1000
            self._flush_timer = asyncio.get_running_loop().call_later(delay_s, self._flush_now)

    def _flush_now(self) -> None:
        if self._flush_timer is not None:
            self._flush_timer.cancel()
            self._flush_timer = None
        if self._placed is not None:
            self._placed.commit.request(self._placed.log, self._on_durable)
