"""One bit of one file is wrong: no record is served that nobody wrote, no damage goes unseen.

Three ways out are let: what is served is all as it was; the node notices (the log is offline, a
read is refused, the batch fails its checksum, which every reader of records checks); or, where
Kafka's format has no checksum (offsets and epoch of a batch, indexes, checkpoints), an answer is
another but ``verify`` says what is wrong. One thing is left out of the third, as nothing else holds
what it says, in Kafka neither: a digit of ``log-start-offset-checkpoint`` hides records or shows
deleted ones. ``CAUCE_BIT_FLIPS`` is how many bits are flipped (``make nightly``).
"""

import os
import random
from collections import Counter

import pytest

from storage.checkpoints import MalformedCheckpoint
from storage.errors import DiskError, LogError
from storage.format.batch import checked_header, iterate_headers
from storage.format.decoder import decode_records
from storage.inspection.verify import verify
from storage.log import Log
from storage.log_dir import LOG_STARTS
from tests.support.crashes.crash_runs import FIRST, RETAINING, SECOND, anything
from tests.support.crashes.log_driver import ROOT, LogDriver, open_manager
from tests.support.crashes.memory_disk import Image, MemoryDisk

pytestmark = pytest.mark.slow

FLIPS = int(os.environ.get("CAUCE_BIT_FLIPS", "1000"))
KINDS = (".log", ".index", ".timeindex", ".txnindex", ".snapshot", "checkpoint")
FLIPS_EACH = 250


Answers = dict[tuple[object, ...], object]


def lived(seed: int, *, is_closed: bool) -> tuple[Image, set[object]]:
    """Return what a node leaves behind, and the contents of all records ever given to it."""
    disk = MemoryDisk()
    driver = LogDriver(disk, {FIRST: RETAINING, SECOND: RETAINING}, seed)
    anything(driver, seed, 150)
    for key in driver.logs:
        driver.append(key, 3)
        driver.flush(key)
    driver.checkpoint()
    if is_closed:
        driver.close()
    else:
        driver.kill()
    written = {
        tuple(record)[1:]
        for history in driver.histories.values()
        for batch in history.by_bytes.values()
        for record in decode_records(batch.data)
    }
    return disk.image(), {*written, ("control",)}


class Noticed(Exception):
    """The damage was seen."""


class Stuck(Exception):
    """A consumer would ask for the same again, for ever."""


def served(log: Log, offset: int) -> list[tuple[object, ...]]:
    """Return the records from an offset on, as a consumer takes them."""
    found: list[tuple[object, ...]] = []
    at = offset
    while at < log.log_end_offset:
        part = log.locate(at, 500, end_offset=log.log_end_offset)
        data = part.read()
        if not data:
            raise Noticed("nothing where there should be something")
        for position, header in iterate_headers(data):
            checked_header(data, position)
            batch = data[position : position + header.size]
            if header.is_control:
                found.append((header.base_offset, "control"))
            else:
                found += [tuple(one) for one in decode_records(batch)]
        if part.next_offset <= at:
            raise Stuck(f"at {at}, to go on at {part.next_offset}")
        at = part.next_offset
    return [one for one in found if one[0] >= offset]  # type: ignore[operator]


def hidden(log: Log, start: int, end: int) -> list[int]:
    """Return the base offsets of the batches that a reader of committed records leaves out."""
    aborted = log.aborted_transactions(start, end)
    return [
        header.base_offset
        for segment in log.segments
        for _, header in segment.headers(0)
        if header.is_transactional and not header.is_control and header.next_offset > start
        if any(
            one.producer_id == header.producer_id
            and one.first_offset <= header.base_offset <= one.last_offset
            for one in aborted
        )
    ]


