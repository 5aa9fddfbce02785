"""Leader epochs of one log: from which offset on each reign wrote.

Followers and consumers use it to find where two logs part (KIP-101, KIP-279). Kept in
``leader-epoch-checkpoint``, whose lines are ``epoch start_offset``; the batches themselves carry
their epoch, so a lost checkpoint is rebuilt from the log.

Invariants:
    Epochs rise from entry to entry, start offsets never fall.
    An entry is on disk before a batch of its epoch is acknowledged.
"""

from itertools import pairwise
from pathlib import Path

from storage.checkpoints import MalformedCheckpoint, read_checkpoint, write_checkpoint
from storage.files import Disk

FILE_NAME = "leader-epoch-checkpoint"
UNDEFINED_EPOCH = -1


class LeaderEpochs:
    """The epochs of one log, oldest first."""

    def __init__(self, disk: Disk, directory: Path) -> None:
        """Read the checkpoint; what does not read counts as missing."""
        self._disk = disk
        self._path = directory / FILE_NAME
        try:
            entries = [
                (int(epoch), int(start)) for epoch, start in read_checkpoint(disk, self._path)
            ]
        except (MalformedCheckpoint, ValueError):
            entries = []
        rising = all(one[0] < two[0] and one[1] <= two[1] for one, two in pairwise(entries))
        self._entries: list[tuple[int, int]] = entries if rising else []

    @property
    def entries(self) -> tuple[tuple[int, int], ...]:
        """Epoch and start offset of each reign."""
        return tuple(self._entries)

    @property
    def latest(self) -> int:
        """The last epoch, or ``UNDEFINED_EPOCH``."""
        return self._entries[-1][0] if self._entries else UNDEFINED_EPOCH

    def assign(self, epoch: int, start_offset: int) -> None:
        """Record that an epoch begins at an offset, unless it has begun already."""
        if epoch > self.latest:
            self._replace([*self._entries, (epoch, start_offset)])

    def end_offset_for(self, epoch: int, log_end_offset: int) -> tuple[int, int] | None:
        """Return the largest epoch at or below this one and the offset at which it ends.

        Returns:
            None when there is no such epoch (KIP-279's undefined answer).
        """
        for number in range(len(self._entries) - 1, -1, -1):
            found = self._entries[number][0]
            if found <= epoch:
                is_last = number == len(self._entries) - 1
                return found, log_end_offset if is_last else self._entries[number + 1][1]
        return None

    def truncate_from_end(self, end_offset: int) -> None:
        """Forget the epochs that begin at or above an offset."""
        kept = [entry for entry in self._entries if entry[1] < end_offset]
        self._replace(kept)

    def truncate_from_start(self, start_offset: int) -> None:
        """Forget the epochs that end at or below an offset; the one it lies in begins there."""
        later = [entry for entry in self._entries if entry[1] > start_offset]
        before = [entry for entry in self._entries if entry[1] <= start_offset]
        self._replace([(before[-1][0], start_offset), *later] if before else later)

    def rebuild(self, entries: list[tuple[int, int]]) -> None:
        """Replace all by what the log itself says."""
        self._replace(entries)

    def _replace(self, entries: list[tuple[int, int]]) -> None:
        """Write the checkpoint, durably; what did not reach the disk is not believed."""
        if entries != self._entries:
            write_checkpoint(self._disk, self._path, entries)
            self._entries = entries
