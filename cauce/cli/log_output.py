"""How what is in a log's files is written: as lines of Kafka's dump tool, and as JSON.

The lines are those of ``kafka-dump-log.sh --deep-iteration --print-data-log`` (Kafka 4.1), to the
letter, so that scripts made for it read them; what that tool does not know begins with ``!``.
"""

import base64
import json
from typing import TYPE_CHECKING

from storage.inspection.dump import (
    AbortedEntry,
    Damage,
    DumpedBatch,
    DumpedRecord,
    EpochEntry,
    FileStart,
    OffsetEntry,
    ProducerEntry,
    TimeEntry,
)

if TYPE_CHECKING:
    from storage.format.batch import BatchHeader
    from storage.inspection.dump import Entry
    from storage.inspection.findings import Finding, LogReport
    from storage.inspection.repair import Repair

_TIMESTAMP_TYPES = ("CreateTime", "LogAppendTime")
_SEQUENCES = 1 << 31


def as_text(entry: "Entry") -> str:
    """Return an entry as the lines that Kafka's tool prints of it."""
    match entry:
        case FileStart(path):
            start = f"\nLog starting offset: {int(path.stem)}" if path.suffix == ".log" else ""
            text = f"Dumping {path}{start}"
        case DumpedBatch(position, header):
            text = _batch_text(position, header)
        case DumpedRecord():
            text = _record_text(entry)
        case OffsetEntry(offset, position):
            text = f"offset: {offset} position: {position}"
        case TimeEntry(timestamp_ms, offset):
            text = f"timestamp: {timestamp_ms} offset: {offset}"
        case AbortedEntry(one):
            text = (
                f"version: 0 producerId: {one.producer_id} firstOffset: {one.first_offset} "
                f"lastOffset: {one.last_offset} lastStableOffset: {one.last_stable_offset}"
            )
        case ProducerEntry():
            text = _producer_text(entry)
        case EpochEntry(epoch, start_offset):
            text = f"epoch: {epoch} startOffset: {start_offset}"
        case Damage(problem, position, size):
            where = "" if position is None else f" {size} bytes at position {position}:"
            text = f"! damaged:{where} {problem}"
    return text


def as_json(entry: "Entry") -> bytes:
    """Return an entry as a line of JSON; numbers and names are those of the file's format."""
    match entry:
        case FileStart(path):
            found: dict[str, object] = {"type": "file", "path": str(path)}
        case DumpedBatch(position, header):
            found = {"type": "batch", "position": position, "size": header.size}
            found |= header._asdict()
        case DumpedRecord(_, record, marker):
            found = {
                "type": "record",
                "offset": record.offset,
                "timestamp_ms": record.timestamp_ms,
                "key": _data(record.key),
                "value": _data(record.value),
                "headers": [
                    {"name": name.decode("utf-8", "replace"), "value": _data(value)}
                    for name, value in record.headers
                ],
            }
            if marker is not None:
                found["end_transaction"] = marker.type.name
                found["coordinator_epoch"] = marker.coordinator_epoch
        case AbortedEntry(one):
            found = {"type": "aborted_transaction", **one._asdict()}
        case ProducerEntry(producer_id, known):
            found = {
                "type": "producer",
                "producer_id": producer_id,
                "producer_epoch": known.epoch,
                "coordinator_epoch": known.coordinator_epoch,
                "transaction_start": known.transaction_start,
                "seen_ms": known.seen_ms,
                "batches": [one._asdict() for one in known.batches],
            }
        case OffsetEntry(offset, position):
            found = {"type": "offset_entry", "offset": offset, "position": position}
        case TimeEntry(timestamp_ms, offset):
            found = {"type": "time_entry", "timestamp_ms": timestamp_ms, "offset": offset}
        case EpochEntry(epoch, start_offset):
            found = {"type": "epoch", "epoch": epoch, "start_offset": start_offset}
        case Damage(text, position, size):
            found = {"type": "damage", "text": text, "position": position, "size": size}
    return to_json(found)


def to_json(value: dict[str, object]) -> bytes:
    """Return a line of JSON."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogateescape") + b"\n"


def report_as_json(report: "LogReport") -> dict[str, object]:
    """Return a report's fields."""
    return {
        "log": str(report.directory),
        "severity": report.severity.name,
        "segments": report.segments,
        "batches": report.batches,
        "records": report.records,
        "log_start_offset": report.log_start_offset,
        "log_end_offset": report.log_end_offset,
        "findings": [finding_as_json(one) for one in report.findings],
    }


def finding_as_json(finding: "Finding") -> dict[str, object]:
    """Return a finding's fields."""
    return {
        "severity": finding.severity.name,
        "kind": finding.kind,
        "path": str(finding.path),
        "text": finding.text,
        "position": finding.position,
        "size": finding.size,
        "start_offset": finding.start_offset,
        "end_offset": finding.end_offset,
    }


def finding_as_text(finding: "Finding") -> str:
    """Return a finding as a line for a person."""
    return f"  {finding.severity.name:<7}  {finding.kind}  {finding.path.name}: {finding.text}"


