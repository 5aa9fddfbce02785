"""Writes logs that have one of everything, for those who read whole files."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from storage.config import parse_config
from storage.files import Disk
from storage.format.batch import Compression
from storage.format.builder import build_batch
from storage.format.control import ControlType, EndMarker, build_end_marker
from storage.format.record import NewRecord
from storage.log import Log
from storage.log_layout import LogId
from storage.log_manager import LogManager
from storage.recovery import create_log
from storage.validation import Origin
from tests.support.cleaning import checkpoint, clean

NOW_MS = 1_764_000_000_000
TOPIC_ID = "Rr6Ze3IoTQqD0lC_yQ2-9A"
CONFIG = parse_config({"segment.bytes": "6000", "index.interval.bytes": "600"})
PRODUCER, ABORTER, COMMITTER = 71, 72, 73
CODECS = tuple(Compression)


@dataclass
class LogWriter:
    """Appends to a log, each record made by a chance of its own."""

    log: Log
    chance: random.Random
    now_ms: int = NOW_MS
    epoch: int = 3

    def records(self, count: int) -> list[NewRecord]:
        """Return records: keys and values with and without, tombstones, headers."""
        return [self._record() for _ in range(count)]

    def append(self, count: int, **options: object) -> None:
        """Append a batch of so many records."""
        batch = build_batch(self.records(count), **options)  # type: ignore[arg-type]
        self.log.append(batch, leader_epoch=self.epoch, now_ms=self.now_ms, origin=Origin.VERIFIED)

    def transact(self, producer_id: int, sequence: int, count: int) -> None:
        """Append a batch of an open transaction."""
        self.append(
            count,
            producer_id=producer_id,
            producer_epoch=1,
            base_sequence=sequence,
            is_transactional=True,
        )

    def end(self, producer_id: int, kind: ControlType) -> None:
        """End a transaction."""
        marker = build_end_marker(
            EndMarker(kind, 4), producer_id=producer_id, producer_epoch=1, timestamp_ms=self.now_ms
        )
        origin = Origin.COORDINATOR
        self.log.append(marker, leader_epoch=self.epoch, now_ms=self.now_ms, origin=origin)

    def _record(self) -> NewRecord:
        chance = self.chance
        self.now_ms += chance.randint(0, 30)
        no_key = b"none" if self.log.config.is_compacted else None
        key = chance.choice((no_key, b"", b"key-%d" % chance.randint(0, 9), "clé".encode()))
        value = chance.choice(
            (None, b"", b'{"n": %d}' % chance.randint(0, 999), chance.randbytes(90))
        )
        headers = chance.choice(
            ((), ((b"trace", b"1f"),), ((b"a", None), (b"a", b""), ("é".encode(), b"\xff")))
        )
        return NewRecord(self.now_ms, key, value, headers)


def write_everything(
    log: Log, seed: int = 1, rounds: int = 6, codecs: Sequence[Compression] = CODECS
) -> None:
    """Append one of everything, some rounds of it, over several segments and two epochs."""
    writer = LogWriter(log, random.Random(seed))
    sequences = dict.fromkeys((PRODUCER, ABORTER, COMMITTER), 0)
    for number in range(rounds):
        writer.epoch = 3 + number // 3
        for codec in codecs:
            writer.append(writer.chance.randint(1, 12), compression=codec)
        writer.append(2, producer_id=PRODUCER, producer_epoch=0, base_sequence=sequences[PRODUCER])
        sequences[PRODUCER] += 2
        for producer_id in (ABORTER, COMMITTER, ABORTER):
            writer.transact(producer_id, sequences[producer_id], 3)
            sequences[producer_id] += 3
        writer.end(ABORTER, ControlType.ABORT)
        writer.append(1)
        writer.end(COMMITTER, ControlType.COMMIT)


def make_compacted_log(directory: Path) -> Path:
    """Write a log and compact it."""
    config = parse_config(
        {
            "segment.bytes": "6000",
            "index.interval.bytes": "600",
            "cleanup.policy": "compact",
            "min.cleanable.dirty.ratio": "0",
        }
    )
    log = create_log(Disk(), directory, config)
    write_everything(log)
    checkpoint(log)
    clean(log, NOW_MS)
    log.close()
    return directory


def make_data_directory(
    directory: Path, partitions: int = 2, codecs: Sequence[Compression] = CODECS
) -> Path:
    """Write a data directory as a node leaves it; return the directory of partition 0."""
    manager = LogManager.open([directory], cluster_id="c", node_id=1)
    for partition in range(partitions):
        log_id = LogId(topic_id=TOPIC_ID, topic_name="orders", partition=partition)
        write_everything(manager.create(log_id, CONFIG), seed=partition, codecs=codecs)
    manager.close()
    return directory / "logs" / TOPIC_ID / "orders-0"
