"""Freed memory is given back when there may be much of it, and not again and again."""

import pytest

from app.telemetry import memory
from app.telemetry.memory import (
    GROWTH_BYTES,
    INTERVAL_S,
    INTERVAL_S_MAX,
    FreedMemory,
    resident_bytes,
    trimmer,
)


class Process:
    """What has memory, and gives back all but what it needs."""

    def __init__(self) -> None:
        self.bytes = self.needed = 100 << 20
        self.trims = 0

    def resident(self) -> int:
        return self.bytes

    def trim(self) -> None:
        self.trims += 1
        self.bytes = self.needed


@pytest.fixture
def process() -> Process:
    return Process()


async def test_only_a_process_that_has_grown_gives_memory_back(process: Process) -> None:
    freed = FreedMemory(process.trim, process.resident)
    process.bytes += GROWTH_BYTES - 1
    await freed.look()
    assert process.trims == 0

    process.bytes += 1
    await freed.look()
    await freed.look()

    assert (process.trims, process.bytes) == (1, process.needed)


async def test_what_is_needed_is_not_asked_for_again_and_what_shrank_is_the_new_measure(
    process: Process,
) -> None:
    freed = FreedMemory(process.trim, process.resident)
    process.bytes = process.needed = process.needed + 2 * GROWTH_BYTES
    for _ in range(3):
        await freed.look()
    assert process.trims == 1

    process.bytes = process.needed = 10 << 20
    await freed.look()
    process.bytes += GROWTH_BYTES
    await freed.look()

    assert process.trims == 2


async def test_looks_become_rare_while_there_is_little_to_give_and_frequent_again(
    process: Process,
) -> None:
    freed = FreedMemory(process.trim, process.resident)
    process.bytes += GROWTH_BYTES
    await freed.look()
    assert freed.interval_s == INTERVAL_S
    for _ in range(12):
        process.bytes = process.needed = process.needed + GROWTH_BYTES
        await freed.look()
    assert freed.interval_s == INTERVAL_S_MAX

    for _ in range(12):
        await freed.look()

    assert freed.interval_s == INTERVAL_S


def test_this_process_has_memory_and_can_give_some_back() -> None:
    before = resident_bytes()

    trim = trimmer()

    assert before > 1 << 20
    assert trim is not None
    trim()
    assert resident_bytes() > 1 << 20


async def test_where_nothing_can_be_given_back_nothing_is_done(
    monkeypatch: pytest.MonkeyPatch, process: Process
) -> None:
    monkeypatch.setattr(memory, "trimmer", lambda: None)

    await FreedMemory(resident=process.resident).run()
