"""Shared reads: what sessions have read lately, one copy for all that read the same.

Readers at the end of a partition are woken together and read the same bytes. The copy of the first
serves the others, and with it what was already worked out of it: which records it holds, and what
doors have made of them (``Made``). So to show a record to a hundred readers costs little more
than to show it to one (benchmarks/areas/websocket.py).

Invariants:
    A copy is found by its bytes and by nothing else: no truncation, compaction or new topic of an
    old name can make it another's.
    At most ``READS_MAX`` reads are kept, of ``SHARED_BYTES_MAX`` each; ``Made`` bounds the rest.
Pure. Called by: polling. Calls: batches.
"""

from collections import OrderedDict
from collections.abc import Collection

from app.consumers.model import Made
from app.consumers.reading.batches import Cut, Limits, cut
from storage.format.batch import Buffer
from storage.segments.txn_index import AbortedTransaction

READS_MAX = 16
"""Reads that are kept, those that were used lately."""

SHARED_BYTES_MAX = 32 * 1024
"""Larger ones are of readers that are behind, each somewhere else."""

CUTS_MAX = 4
"""Cuts of one read that are kept: who reads the same bytes mostly wants the same of them."""

_EVERYTHING = Limits(1 << 62, 1 << 62)


class SharedRead:
    """One read, and what was worked out of it."""

    __slots__ = ("_cuts", "data")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._cuts: dict[tuple[int, tuple[AbortedTransaction, ...]], Cut] = {}

    def cut(self, offset: int, limits: Limits, aborted: Collection[AbortedTransaction] = ()) -> Cut:
        """Take records from an offset on; see ``batches.cut``.

        Raises:
            CorruptBatch: The first batch is damaged.
        """
        wanted = (offset, tuple(aborted))
        whole = self._cuts.get(wanted)
        if whole is None:
            whole = cut(self.data, 0, offset, _EVERYTHING, aborted)._replace(made=Made())
            if len(self._cuts) < CUTS_MAX:
                self._cuts[wanted] = whole
        if whole.record_count <= limits.records_max and whole.size <= limits.bytes_max:
            return whole
        return cut(self.data, 0, offset, limits, aborted)


class SharedReads:
    """What sessions of a node have read lately."""

    def __init__(self) -> None:
        """Have none."""
        self._reads: OrderedDict[bytes, SharedRead] = OrderedDict()

    def __len__(self) -> int:
        return len(self._reads)

    def find(self, data: Buffer) -> SharedRead | None:
        """Return the copy that all readers of these bytes share; None if there are too many."""
        if len(data) > SHARED_BYTES_MAX:
            return None
        key = bytes(data)
        found = self._reads.get(key)
        if found is None:
            found = self._reads[key] = SharedRead(key)
            if len(self._reads) > READS_MAX:
                self._reads.popitem(last=False)
        else:
            self._reads.move_to_end(key)
        return found
