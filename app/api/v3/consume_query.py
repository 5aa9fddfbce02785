"""The query of a consume request: where to begin, how much, how long to wait, in what form."""

import base64
import binascii
from dataclasses import dataclass
from urllib.parse import urlencode

import msgspec

from app.api.embedded_formats import EmbeddedFormat
from app.api.records.query_parameters import (
    bad_parameter,
    read_format,
    read_integer,
    read_query,
    read_timestamp,
)

RECORDS_DEFAULT = 1_000
RECORDS_MAX = 100_000
BYTES_DEFAULT = 1024 * 1024
BYTES_MAX = 64 * 1024 * 1024
WAIT_MS_MAX = 60_000
OFFSET_MAX = 2**63 - 1
PARTITIONS_MAX = 2_000
"""Partitions that a cursor can be over: its text must fit into a request's head with the rest."""

CURSOR_CHARS_MAX = 24 * 1024
"""What so many partitions take at the most: 9 bytes an offset, and a third for base64."""

_COMMON = frozenset(
    {"timestamp", "from", "max_records", "max_bytes", "wait_ms", "key_type", "value_type", "filter"}
)


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """The place of a reader of all partitions of a topic."""

    topic_id: str
    offsets: tuple[int, ...]
    """Next offset of each partition; partitions beyond are read from their start."""

    first: int
    """Which partition the next page begins with, so that none starves."""

    def encode(self) -> str:
        """Return the cursor as text for a URL."""
        return base64.urlsafe_b64encode(msgspec.msgpack.encode(self)).decode().rstrip("=")


_cursor_decoder = msgspec.msgpack.Decoder(Cursor)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumeQuery:
    """A checked query."""

    offset: int | None
    timestamp_ms: int | None
    from_latest: bool
    cursor: Cursor | None
    max_records: int
    max_bytes: int
    wait_ms: int
    key_type: EmbeddedFormat | None
    value_type: EmbeddedFormat | None
    filter: str | None
    kept: tuple[tuple[str, str], ...]
    """Parameters that the next page has too, as they were given."""

    def next_page(self, *, offset: int | None = None, cursor: str | None = None) -> str:
        """Return the query of the next page."""
        place = ("offset", str(offset)) if cursor is None else ("cursor", cursor)
        return urlencode([place, *self.kept])


def parse_query(query_string: bytes, *, over_partitions: bool) -> ConsumeQuery:
    """Check a query.

    Args:
        query_string: As it stood in the URL.
        over_partitions: Whether it is for a whole topic, with ``cursor`` in place of ``offset``.

    Raises:
        ApiError: 400, with the parameter at fault.
    """
    known = {*_COMMON, "cursor" if over_partitions else "offset"}
    given = {name: values[0] for name, values in read_query(query_string, known).items()}
    starts = [name for name in ("offset", "timestamp", "from", "cursor") if name in given]
    if len(starts) > 1:
        raise bad_parameter(starts[1], f"cannot be combined with {starts[0]}")
    start = given.get("from", "earliest")
    if start not in ("earliest", "latest"):
        raise bad_parameter("from", "must be earliest or latest")
    return ConsumeQuery(
        offset=_integer(given, "offset", None, OFFSET_MAX),
        timestamp_ms=read_timestamp("timestamp", given["timestamp"])
        if "timestamp" in given
        else None,
        from_latest=start == "latest",
        cursor=_cursor(given["cursor"]) if "cursor" in given else None,
        max_records=_integer(given, "max_records", RECORDS_DEFAULT, RECORDS_MAX, 1)
        or RECORDS_DEFAULT,
        max_bytes=_integer(given, "max_bytes", BYTES_DEFAULT, BYTES_MAX, 1) or BYTES_DEFAULT,
        wait_ms=_integer(given, "wait_ms", 0, WAIT_MS_MAX) or 0,
        key_type=read_format(given, "key_type"),
        value_type=read_format(given, "value_type"),
        filter=given.get("filter"),
        kept=tuple(
            (name, value)
            for name, value in given.items()
            if name not in ("offset", "timestamp", "from", "cursor")
        ),
    )


def _integer(
    given: dict[str, str], name: str, default: int | None, maximum: int, minimum: int = 0
) -> int | None:
    return default if name not in given else read_integer(name, given[name], minimum, maximum)


def _cursor(text: str) -> Cursor:
    try:
        if len(text) > CURSOR_CHARS_MAX or not text.isascii():
            raise ValueError("too long")
        cursor = _cursor_decoder.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, binascii.Error, msgspec.MsgspecError):
        raise bad_parameter("cursor", "is not one that was given out here") from None
    if len(cursor.offsets) > PARTITIONS_MAX or not 0 <= cursor.first <= PARTITIONS_MAX:
        raise bad_parameter("cursor", "is not one that was given out here")
    if not all(0 <= offset <= OFFSET_MAX for offset in cursor.offsets):
        raise bad_parameter("cursor", "is not one that was given out here")
    return cursor
