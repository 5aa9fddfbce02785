"""Bounds of the storage engine that are not configs."""

SCAN_CHUNK_BYTES = 1 << 20
"""How much of a log recovery reads at a time."""

HEADER_SCAN_BYTES = 8 << 10
"""How much is read at a time to walk the few batches behind an index entry."""

READ_POSITIONS_MAX = 256
"""Remembered places of sequential readers, per log."""

CLEANER_SYNC_BYTES = 32 << 20
"""Bytes after which compaction syncs what it writes."""

SEGMENT_BYTES_MAX = (1 << 31) - 1
"""Positions in Kafka's offset index are signed 32-bit numbers."""

RELATIVE_OFFSET_MAX = (1 << 31) - 1
"""So are offsets, relative to the segment's base."""

PRODUCERS_MAX = 100_000
"""Idempotent producers that a log remembers; beyond, the one silent for longest is forgotten."""

PRODUCER_ID_EXPIRATION_MS = 24 * 3600 * 1000
"""How long a producer that is silent is remembered; Kafka's ``producer.id.expiration.ms``."""
