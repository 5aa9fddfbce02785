import json
from pathlib import Path

from cauce.cli.log_output import as_json, as_text
from storage.format.batch import Compression, parse_header, stamp
from storage.format.builder import build_batch
from storage.format.record import Record
from storage.inspection.dump import Damage, DumpedBatch, DumpedRecord, FileStart, ProducerEntry
from storage.producers.producer_state import ProducedBatch, Producer

BATCH = build_batch(
    [(5, None, b"a", ()), (7, b"k", None, ((b"h", None),))],
    compression=Compression.GZIP,
    producer_id=3,
    producer_epoch=2,
    base_sequence=(1 << 31) - 1,
)
stamp(BATCH, 0, 40, 6)
HEADER = parse_header(BATCH)


def test_a_batch_is_worded_as_by_kafkas_tool_also_when_sequences_begin_anew() -> None:
    assert as_text(DumpedBatch(99, HEADER)) == (
        "baseOffset: 40 lastOffset: 41 count: 2 baseSequence: 2147483647 lastSequence: 0 "
        "producerId: 3 producerEpoch: 2 partitionLeaderEpoch: 6 isTransactional: false "
        "isControl: false deleteHorizonMs: OptionalLong.empty position: 99 CreateTime: 7 "
        f"size: {HEADER.size} magic: 2 compresscodec: gzip crc: {HEADER.crc} isvalid: true"
    )


def test_a_record_is_worded_as_by_kafkas_tool() -> None:
    record = Record(41, 7, b"k", None, ((b"h", None), (b"i", b"")))

    assert as_text(DumpedRecord(HEADER, record, None)) == (
        "| offset: 41 CreateTime: 7 keySize: 1 valueSize: -1 sequence: 0 headerKeys: [h,i] key: k"
    )


def test_a_producer_has_a_line_for_each_batch_it_is_remembered_by() -> None:
    batches = (ProducedBatch(0, 1, 10, 11), ProducedBatch(2, 2, 12, 12))
    known = Producer(
        epoch=1, batches=batches, coordinator_epoch=-1, seen_ms=9, transaction_start=12
    )

    assert as_text(ProducerEntry(8, known)).splitlines() == [
        "producerId: 8 producerEpoch: 1 coordinatorEpoch: -1 "
        f"currentTxnFirstOffset: OptionalLong[12] lastTimestamp: 9 {rest} timestamp: 9"
        for rest in (
            "firstSequence: 0 lastSequence: 1 lastOffset: 11 offsetDelta: 1",
            "firstSequence: 2 lastSequence: 2 lastOffset: 12 offsetDelta: 0",
        )
    ]


def test_json_keeps_bytes_that_are_no_text() -> None:
    record = Record(41, 7, None, b"\xff", ((b"h", b"x"),))

    assert json.loads(as_json(DumpedRecord(HEADER, record, None))) == {
        "type": "record",
        "offset": 41,
        "timestamp_ms": 7,
        "key": None,
        "value": {"type": "BINARY", "data": "/w=="},
        "headers": [{"name": "h", "value": {"type": "STRING", "data": "x"}}],
    }


def test_damage_and_files_have_lines_of_their_own() -> None:
    assert as_text(Damage("torn", 5, 6)) == "! damaged: 6 bytes at position 5: torn"
    assert as_text(FileStart(Path("00000000000000000012.log"))).splitlines() == [
        "Dumping 00000000000000000012.log",
        "Log starting offset: 12",
    ]
