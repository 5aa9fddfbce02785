"""Whole files of logs, read by code that is not ours: all codecs, transactions, indexes, snapshots.

aiokafka and kafka-python decode the ``.log`` files; Apache Kafka's own ``DumpLogSegments``, which
Maven brings, dumps all of them, and says the same as ``cauce log dump``, line by line.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka.record.memory_records import MemoryRecords as AiokafkaRecords
from kafka.record.memory_records import MemoryRecords as KafkaPythonRecords

from storage.files import Disk
from storage.inspection.dump import DumpedBatch, DumpedRecord, dump
from storage.inspection.repair import repair
from storage.inspection.verify import verify
from tests.support.client_programs import POM, classpath
from tests.support.log_files import CODECS, make_compacted_log, make_data_directory

pytestmark = pytest.mark.slow

DUMPED = (".index", ".log", ".snapshot", ".timeindex", ".txnindex")
REPLACED = re.compile("\ufffd+")
"""Java and Python put another number of these for some bytes that are not UTF-8."""

IS_EMPTY = re.compile(r"^\d{20}\.\w+ is empty\.\n", re.MULTILINE)

RUN = "from cauce.cli.main import main; main()"

Read = tuple[int, int, bytes | None, bytes | None, tuple[tuple[bytes, bytes | None], ...]]


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_data_directory(tmp_path_factory.mktemp("data"), partitions=1)


@pytest.fixture(scope="module")
def repaired(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log with two damaged batches in it, after a repair: it has empty batches."""
    log = make_data_directory(tmp_path_factory.mktemp("repaired"), partitions=1)
    for path in sorted(log.glob("*.log"))[:2]:
        data = bytearray(path.read_bytes())
        data[70] ^= 1
        path.write_bytes(data)
    (done,) = repair(Disk(), log)
    assert len(done.filled) == 2
    return log


@pytest.fixture(scope="module")
def compacted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    log = make_compacted_log(tmp_path_factory.mktemp("compacted") / "orders-0")
    (report,) = verify(Disk(), log)
    assert report.findings == ()
    assert report.records < report.log_end_offset / 2, "it was compacted"
    return log


@pytest.fixture(scope="module")
def kafka_classpath(tmp_path_factory: pytest.TempPathFactory) -> str:
    return classpath(POM, tmp_path_factory.mktemp("maven"))


def ours(log: Path) -> Iterator[Read]:
    for entry in dump(Disk(), sorted(log.glob("*.log")), records=True):
        if isinstance(entry, DumpedRecord):
            yield tuple(entry.record)


def theirs(reader: Any, log: Path) -> Iterator[Read]:
    for path in sorted(log.glob("*.log")):
        records = reader(path.read_bytes())
        while records.has_next():
            batch = records.next_batch()
            assert batch.validate_crc()
            for one in batch:
                headers = tuple((name.encode(), value) for name, value in one.headers)
                yield one.offset, one.timestamp, one.key, one.value, headers


@pytest.mark.parametrize(
    ("reader", "which"),
    [
        (AiokafkaRecords, "log"),
        (AiokafkaRecords, "repaired"),
        (AiokafkaRecords, "compacted"),
        (KafkaPythonRecords, "log"),
        (KafkaPythonRecords, "compacted"),
    ],
)
def test_python_clients_read_whole_log_files(
    reader: Any, which: str, request: pytest.FixtureRequest
) -> None:
    log = request.getfixturevalue(which)

    read = list(theirs(reader, log))

    assert read == list(ours(log))
    assert len(read) > (20 if which == "compacted" else 200)


@pytest.mark.parametrize("which", ["log", "repaired", "compacted"])
def test_kafkas_own_tool_reads_all_files_and_says_what_we_say(
    which: str, kafka_classpath: str, request: pytest.FixtureRequest
) -> None:
    log = request.getfixturevalue(which)
    names = sorted(path.name for path in log.iterdir() if path.suffix in DUMPED)
    tool = ["java", "-cp", kafka_classpath, "kafka.tools.DumpLogSegments"]
    options = ["--deep-iteration", "--print-data-log", "--files", ",".join(names)]
    command = [sys.executable, "-c", RUN, "log", "dump", "--records", *names]

    kafka = subprocess.run([*tool, *options], cwd=log, capture_output=True, check=True, timeout=300)
    cauce = subprocess.run(command, cwd=log, capture_output=True, check=True, timeout=300)

    expected = IS_EMPTY.sub("", REPLACED.sub("\ufffd", kafka.stdout.decode()))
    assert REPLACED.sub("\ufffd", cauce.stdout.decode()) == expected
    assert {Path(name).suffix for name in names} == set(DUMPED)
    assert expected.count("\nbaseOffset: ") > 30
    for codec in CODECS:
        assert f"compresscodec: {codec.name.lower()} " in expected
    assert "isvalid: false" not in expected
    assert "endTxnMarker: ABORT" in expected


def test_kafkas_own_tool_finds_our_indexes_sane(log: Path, kafka_classpath: str) -> None:
    names = sorted(path.name for path in log.iterdir() if path.suffix in (".index", ".timeindex"))
    tool = ["java", "-cp", kafka_classpath, "kafka.tools.DumpLogSegments"]
    options = ["--index-sanity-check", "--files", ",".join(names)]

    done = subprocess.run([*tool, *options], cwd=log, capture_output=True, check=True, timeout=300)

    said = done.stdout.decode()
    assert said.count("passed sanity check") == len(names)
    assert "mismatch" not in said.lower()


def test_the_log_has_batches_of_every_codec(log: Path) -> None:
    entries = dump(Disk(), [log], records=False)

    found = {one.header.compression for one in entries if isinstance(one, DumpedBatch)}

    assert found == set(CODECS)
