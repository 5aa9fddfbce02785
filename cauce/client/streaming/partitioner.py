"""Which partition a record goes to: by its key, as Kafka's Java client decides, or by turns.

Pure. Called by: sending. Calls: nothing.
Source: Kafka, clients' ``Utils.murmur2`` and ``BuiltInPartitioner``: Austin Appleby's MurmurHash2
with the seed 0x9747b28c, made positive, modulo the number of partitions.
"""

_SEED = 0x9747B28C
_MULTIPLIER = 0x5BD1E995
_MASK = 0xFFFFFFFF


def partition_for_key(key: bytes, partitions: int) -> int:
    """Return the partition of a key."""
    return (_murmur2(key) & 0x7FFFFFFF) % partitions


def _murmur2(data: bytes) -> int:
    hashed = _SEED ^ len(data)
    whole = len(data) // 4 * 4
    for at in range(0, whole, 4):
        mixed = int.from_bytes(data[at : at + 4], "little") * _MULTIPLIER & _MASK
        mixed ^= mixed >> 24
        hashed = (hashed * _MULTIPLIER & _MASK) ^ (mixed * _MULTIPLIER & _MASK)
    if whole < len(data):
        hashed ^= int.from_bytes(data[whole:], "little")
        hashed = hashed * _MULTIPLIER & _MASK
    hashed ^= hashed >> 13
    hashed = hashed * _MULTIPLIER & _MASK
    return hashed ^ (hashed >> 15)
