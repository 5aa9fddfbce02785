"""From a line of input to the JSON of a record, as REST v3 takes it.

Invariants:
    What is stored is the line's bytes, whatever the data type: types only say what is checked.
    What does not fit is refused with the reason; nothing of a line is left out silently.
Pure: no I/O.
"""

import base64
from dataclasses import dataclass
from typing import Protocol

import msgspec

from cauce.cli.options import DataType, to_bytes
from cauce.client.producer import Data, Header, NewRecord

_raw_decoder = msgspec.json.Decoder(msgspec.Raw)
_encoder = msgspec.json.Encoder()


class BadLine(Exception):
    """A line that is no record; nothing of it was sent."""


class RecordEncoder(Protocol):
    """Turns lines into records."""

    def encode(self, line: bytes) -> bytes:
        """Return the JSON of a record on one line.

        Raises:
            BadLine: The line is none.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFormat:
    """How a line stands for a record.

    Attributes:
        key: Of every record; None for none, or the one in the line.
        key_separator: Stands between key and value in each line; None for lines without keys.
        null: Bytes that stand for null, as key or as value; None for none.
    """

    key: bytes | None = None
    key_separator: bytes | None = None
    null: bytes | None = None
    key_type: DataType = DataType.BINARY
    value_type: DataType = DataType.BINARY
    headers: tuple[Header, ...] = ()
    partition: int | None = None


class LineEncoder:
    """Each line is a value, or a key and a value."""

    def __init__(self, form: LineFormat) -> None:
        assert form.key is None or form.key_separator is None, "two keys"
        self._form = form

    def encode(self, line: bytes) -> bytes:
        """Return the JSON of a line's record."""
        form = self._form
        key, value = form.key, line
        if form.key_separator is not None:
            key, separator, value = line.partition(form.key_separator)
            if not separator:
                raise BadLine(f"there is no key separator {_shown(form.key_separator)}")
        record = NewRecord(
            partition_id=form.partition,
            headers=form.headers or None,
            key=self._data(key, form.key_type, "key"),
            value=self._data(value, form.value_type, "value"),
        )
        return _encoder.encode(record)

    def _data(self, data: bytes | None, kind: DataType, what: str) -> Data | None:
        if data is None or data == self._form.null:
            return None
        if kind is DataType.JSON:
            return Data("JSON", _checked_json(data, what))
        try:
            return Data("STRING", data.decode())
        except UnicodeDecodeError:
            if kind is DataType.STRING:
                raise BadLine(f"the {what} is not UTF-8") from None
        return Data("BINARY", base64.b64encode(data).decode())


class _RecordLine(msgspec.Struct, forbid_unknown_fields=True):
    """A record object as produce takes it or consume gives it."""

    partition_id: int | None = None
    headers: msgspec.Raw = msgspec.Raw()
    key: msgspec.Raw = msgspec.Raw()
    value: msgspec.Raw = msgspec.Raw()
    timestamp: msgspec.Raw = msgspec.Raw()
    topic_name: msgspec.Raw = msgspec.Raw()
    offset: msgspec.Raw = msgspec.Raw()
    timestamp_type: msgspec.Raw = msgspec.Raw()


class JsonEncoder:
    """Each line is a record object, as ``cauce consume -o json`` writes them.

    Key, value, headers and timestamp are taken from it, and the partition unless it is to be
    chosen anew. Where a record came from (topic_name, offset, timestamp_type) has no meaning here.
    """

    _decoder = msgspec.json.Decoder(_RecordLine)

    def __init__(self, *, partition: int | None = None, repartition: bool = False) -> None:
        self._partition = partition
        self._repartition = repartition

    def encode(self, line: bytes) -> bytes:
        """Return the JSON of a line's record."""
        try:
            line.decode()
            given = self._decoder.decode(line)
        except UnicodeDecodeError:
            raise BadLine("it is not UTF-8") from None
        except (msgspec.MsgspecError, RecursionError) as error:
            raise BadLine(f"it is not the JSON of a record: {error}") from None
        kept = None if self._repartition else given.partition_id
        record = NewRecord(
            partition_id=kept if self._partition is None else self._partition,
            headers=_unless_null(given.headers),
            key=_unless_null(given.key),
            value=_unless_null(given.value),
            timestamp=_unless_null(given.timestamp),
        )
        return _encoder.encode(record).translate(_ON_ONE_LINE)


_ON_ONE_LINE = bytes.maketrans(b"\r\n", b"  ")
"""Line breaks in a JSON text are white space: inside strings they are escaped."""


def parse_header(text: str) -> Header:
    """Return the header that ``name=value`` means.

    Raises:
        ValueError: It has no name or no ``=``, or the name is not UTF-8.
    """
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise ValueError(f"a header is name=value, not {text!r}")
    name.encode()
    return Header(name, base64.b64encode(to_bytes(value)).decode())


def _checked_json(data: bytes, what: str) -> msgspec.Raw:
    try:
        data.decode()
        return _raw_decoder.decode(data)
    except UnicodeDecodeError:
        raise BadLine(f"the {what} is not UTF-8") from None
    except (msgspec.MsgspecError, RecursionError) as error:
        raise BadLine(f"the {what} is not JSON: {error}") from None


def _unless_null(given: msgspec.Raw) -> msgspec.Raw | None:
    return None if bytes(given) in (b"", b"null") else given


def _shown(data: bytes) -> str:
    return ascii(data.decode("utf-8", "backslashreplace"))
