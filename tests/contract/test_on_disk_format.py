"""docs/on-disk-format.md: what its tables say is what the code writes, to the byte."""

import re
import struct
from collections.abc import Sequence
from pathlib import Path

import pytest

from storage import known_log_dirs, leader_epochs, log_dir, log_layout, meta_properties
from storage.files import TEMPORARY_SUFFIX, Disk
from storage.format import batch
from storage.format.batch import BatchHeader, Compression, iterate_headers
from storage.format.builder import build_batch
from storage.format.crc import crc32c
from storage.inspection.dump import (
    AbortedEntry,
    DumpedBatch,
    OffsetEntry,
    ProducerEntry,
    TimeEntry,
    dump,
)
from storage.producers.producer_state import BATCHES_KEPT
from storage.recovery import CUT_SUFFIX
from storage.segments import segment
from tests.support.log_files import make_data_directory
from tests.support.node import ROOT

TEXT = (ROOT / "docs" / "on-disk-format.md").read_text()
TYPES = {"int8": "b", "int16": "h", "int32": "i", "uint32": "I", "int64": "q"}


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_data_directory(tmp_path_factory.mktemp("data"), partitions=1)


def rows(heading: str) -> list[list[str]]:
    """Return the rows of the first table under a heading, without its own head."""
    section = TEXT.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return cells(section.split("\n\n"))


def cells(blocks: Sequence[str]) -> list[list[str]]:
    table = next(one for one in blocks if one.lstrip("\n").startswith("|")).strip().splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[2:]]


def form_of(heading: str, file: str) -> struct.Struct:
    """Return how the table says that an entry of a file is packed."""
    return struct.Struct(
        ">" + "".join(TYPES[kind] for name, kind, _ in rows(heading) if name == file)
    )


def test_the_header_of_a_batch_is_as_told(log: Path) -> None:
    told = rows("Record batch")
    form = struct.Struct(">" + "".join(TYPES[kind] for _, kind, _ in told))
    names = [re.split("[:;,]| in ms", field)[0].replace(" ", "_") for _, _, field in told]
    data = sorted(log.glob("*.log"))[0].read_bytes()

    assert form.size == batch.HEADER_SIZE == 61
    starts = [struct.calcsize(form.format[: 1 + number]) for number in range(len(told))]
    assert starts == [int(position) for position, _, _ in told]
    for position, header in iterate_headers(data):
        fields = dict(zip(names, form.unpack_from(data, position), strict=True))
        assert fields == {
            name.removesuffix("_ms"): value for name, value in header._asdict().items()
        }
        assert crc32c(data[position + 21 : position + header.size]) == fields["crc"]


def test_attributes_are_as_told() -> None:
    section = TEXT.split("\n## Record batch\n")[1].split("\n\n")
    told = cells([one for one in section if one.startswith("| attributes")])

    assert [int(bits, 16) for bits, _ in told] == [
        batch.COMPRESSION_MASK,
        batch.TIMESTAMP_TYPE_BIT,
        batch.TRANSACTIONAL_BIT,
        batch.CONTROL_BIT,
        batch.DELETE_HORIZON_BIT,
    ]
    codecs = re.findall(r"(\d) (\w+)", told[0][1])
    assert {int(number): name for number, name in codecs} == {
        one.value: one.name.lower() for one in Compression
    }


def test_a_record_is_as_told() -> None:
    data = bytes(build_batch([(7, None, b"ab", ((b"h", None),)), (9, b"k", None, ())]))

    records = data[batch.HEADER_SIZE :]

    assert len(rows("Record")) == 7
    first = bytes([24, 0, 0, 0, 1, 4]) + b"ab" + bytes([2, 2]) + b"h" + bytes([1])
    second = bytes([14, 0, 4, 2, 2]) + b"k" + bytes([1, 0])
    assert records == bytes([(len(first) - 1) * 2]) + first[1:] + second


def test_indexes_are_as_told(log: Path) -> None:
    for path in sorted(log.glob("*.log")):
        base = int(path.stem)
        names = [path.with_suffix(one) for one in (".index", ".timeindex", ".txnindex")]
        entries = list(dump(Disk(), names, records=False))
        unpacked = {
            one.suffix: list(form_of("Indexes", f"`{one.suffix}`").iter_unpack(one.read_bytes()))
            for one in names
        }
        assert [(base + offset, at) for offset, at in unpacked[".index"]] == [
            (one.offset, one.position) for one in entries if isinstance(one, OffsetEntry)
        ]
        assert [(time_ms, base + offset) for time_ms, offset in unpacked[".timeindex"]] == [
            (one.timestamp_ms, one.offset) for one in entries if isinstance(one, TimeEntry)
        ]
        assert unpacked[".txnindex"] == [
            (0, *one.transaction) for one in entries if isinstance(one, AbortedEntry)
        ]


def test_an_index_entry_names_a_batch(log: Path) -> None:
    path = sorted(log.glob("*.log"))[0]
    batches: dict[int, BatchHeader] = {
        one.position: one.header
        for one in dump(Disk(), [path], records=False)
        if isinstance(one, DumpedBatch)
    }

    form = form_of("Indexes", "`.index`")
    found = list(form.iter_unpack(path.with_suffix(".index").read_bytes()))

    assert found
    assert all(batches[position].last_offset == offset for offset, position in found)


def test_a_snapshot_is_as_told(log: Path) -> None:
    head, entry = form_of("Producer snapshot", "head"), form_of("Producer snapshot", "entry")
    path = sorted(log.glob("*.snapshot"))[-1]
    data = path.read_bytes()

    version, crc, count = head.unpack_from(data)
    told = list(entry.iter_unpack(data[head.size :]))

    assert (version, crc) == (1, crc32c(data[6:]))
    assert len(told) == count
    known = [
        (one.producer_id, one.producer.epoch, batch.last_sequence, batch.last_offset)
        for one in dump(Disk(), [path], records=False)
        if isinstance(one, ProducerEntry)
        for batch in one.producer.batches
    ]
    assert [fields[:4] for fields in told] == known
    assert BATCHES_KEPT == 5


def test_checkpoints_are_as_told(log: Path) -> None:
    data = log.parents[2]

    epochs = (log / "leader-epoch-checkpoint").read_text().splitlines()
    points = (data / "recovery-point-offset-checkpoint").read_text().splitlines()

    assert epochs[:2] == ["0", "2"]
    assert [line.split(" ")[0] for line in epochs[2:]] == ["3", "4"]
    assert points[:2] == ["0", "1"]
    assert points[2].split(" ")[:2] == [log.parent.name, "0"]


def test_every_name_is_told(log: Path) -> None:
    data = log.parents[2]
    told = "".join(row[0] for row in [*rows("Directories"), *rows("Files of one log")])

    names = [path.name for path in data.iterdir()]
    names += [path.name.replace(path.stem, "", 1) for path in log.glob("0*")]
    names += [path.name for path in log.iterdir() if not path.name.startswith("0")]
    names += [log_dir.LOCK, log_dir.CLEAN_MARK, log_dir.RECOVERY_POINTS, log_dir.LOG_STARTS]
    names += [log_dir.CLEANER_OFFSETS, known_log_dirs.KNOWN, leader_epochs.FILE_NAME]
    names += [log_layout.LOGS, log_layout.QUARANTINE, log_layout.DELETE_SUFFIX]
    names += [meta_properties.META, TEMPORARY_SUFFIX, CUT_SUFFIX, *segment.SUFFIXES]
    names += [segment.DELETED_SUFFIX, segment.CLEANED_SUFFIX, segment.SWAP_SUFFIX]

    assert [name for name in names if name not in told] == []
