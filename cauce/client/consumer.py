"""Consume over REST v3: page after page of a partition, or of all partitions of a topic.

The place of the reader lives here, never on the server.

Invariants:
    Each page begins where the one before ended; a page that failed is asked for again.
Called by: cli.consume. Calls: client.http.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from cauce.client.errors import UnexpectedAnswer
from cauce.client.http import HttpClient
from cauce.client.topics import topic_path

PAGE_BYTES_MAX = 4 * 1024 * 1024
"""Bytes of records asked for in one request."""


class PartitionPlace(msgspec.Struct, frozen=True):
    """How far a partition has been read, and how far it could be; both exclusive."""

    partition_id: int
    next_offset: int
    high_watermark: int


class ShownBytes(msgspec.Struct, frozen=True):
    """A key or value that was asked for as BINARY."""

    type: Literal["BINARY"]
    data: bytes


class BinaryRecord(msgspec.Struct, frozen=True):
    """The bytes of one record; the rest of it is not looked at."""

    key: ShownBytes | None
    value: ShownBytes | None


class FilterCounts(msgspec.Struct, frozen=True):
    """What became of the records that a filter was asked about."""

    scanned: int
    matched: int
    failed: int
    first_failure: str | None = None
    """Where the first record is that the filter could say nothing about, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some records, each as the server wrote its JSON, and the places behind them."""

    records: Sequence[msgspec.Raw]
    places: Mapping[int, PartitionPlace]
    filtered: FilterCounts | None = None
    """With a filter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Where to begin: ``from`` earliest or latest, an ``offset``, or a ``timestamp`` in ms."""

    parameter: str
    value: str


class _TopicAnswer(msgspec.Struct):
    data: list[msgspec.Raw]
    next_cursor: str
    partitions: list[PartitionPlace]
    filter: FilterCounts | None = None


class _PartitionAnswer(msgspec.Struct):
    data: list[msgspec.Raw]
    next_offset: int
    high_watermark: int
    filter: FilterCounts | None = None


_topic_decoder = msgspec.json.Decoder(_TopicAnswer)
_partition_decoder = msgspec.json.Decoder(_PartitionAnswer)


class Consumer:
    """Reads one topic from a place on."""

    def __init__(
        self,
        http: HttpClient,
        topic: str,
        start: Start,
        *,
        partition: int | None = None,
        types: Mapping[str, str] | None = None,
        where: str | None = None,
    ) -> None:
        """Prepare; nothing is read yet.

        Args:
            http: The server.
            topic: To read.
            start: Where to begin; an offset needs a partition.
            partition: The only one to read, or None for all.
            types: ``key_type`` and ``value_type`` to show data as, or what they are.
            where: Only records of which this expression of CEL is true.
        """
        assert start.parameter != "offset" or partition is not None, "an offset of what?"
        self._http = http
        self.url = http.url
        self._partition = partition
        self._kept = dict(types or {})
        if where is not None:
            self._kept["filter"] = where
        self._place = {start.parameter: start.value}
        whole = topic_path(topic)
        below = "" if partition is None else f"/partitions/{partition}"
        self._path = f"{whole}{below}/records"

    def next_page(self, *, records_max: int, wait_ms: int) -> Page:
        """Return the next records.

        Args:
            records_max: How many at most.
            wait_ms: How long the server may wait for the first of them.
        """
        params: dict[str, str | int] = {
            **self._place,
            **self._kept,
            "max_records": records_max,
            "max_bytes": PAGE_BYTES_MAX,
            "wait_ms": wait_ms,
        }
        body = self._http.get(self._path, params, wait_s=wait_ms / 1000)
        try:
            return self._topic_page(body) if self._partition is None else self._page(body)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise UnexpectedAnswer(self._http.url, f"the records do not read: {error}") from error

    def _topic_page(self, body: bytes) -> Page:
        answer = _topic_decoder.decode(body)
        self._place = {"cursor": answer.next_cursor}
        places = {place.partition_id: place for place in answer.partitions}
        return Page(records=answer.data, places=places, filtered=answer.filter)

    def _page(self, body: bytes) -> Page:
        assert self._partition is not None, "a topic's pages have cursors"
        answer = _partition_decoder.decode(body)
        self._place = {"offset": str(answer.next_offset)}
        place = PartitionPlace(
            partition_id=self._partition,
            next_offset=answer.next_offset,
            high_watermark=answer.high_watermark,
        )
        return Page(records=answer.data, places={self._partition: place}, filtered=answer.filter)
