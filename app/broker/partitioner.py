"""Partitioner: which partition a record goes to when its producer does not say.

A record with a key goes to ``murmur2(key) mod partitions``, as Kafka's Java client does, so
that producers of every kind agree. Records without a key stick to one partition until enough
bytes went there, then move to the next one (the idea of KIP-480 and KIP-794: fewer, larger
batches, and here fewer files to sync).
"""

import struct
from functools import lru_cache

STICKY_BYTES = 64 * 1024
"""Bytes without a key that go to one partition before the next one is chosen."""

CACHED_KEY_BYTES_MAX = 128
"""Longer keys are hashed each time, so that the cache's memory stays bounded."""

_SEED = 0x9747B28C
_MIX = 0x5BD1E995
_MASK = 0xFFFFFFFF
_POSITIVE = 0x7FFFFFFF


def murmur2(data: bytes) -> int:
    """Return the 32-bit murmur2 hash, unsigned, with the seed that Kafka's clients use.

    Source: Austin Appleby's MurmurHash2; ``org.apache.kafka.common.utils.Utils.murmur2``.
    """
    size = len(data)
    whole = size & ~3
    h = _SEED ^ size
    for (k,) in struct.iter_unpack("<I", data[:whole]):
        k = (k * _MIX) & _MASK  # noqa: PLW2901 - the algorithm's own name for the mixed word
        k = ((k ^ (k >> 24)) * _MIX) & _MASK  # noqa: PLW2901
        h = ((h * _MIX) & _MASK) ^ k
    if whole != size:
        h = ((h ^ int.from_bytes(data[whole:], "little")) * _MIX) & _MASK
    h = ((h ^ (h >> 13)) * _MIX) & _MASK
    return h ^ (h >> 15)


@lru_cache(maxsize=65_536)
def _cached_murmur2(key: bytes) -> int:
    return murmur2(key)


def partition_for_key(key: bytes, partition_count: int) -> int:
    """Return the partition of a key: the hash made positive as Kafka does, modulo the count."""
    hashed = _cached_murmur2(key) if len(key) <= CACHED_KEY_BYTES_MAX else murmur2(key)
    return (hashed & _POSITIVE) % partition_count


class Partitioner:
    """Remembers where the records without a key of each topic go at the moment."""

    def __init__(self) -> None:
        self._sticky: dict[str, tuple[int, int]] = {}

    def partition_without_key(self, topic_id: str, partition_count: int, size: int) -> int:
        """Return the partition for keyless records of a topic.

        Args:
            topic_id: Whose records.
            partition_count: How many partitions it has now.
            size: Bytes that are about to go there.
        """
        partition, used = self._sticky.get(topic_id, (0, 0))
        if partition >= partition_count:
            partition = 0
        used += size
        if used >= STICKY_BYTES:
            self._sticky[topic_id] = ((partition + 1) % partition_count, 0)
        else:
            self._sticky[topic_id] = (partition, used)
        return partition

    def forget(self, topic_id: str) -> None:
        """Drop what is remembered of a topic that is gone."""
        self._sticky.pop(topic_id, None)
