"""Offset map: the last offset of each key in the dirty part of a log, in bounded memory.

Many small dictionaries stand in the place of a large one: a large one holds the interpreter for
tens of milliseconds when it grows or goes, and the event loop with it.

Called by: cleaner. Calls: nothing.
Source: Kafka's ``SkimpyOffsetMap``, which holds digests; here short keys are held as they are.
"""

from collections.abc import Sequence
from hashlib import blake2b

MapKey = bytes | int

LONG_KEY_BYTES = 64
"""Longer keys are held as their digest."""

ENTRY_BYTES = 150
"""What an entry costs beside its key."""

SHARDS = 256


class OffsetMap:
    """The last offset of each key."""

    def __init__(self, bytes_max: int) -> None:
        """Know no key.

        Args:
            bytes_max: About so much memory; the last batch put in may go beyond it.
        """
        self._shards: list[dict[MapKey, int]] = [{} for _ in range(SHARDS)]
        self._bytes_max = bytes_max
        self._bytes = 0
        self._count = 0
        self.end_offset = 0
        """Everything below it, from where the map begins, is in the map."""

    def __len__(self) -> int:
        return self._count

    @property
    def is_full(self) -> bool:
        """Whether no more keys should be put in."""
        return self._bytes >= self._bytes_max

    def put(self, keys: Sequence[bytes | None], offsets: Sequence[int], end_offset: int) -> None:
        """Put the records of a batch in.

        Args:
            keys: Null ones count for nothing.
            offsets: Theirs, rising.
            end_offset: Behind the batch.
        """
        shards = self._shards
        size = 0
        for key, offset in zip(keys, offsets, strict=True):
            if key is not None:
                length = len(key)
                found: MapKey = key if length <= LONG_KEY_BYTES else _digest(key)
                shard = shards[hash(found) % SHARDS]
                if found not in shard:
                    size += ENTRY_BYTES + (length if length <= LONG_KEY_BYTES else 0)
                    self._count += 1
                shard[found] = offset
        self._bytes += size
        self.end_offset = max(self.end_offset, end_offset)

    def are_last(self, keys: Sequence[bytes | None], offsets: Sequence[int]) -> list[bool]:
        """Return of each record whether nothing in the map replaces it; False without a key."""
        shards = self._shards
        return [
            key is not None
            and offset
            >= (
                shards[hash(key) % SHARDS].get(key, -1)
                if len(key) <= LONG_KEY_BYTES
                else self._last(_digest(key))
            )
            for key, offset in zip(keys, offsets, strict=True)
        ]

    def _last(self, digest: int) -> int:
        return self._shards[hash(digest) % SHARDS].get(digest, -1)

    def clear(self) -> None:
        """Forget every key, piece by piece."""
        while self._shards:
            self._shards.pop()


def _digest(key: bytes) -> int:
    """Return a number, so that no key of 16 bytes is taken for it."""
    return int.from_bytes(blake2b(key, digest_size=16).digest())