def answers(image: Image, chance: random.Random) -> Answers:
    """Return what a node answers to all kinds of questions.

    Raises:
        Noticed: It sees that something is wrong.
    """
    said: Answers = {}
    try:
        manager = open_manager(MemoryDisk(image))
        if manager.offline:
            raise Noticed("offline")
        for log_id in (FIRST, SECOND):
            key = (log_id.topic_id, log_id.partition)
            log = manager.get(*key)
            if log is None:
                raise Noticed("no log")
            start, end = log.log_start_offset, log.log_end_offset
            said[key, "start"], said[key, "end"] = start, end
            whole = served(log, start)
            said[key, "records"] = whole
            for _ in range(3 if start < end else 0):
                at = chance.randrange(start, end)
                said[key, "from", at] = served(log, at)[:5]
            times = [one[1] for one in whole if isinstance(one[1], int)]
            for time_ms in {min(times), times[len(times) // 2], max(times)} if times else ():
                said[key, "at", time_ms] = log.offset_for_timestamp(time_ms, end_offset=end)
            said[key, "hidden"] = hidden(log, start, end)
            said[key, "producers"] = {
                one: [(batch.first_sequence, batch.first_offset) for batch in known.batches]
                for one, known in log.producers.producers.items()
            }
            epochs = {
                header.partition_leader_epoch
                for segment in log.segments
                for _, header in segment.headers(0)
                if header.next_offset > start
            }
            said[key, "epochs"] = [(one, log.end_offset_for_epoch(one)) for one in sorted(epochs)]
    except (LogError, DiskError) as error:
        raise Noticed(repr(error)) from error
    return said


def places_in(image: Image) -> dict[str, list[tuple[str, str]]]:
    """Return the files of each kind that hold anything."""
    return {
        kind: [
            (path, name)
            for path, names in image.items()
            for name, data in names.items()
            if data and name.endswith(kind)
        ]
        for kind in KINDS
    }


def flipped(image: Image, place: tuple[str, str], bit: int) -> Image:
    """Return a disk with one bit changed."""
    path, name = place
    data = bytearray(image[path][name] or b"")
    data[bit // 8] ^= 1 << bit % 8
    return {**image, path: {**image[path], name: bytes(data)}}


def findings(image: Image) -> set[tuple[object, ...]]:
    """Return what ``verify`` says of each log."""
    try:
        return {
            (report.directory, one.kind, str(one.path), one.text)
            for report in verify(MemoryDisk(image), ROOT)
            for one in report.findings
        }
    except (LogError, DiskError, MalformedCheckpoint) as error:
        return {(repr(error),)}


def contents(said: Answers) -> set[object]:
    """Return what records hold, wherever they are."""
    return {
        one[1:]
        for key, found in said.items()
        if key[1] == "records"
        for one in found  # type: ignore[attr-defined]
    }


class Lived:
    """What a node left behind, and what is to be said of it."""

    def __init__(self, seed: int, *, is_closed: bool) -> None:
        self.seed = seed
        self.image, self.written = lived(seed, is_closed=is_closed)
        self.right = answers(self.image, random.Random(seed))
        self.known = findings(self.image)

    def outcome(self, path: str, name: str, bit: int) -> str:
        """Return what comes of one wrong bit."""
        image = flipped(self.image, (path, name), bit)
        try:
            found = answers(image, random.Random(self.seed))
        except Noticed:
            return "noticed"
        except Stuck:
            return "stuck"
        if found == self.right:
            return "harmless"
        if not contents(found) <= self.written:
            return "wrong bytes"
        if findings(image) - self.known:
            return "found by verify"
        return "another log start" if name == LOG_STARTS else "unseen"


@pytest.mark.parametrize("is_closed", [True, False], ids=["closed", "killed"])
def test_flipped_bit_is_noticed_or_harmless(is_closed: bool) -> None:
    chance = random.Random(3)
    figures: Counter[tuple[str, str]] = Counter()
    wrong: list[str] = []
    while figures.total() < FLIPS // 2:
        one = Lived(chance.randrange(1 << 16), is_closed=is_closed)
        places = places_in(one.image)
        for _ in range(FLIPS_EACH):
            kind = chance.choice([kind for kind in KINDS if places[kind]])
            path, name = chance.choice(places[kind])
            bit = chance.randrange(len(one.image[path][name] or b"") * 8)
            outcome = one.outcome(path, name, bit)
            figures[kind, outcome] += 1
            if outcome in ("wrong bytes", "unseen", "stuck"):
                wrong.append(f"{outcome}: {path}/{name} bit {bit}")

    for (kind, outcome), count in sorted(figures.items()):
        print(f"{kind}: {count} {outcome}")
    assert not wrong, "\n".join(wrong[:60])
