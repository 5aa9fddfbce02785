"""Produce over REST v3: many records in one request, one receipt each, in the order of the records.

Invariants:
    A receipt with error_code 200 means that the record is durable.
    A record without a receipt may have been stored or not.
Called by: cli.produce. Calls: client.http.
"""

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

import msgspec

from cauce.client.errors import UnexpectedAnswer
from cauce.client.http import HttpClient
from cauce.client.topics import topic_path

GOOD = 200
"""error_code of the receipt of a record that was stored."""


class Data(msgspec.Struct, omit_defaults=True):
    """A key or a value as REST v3 takes it."""

    type: Literal["BINARY", "JSON", "STRING"]
    data: str | msgspec.Raw


class Header(msgspec.Struct):
    """One header; ``value`` is base64, or None for null."""

    name: str
    value: str | None


class NewRecord(msgspec.Struct, omit_defaults=True):
    """One record as REST v3 takes it; what is None is left out: null, or the server's choice."""

    partition_id: int | None = None
    headers: tuple[Header, ...] | msgspec.Raw | None = None
    key: Data | msgspec.Raw | None = None
    value: Data | msgspec.Raw | None = None
    timestamp: msgspec.Raw | None = None


class Receipt(NamedTuple):
    """What became of one record."""

    error_code: int
    message: str
    line: bytes
    """The receipt as the server wrote it."""


class _ReceiptLine(msgspec.Struct):
    error_code: int
    message: str = ""


_decoder = msgspec.json.Decoder(_ReceiptLine)


class Producer:
    """Sends records to one topic."""

    def __init__(self, http: HttpClient, topic: str) -> None:
        self._http = http
        self._path = f"{topic_path(topic)}/records"
        self.url = http.url

    def send(self, records: Sequence[bytes]) -> Iterator[Receipt]:
        """Send records in one request and yield their receipts.

        Args:
            records: JSON texts of records, each on one line.

        Raises:
            Refused: The request as a whole; no record of it was stored.
            AnswerLost: Receipts that were not yielded before are unknown.
        """
        content = b"\n".join(records) + b"\n"
        lines = self._http.post_for_lines(self._path, content, "application/x-ndjson")
        for number, line in enumerate(lines, start=1):
            if number > len(records):
                raise UnexpectedAnswer(self.url, "more receipts than records")
            yield self._receipt(line)

    def _receipt(self, line: bytes) -> Receipt:
        try:
            receipt = _decoder.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise UnexpectedAnswer(self.url, f"a receipt does not read: {error}") from error
        return Receipt(receipt.error_code, receipt.message, line)
