"""From records as the server shows them to lines of output.

Invariants:
    A value's line is the value's bytes and nothing else; numbers in JSON keep their digits.
Pure: no I/O.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from cauce.client.consumer import BinaryRecord, ShownBytes

_ON_ONE_LINE = bytes.maketrans(b"\r\n", b"  ")
"""Line breaks in a JSON text are white space: inside strings they are escaped."""

_decoder = msgspec.json.Decoder(BinaryRecord)


class RecordRenderer(Protocol):
    """Turns records into lines."""

    @property
    def types(self) -> dict[str, str]:
        """What the server is to show keys and values as; empty for what they are."""
        ...

    def render(self, records: Sequence[msgspec.Raw]) -> bytes:
        """Return the lines of some records, each with its end."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonRenderer:
    """The whole record as JSON, as the server wrote it."""

    types: dict[str, str]

    def render(self, records: Sequence[msgspec.Raw]) -> bytes:
        """Return one JSON object a line."""
        return b"".join(bytes(record).translate(_ON_ONE_LINE) + b"\n" for record in records)


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueRenderer:
    """The bytes of the value, behind those of the key if there is a separator.

    Attributes:
        null: What stands for null.
    """

    key_separator: bytes | None = None
    null: bytes = b""

    @property
    def types(self) -> dict[str, str]:
        """All bytes come through base64 as they are."""
        return {"key_type": "BINARY", "value_type": "BINARY"}

    def render(self, records: Sequence[msgspec.Raw]) -> bytes:
        """Return one value, or key and value, a line.

        Raises:
            msgspec.MsgspecError: The server showed something else than was asked for.
        """
        decoded = [_decoder.decode(record) for record in records]
        separator = self.key_separator
        if separator is None:
            return b"".join(self._bytes(record.value) + b"\n" for record in decoded)
        return b"".join(
            b"%b%b%b\n" % (self._bytes(record.key), separator, self._bytes(record.value))
            for record in decoded
        )

    def _bytes(self, shown: ShownBytes | None) -> bytes:
        return self.null if shown is None else shown.data