def report_as_text(report: "LogReport") -> str:
    """Return a report as the lines that a person reads."""
    first = (
        f"{report.directory}: {report.segments} segments, {report.batches} batches, "
        f"{report.records} records, offsets {report.log_start_offset} to {report.log_end_offset}"
    )
    return "\n".join([first, *(finding_as_text(one) for one in report.findings)])


def repair_as_json(done: "Repair") -> dict[str, object]:
    """Return what a repair did."""
    return {
        "log": str(done.before.directory),
        "before": report_as_json(done.before),
        "after": None if done.after is None else report_as_json(done.after),
        "cut_bytes": done.cut_bytes,
        "lost_offsets": [
            {"start_offset": one.start_offset, "end_offset": one.end_offset} for one in done.filled
        ],
        "log_start_offset": done.log_start_offset,
        "aside": None if done.aside is None else str(done.aside),
    }


def repair_as_text(done: "Repair", *, dry_run: bool) -> str:
    """Return what a repair did, or would do, as the lines that a person reads."""
    would = "would be " if dry_run else ""
    lines = [report_as_text(done.before)]
    if done.cut_bytes:
        lines.append(f"  {done.cut_bytes} bytes {would}taken out")
    lines += [
        f"  offsets {one.start_offset} to {one.end_offset - 1} {would}left empty"
        for one in done.filled
    ]
    if done.log_start_offset != done.before.log_start_offset:
        lines.append(f"  the log's start {would}raised to {done.log_start_offset}")
    if done.aside is not None:
        lines.append(f"  what was taken out lies in {done.aside}")
    if done.after is not None:
        lines.append(f"  now it holds {done.after.records} records and opens")
    return "\n".join(lines)


def _batch_text(position: int, header: "BatchHeader") -> str:
    last = header.base_sequence
    if last >= 0:
        last = (last + header.last_offset_delta) % _SEQUENCES
    horizon = f"[{header.base_timestamp_ms}]" if header.has_delete_horizon else ".empty"
    return (
        f"baseOffset: {header.base_offset} lastOffset: {header.last_offset} "
        f"count: {header.record_count} baseSequence: {header.base_sequence} lastSequence: {last} "
        f"producerId: {header.producer_id} producerEpoch: {header.producer_epoch} "
        f"partitionLeaderEpoch: {header.partition_leader_epoch} "
        f"isTransactional: {_bool(header.is_transactional)} "
        f"isControl: {_bool(header.is_control)} deleteHorizonMs: OptionalLong{horizon} "
        f"position: {position} {_TIMESTAMP_TYPES[header.timestamp_type]}: "
        f"{header.max_timestamp_ms} size: {header.size} magic: {header.magic} "
        f"compresscodec: {header.compression.name.lower()} crc: {header.crc} isvalid: true"
    )


def _record_text(entry: "DumpedRecord") -> str:
    header, record = entry.header, entry.record
    sequence = header.base_sequence
    if sequence >= 0:
        sequence = (sequence + record.offset - header.base_offset) % _SEQUENCES
    names = ",".join(name.decode("utf-8", "replace") for name, _ in record.headers)
    text = (
        f"| offset: {record.offset} {_TIMESTAMP_TYPES[header.timestamp_type]}: "
        f"{record.timestamp_ms} keySize: {_size(record.key)} valueSize: {_size(record.value)} "
        f"sequence: {sequence} headerKeys: [{names}]"
    )
    if entry.marker is not None:
        kind, epoch = entry.marker.type.name, entry.marker.coordinator_epoch
        return f"{text} endTxnMarker: {kind} coordinatorEpoch: {epoch}"
    if record.key is not None:
        text += f" key: {record.key.decode('utf-8', 'replace')}"
    if record.value is not None:
        text += f" payload: {record.value.decode('utf-8', 'replace')}"
    return text


def _producer_text(entry: "ProducerEntry") -> str:
    known = entry.producer
    start = known.transaction_start
    first = (
        f"producerId: {entry.producer_id} producerEpoch: {known.epoch} "
        f"coordinatorEpoch: {known.coordinator_epoch} "
        f"currentTxnFirstOffset: OptionalLong{'.empty' if start is None else f'[{start}]'} "
        f"lastTimestamp: {known.seen_ms} "
    )
    lines = [
        f"{first}firstSequence: {one.first_sequence} lastSequence: {one.last_sequence} "
        f"lastOffset: {one.last_offset} offsetDelta: {one.last_offset - one.first_offset} "
        f"timestamp: {known.seen_ms}"
        for one in known.batches
    ]
    return "\n".join(lines) if lines else first


def _data(data: bytes | None) -> dict[str, str] | None:
    if data is None:
        return None
    try:
        return {"type": "STRING", "data": data.decode()}
    except UnicodeDecodeError:
        return {"type": "BINARY", "data": base64.b64encode(data).decode()}


def _size(data: bytes | None) -> int:
    return -1 if data is None else len(data)


def _bool(value: bool) -> str:
    return "true" if value else "false"
