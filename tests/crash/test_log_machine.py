"""Anything that a node does to its logs, in any order, against a trivial model.

Three logs of one data directory: one whose records only go by truncation and delete records, one
with retention, one that is compacted. ``CAUCE_LOG_STEPS`` is how many steps are made
(``make nightly``).
"""

import os
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from storage.cleanup.offset_map import OffsetMap
from storage.config import parse_config
from storage.errors import DiskError, LogError
from storage.format.batch import Compression
from storage.format.builder import build_batch
from storage.format.control import ControlType
from storage.log import Log
from storage.producers.log_producers import LogProducers
from storage.segments.segment import Segment
from storage.validation import Origin
from tests.support.cleaning import clean
from tests.support.crashes.compacted_check import check_compacted
from tests.support.crashes.crash_model import CrashModel
from tests.support.crashes.crash_runs import CONFIG, FIRST, RETAINING, SECOND, SMALL
from tests.support.crashes.log_check import judge, look, read_batches, recover
from tests.support.crashes.log_driver import NOW_MS, Key, LogDriver, log_id, open_manager
from tests.support.crashes.log_history import Batch, ProducerModel
from tests.support.crashes.memory_disk import MemoryDisk, MemoryFile

pytestmark = pytest.mark.slow

STEPS = int(os.environ.get("CAUCE_LOG_STEPS", "1200"))
STEPS_EACH = 60
THIRD = log_id("third")
A, B, C = ((one.topic_id, one.partition) for one in (FIRST, SECOND, THIRD))
COMPACTED = parse_config(
    {
        **SMALL,
        "cleanup.policy": "compact",
        "min.cleanable.dirty.ratio": "0",
        "delete.retention.ms": "0",
    }
)

keys = st.sampled_from((A, B, C))
producer_ids = st.sampled_from((1, 2))


class Logs(RuleBasedStateMachine):
    """One node that is driven, killed, cut off from its power."""

    steps = 0

    @initialize(seed=st.integers(0, 1 << 16))
    def start(self, seed: int) -> None:
        self.disk = MemoryDisk(records=True)
        self.begin = MemoryDisk()
        configs = {FIRST: CONFIG, SECOND: RETAINING, THIRD: COMPACTED}
        self.driver = LogDriver(self.disk, configs, seed)
        self.cleaned_to = 0

    @rule(key=keys, count=st.integers(1, 4), compression=st.sampled_from(Compression))
    def append(self, key: Key, count: int, compression: Compression) -> None:
        self.driver.append(key, count, compression=compression)

    @rule(key=keys, count=st.integers(1, 3), producer_id=producer_ids, begins=st.booleans())
    def produce(self, key: Key, count: int, producer_id: int, *, begins: bool) -> None:
        is_open = self.known(key, producer_id).open_at is not None
        self.driver.append(key, count, producer_id=producer_id, is_transactional=is_open or begins)

    @rule(key=keys, counts=st.lists(st.integers(1, 3), min_size=2, max_size=4))
    def produce_several(self, key: Key, counts: list[int]) -> None:
        for count in counts:
            self.produce(key, count, 1, begins=False)

    @rule()
    def retry_all(self) -> None:
        for key in (A, B, C):
            start = self.driver.logs[key].log_start_offset
            for known in self.driver.state(key).producers.values():
                for one in known.sent[-1:] if key == C else known.sent:
                    if one.batch.base >= start:
                        self.driver.retry(key, one.batch)

    @rule(key=keys, counts=st.lists(st.integers(1, 3), min_size=1, max_size=3))
    def transact(self, key: Key, counts: list[int]) -> None:
        for count in counts:
            self.produce(key, count, 2, begins=True)

    @precondition(lambda self: self.open_transactions())
    @rule(number=st.integers(0, 5), kind=st.sampled_from(ControlType))
    def end_transaction(self, number: int, kind: ControlType) -> None:
        open_ones = self.open_transactions()
        self.driver.end_transaction(*open_ones[number % len(open_ones)], kind)

    @rule(number=st.integers(0, 8))
    def delete_key(self, number: int) -> None:
        tombstone = build_batch([(NOW_MS, b"k%d" % number, None, ())])
        self.driver._append(C, tombstone, Origin.VERIFIED)

    @rule(key=keys, count=st.integers(1, 3), batches=st.integers(1, 3))
    def follow(self, key: Key, count: int, batches: int) -> None:
        self.driver.append_as_follower(key, count, batches)

    @rule(key=keys)
    def flush(self, key: Key) -> None:
        self.driver.flush(key)

    @rule(key=keys)
    def append_during_flush(self, key: Key) -> None:
        self.driver.flush(key, meanwhile=lambda: self.driver.append(key, 2))

    @rule(key=keys)
    def roll(self, key: Key) -> None:
        self.driver.roll(key)

    @rule(key=keys, back=st.integers(0, 12))
    def truncate(self, key: Key, back: int) -> None:
        least = self.driver.logs[key].log_start_offset
        if key == C:
            least = max(least, self.cleaned_to)
        offset = max(least, self.driver.histories[key].end - back)
        tip = self.driver.histories[key].tip
        if key == C and tip is not None:
            while tip.previous is not None and tip.base > offset:
                tip = tip.previous
            if tip.base < least:
                return
        self.driver.truncate(key, offset)
        self.driver.epoch += 1

    @rule(key=keys, part=st.floats(0, 1))
    def delete_records(self, key: Key, part: float) -> None:
        log = self.driver.logs[key]
        start, end = log.log_start_offset, log.durable_end_offset
        self.driver.delete_records(key, start + int((end - start) * part))

    @rule()
    def retain(self) -> None:
        self.driver.retain()

    @rule()
    def checkpoint(self) -> None:
        self.driver.checkpoint()

    @precondition(lambda self: self.driver.logs[C].log_end_offset > 10)
    @rule()
    def compact(self) -> None:
        self.driver.roll(C)
        self.driver.flush(C)
        self.driver.checkpoint()
        self.cleaned_to = self.driver.logs[C].durable_end_offset
        clean(self.driver.logs[C], NOW_MS + 1_000_000, disk=self.disk)

    @rule()
    def kill(self) -> None:
        self.driver.kill()
        self.driver.start()

    @rule()
    def reopen(self) -> None:
        self.driver.close()
        self.driver.start()

    @rule(seed=st.integers(0, 1 << 16))
    def cut_the_power(self, seed: int) -> None:
        assert self.disk.trace is not None
        model = CrashModel(self.begin, seed)
        for one in self.disk.trace:
            model.apply(one)
        states = [one.image for one in model.states(6, is_thorough=False)]
        image = states[seed % len(states)]
        driver = self.driver
        promises = {key: one.promise() for key, one in driver.histories.items() if key != C}
        before = {key: one.tip for key, one in driver.histories.items()}
        self.begin = MemoryDisk(image)
        self.disk = driver.disk = MemoryDisk(image, records=True)
        found = {key: driver.histories[key] for key in promises}
        views = recover(MemoryDisk(image), found, goes_on=False)
        judge(views, promises)
        tips = {key: _ending_at(before[key], view.end) for key, view in views.items()}
        tips[C] = self.check_compacted(MemoryDisk(image))
        driver.adopt(tips)
        driver.start()

    @invariant()
    def all_is_there(self) -> None:
        if not hasattr(self, "driver"):
            return
        Logs.steps += 1
        for key in (A, B):
            log, history = self.driver.logs[key], self.driver.histories[key]
            assert log.log_end_offset == history.end
            assert history.floor <= log.durable_end_offset
            batches = read_batches(log, history)
            assert not batches or batches[-1] is history.tip
        assert self.driver.logs[C].log_end_offset == self.driver.histories[C].end

    def teardown(self) -> None:
        if not hasattr(self, "driver"):
            return
        self.driver.kill()
        self.check_compacted(MemoryDisk(self.disk.image()))
        manager = open_manager(MemoryDisk(self.disk.image()))
        for key in (A, B):
            log = manager.get(*key)
            assert log is not None
            look(log, self.driver.histories[key])

    def check_compacted(self, disk: MemoryDisk) -> Batch | None:
        log = open_manager(disk).get(*C)
        assert log is not None
        return check_compacted(log, self.driver.histories[C])

    def open_transactions(self) -> list[tuple[Key, int]]:
        return [
            (key, producer_id)
            for key in (A, B, C)
            for producer_id, known in self.driver.state(key).producers.items()
            if known.open_at is not None
        ]

    def known(self, key: Key, producer_id: int) -> ProducerModel:
        return self.driver.state(key).producers.get(producer_id, ProducerModel(-1))


