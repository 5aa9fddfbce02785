"""Replay: what a partition of ``__consumer_offsets`` says, read from its first record to its last.

The last word on each group and each offset counts. Records of transactions wait for their marker.
Pure: bytes in, groups out.
Called by: shard. Calls: records, offsets.
"""

from dataclasses import dataclass, field, replace

from app.coordinators.encoding import MalformedRecord
from app.coordinators.groups.consumer_protocol.consumer_group import PartValue
from app.coordinators.groups.consumer_protocol.model import Part
from app.coordinators.groups.consumer_protocol.records import ConsumerRecord, decode_consumer
from app.coordinators.groups.model import GroupMetadata
from app.coordinators.groups.offsets import GroupOffsets
from app.coordinators.groups.records import GroupRecord, OffsetRecord, decode
from storage.format.batch import BatchHeader, Buffer
from storage.format.control import ControlType, EndMarker, read_end_marker
from storage.format.decoder import decode_records


@dataclass(slots=True)
class LoadedGroup:
    """What is known of one group."""

    metadata: GroupMetadata | None = None
    """None: it only commits offsets, or is gone, or is one of KIP-848."""

    parts: dict[Part, PartValue] = field(default_factory=dict)
    """Of a group of KIP-848."""

    offsets: GroupOffsets = field(default_factory=GroupOffsets)


class Replay:
    """The groups of one partition, as far as it was read."""

    def __init__(self) -> None:
        self._groups: dict[str, LoadedGroup] = {}
        self._open: dict[int, set[str]] = {}

    @property
    def groups(self) -> dict[str, LoadedGroup]:
        """Groups of which something is left, by id."""
        return {
            group_id: one
            for group_id, one in self._groups.items()
            if one.metadata is not None or one.parts or not one.offsets.is_empty
        }

    def take(self, data: Buffer, position: int, header: BatchHeader) -> None:
        """Read the next batch.

        Raises:
            MalformedRecord: A record is not what its version says; its offset is named.
            CorruptBatch: The batch is damaged.
        """
        if header.is_control:
            self._end_transaction(header.producer_id, read_end_marker(data, position))
            return
        for record in decode_records(data, position):
            if record.key is None:
                continue
            try:
                found = decode(record.key, record.value) or decode_consumer(
                    record.key, record.value
                )
            except MalformedRecord as error:
                raise MalformedRecord(f"offset {record.offset}: {error}") from error
            if isinstance(found, GroupRecord):
                self._group(found.group_id).metadata = found.metadata
            elif isinstance(found, OffsetRecord):
                self._take_offset(header, record.offset, found)
            elif found is not None:
                self._take_part(found)

    def _take_part(self, found: ConsumerRecord) -> None:
        parts = self._group(found.group_id).parts
        if found.value is None:
            parts.pop(found.part, None)
        else:
            parts[found.part] = found.value

    def _take_offset(self, header: BatchHeader, log_offset: int, found: OffsetRecord) -> None:
        offsets = self._group(found.group_id).offsets
        if found.committed is None:
            offsets.remove(found.partition)
            return
        committed = replace(found.committed, log_offset=log_offset)
        if header.is_transactional:
            offsets.put_pending(header.producer_id, found.partition, committed)
            self._open.setdefault(header.producer_id, set()).add(found.group_id)
        else:
            offsets.put(found.partition, committed)

    def _end_transaction(self, producer_id: int, marker: EndMarker | None) -> None:
        if marker is None:
            return
        for group_id in self._open.pop(producer_id, ()):
            is_commit = marker.type is ControlType.COMMIT
            self._group(group_id).offsets.end_transaction(producer_id, is_commit=is_commit)

    def _group(self, group_id: str) -> LoadedGroup:
        return self._groups.setdefault(group_id, LoadedGroup())
