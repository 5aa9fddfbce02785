"""From records to lines of output.

Invariants:
    A value's line is the value's bytes and nothing else; numbers in JSON keep their digits.
Pure: no I/O.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Protocol

import msgspec

from cauce.cli.records.format_string import RecordFormat
from cauce.client.streaming.codec import Slice
from cauce.client.streaming.records import Record

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ON_ONE_LINE = bytes.maketrans(b"\r\n", b"  ")
"""Line breaks in a JSON text are white space: inside strings they are escaped."""


class Rendered(NamedTuple):
    """Some records of a partition as they are written."""

    text: bytes
    records: int
    next_offset: int
    """Behind the last of them."""


class RecordRenderer(Protocol):
    """Turns records into output."""

    @property
    def wants_json(self) -> bool:
        """Whether the server is to write the records as JSON."""
        ...

    def render(self, part: Slice, limit: int | None) -> Rendered:
        """Return what is written for a slice, for so many records of it at most.

        Raises:
            msgspec.MsgspecError: The server sent something else than was asked for.
            BadColumns: Likewise.
        """
        ...


class _ShownRecord(msgspec.Struct):
    offset: int
    timestamp: int
    key: msgspec.Raw
    value: msgspec.Raw
    headers: msgspec.Raw = msgspec.Raw(b"[]")


class _Line(msgspec.Struct):
    topic_name: str
    partition_id: int
    offset: int
    timestamp: str | int
    key: msgspec.Raw
    value: msgspec.Raw
    headers: msgspec.Raw


_decoder = msgspec.json.Decoder(_ShownRecord)
_encode = msgspec.json.encode


class JsonRenderer:
    """The whole record as JSON: key and value as the server wrote them."""

    wants_json = True

    def render(self, part: Slice, limit: int | None) -> Rendered:
        """Return one JSON object a line."""
        shown = [_decoder.decode(text) for text in part.texts[:limit]]
        lines = [
            _encode(
                _Line(
                    part.topic,
                    part.partition,
                    one.offset,
                    _iso(one.timestamp),
                    one.key,
                    one.value,
                    one.headers,
                )
            ).translate(_ON_ONE_LINE)
            for one in shown
        ]
        offsets = [one.offset for one in shown]
        return _rendered(b"".join(line + b"\n" for line in lines), part, offsets)


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueRenderer:
    """The bytes of the value, behind those of the key if there is a separator, one record a line.

    Attributes:
        null: What stands for null.
    """

    key_separator: bytes | None = None
    null: bytes = b""

    @property
    def wants_json(self) -> bool:
        """All bytes come as they are."""
        return False

    def render(self, part: Slice, limit: int | None) -> Rendered:
        """Return one value, or key and value, a line."""
        records = part.records()[:limit]
        separator, null = self.key_separator, self.null
        values = [null if record.value is None else record.value for record in records]
        if separator is None:
            text = b"\n".join(values)
        else:
            keys = [null if record.key is None else record.key for record in records]
            text = b"\n".join(
                b"%b%b%b" % (key, separator, value) for key, value in zip(keys, values, strict=True)
            )
        return _rendered(text + b"\n" if records else b"", part, _offsets(records))


@dataclass(frozen=True, slots=True, kw_only=True)
class FormatRenderer:
    """What a format string says."""

    form: RecordFormat

    @property
    def wants_json(self) -> bool:
        """All bytes come as they are."""
        return False

    def render(self, part: Slice, limit: int | None) -> Rendered:
        """Return what the format makes of each record, one after another."""
        records = part.records()[:limit]
        return _rendered(b"".join(map(self.form.write, records)), part, _offsets(records))


def _offsets(records: list[Record]) -> list[int]:
    return [record.offset for record in records]


def _rendered(text: bytes, part: Slice, offsets: list[int]) -> Rendered:
    is_whole = len(offsets) == part.count
    next_offset = part.next_offset if is_whole else offsets[-1] + 1
    return Rendered(text, len(offsets), next_offset)


def _iso(timestamp_ms: int) -> str | int:
    """Return a moment as REST writes it; beyond the calendar, the milliseconds."""
    try:
        moment = _EPOCH + timedelta(milliseconds=timestamp_ms)
    except OverflowError:
        return timestamp_ms
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