def _ending_at(tip: Batch | None, end: int) -> Batch | None:
    while tip is not None and tip.next > end:
        tip = tip.previous
    return tip


def run(steps: int, *phases: Phase, derandomize: bool = False) -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Logs,
        settings=settings(
            max_examples=max(1, steps // STEPS_EACH),
            stateful_step_count=STEPS_EACH,
            deadline=None,
            database=None,
            derandomize=derandomize,
            suppress_health_check=list(HealthCheck),
            phases=phases,
        ),
    )


def test_logs_hold_what_a_trivial_model_holds() -> None:
    Logs.steps = 0
    while Logs.steps < STEPS:
        run(min(STEPS, 6000), Phase.generate, Phase.shrink)

    print(f"{Logs.steps} steps")


def _synced_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(MemoryFile, "sync", lambda file: None)


def _producers_not_rolled_back(patch: pytest.MonkeyPatch) -> None:
    truncate = Log.truncate_to

    def forgetting(log: Log, offset: int) -> None:
        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(LogProducers, "load", lambda *given, **more: None)
            truncate(log, offset)

    patch.setattr(Log, "truncate_to", forgetting)


def _wrong_records_kept(patch: pytest.MonkeyPatch) -> None:
    are_last = OffsetMap.are_last
    patch.setattr(
        OffsetMap, "are_last", lambda *given: [not is_last for is_last in are_last(*given)]
    )


def _aborts_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Segment, "append_aborted", lambda segment, aborted: None)


@pytest.mark.parametrize(
    "plant",
    [_synced_nothing, _producers_not_rolled_back, _wrong_records_kept, _aborts_forgotten],
)
def test_planted_bug_is_found(
    plant: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)

    with pytest.raises((AssertionError, LogError, DiskError)):
        run(12_000, Phase.generate, derandomize=True)
