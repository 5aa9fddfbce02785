"""Control records: the markers that end a transaction in a partition.

A control batch holds one record that only the broker writes. Its key is a version and a type,
its value a version and the epoch of the coordinator that decided.
Source: KIP-98, "Control messages"; Kafka's ``ControlRecordType`` and ``EndTransactionMarker``.
"""

import struct
from enum import IntEnum
from typing import NamedTuple

from storage.errors import CorruptBatch
from storage.format.batch import Buffer
from storage.format.builder import build_batch
from storage.format.decoder import decode_records

_KEY = struct.Struct(">hh")
_VALUE = struct.Struct(">hi")
_VERSION = 0


class ControlType(IntEnum):
    """What a control record says."""

    ABORT = 0
    COMMIT = 1


class EndMarker(NamedTuple):
    """The end of one producer's transaction in one partition."""

    type: ControlType
    coordinator_epoch: int
    """Of the coordinator that decided; a smaller one than before is a former coordinator."""


def build_end_marker(
    marker: EndMarker, *, producer_id: int, producer_epoch: int, timestamp_ms: int
) -> bytearray:
    """Return the control batch that ends a transaction.

    Args:
        marker: What it says.
        producer_id: Whose transaction.
        producer_epoch: The producer's from here on.
        timestamp_ms: When it was decided.
    """
    record = (
        timestamp_ms,
        _KEY.pack(_VERSION, marker.type),
        _VALUE.pack(_VERSION, marker.coordinator_epoch),
        (),
    )
    return build_batch(
        [record],
        producer_id=producer_id,
        producer_epoch=producer_epoch,
        is_transactional=True,
        is_control=True,
    )


def read_end_marker(batch: Buffer, position: int = 0) -> EndMarker | None:
    """Return what the control batch at a position says.

    Returns:
        None for an empty batch and for a type that is not known: later versions may add some.

    Raises:
        CorruptBatch: It is malformed.
    """
    records = decode_records(batch, position)
    if not records:
        return None
    key, value = records[0].key, records[0].value
    if key is None or len(key) < _KEY.size:
        raise CorruptBatch("a control record has no type")
    _, number = _KEY.unpack_from(key)
    if number not in (ControlType.ABORT, ControlType.COMMIT):
        return None
    if value is None or len(value) < _VALUE.size:
        raise CorruptBatch("an end marker has no coordinator epoch")
    _, coordinator_epoch = _VALUE.unpack_from(value)
    return EndMarker(ControlType(number), coordinator_epoch)
