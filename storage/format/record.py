"""One record: key, value, headers and timestamp, as it goes into a batch and comes out of it.

Keys, values and header names are bytes here; only doors decide what they mean.
Source: Kafka docs, "Record" and "Record Header".
"""

from typing import NamedTuple

Headers = tuple[tuple[bytes, bytes | None], ...]
"""Name and value of each header, in order; names may repeat, a value may be null."""


RecordTuple = tuple[int, bytes | None, bytes | None, Headers]
"""What a ``NewRecord`` is; hot paths make the plain tuple, for a fifth of the price."""


class NewRecord(NamedTuple):
    """A record to be appended; a plain tuple of the same four does as well."""

    timestamp_ms: int
    """Event time in milliseconds since the Unix epoch."""

    key: bytes | None
    value: bytes | None
    """None is a tombstone."""

    headers: Headers = ()


class Record(NamedTuple):
    """A record read from a log."""

    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: Headers
