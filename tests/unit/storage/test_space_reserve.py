"""Space reserve: what it refuses, how long a look is believed, how room is found again."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.errors import LogDirFull
from storage.space_reserve import LOOK_MS_MAX, UNLOOKED_SHARE, SpaceReserve

RESERVE = 1_000


class FakeDisk:
    """A disk with some room, a clock, and a count of who asked for the room."""

    def __init__(self, free_bytes: int) -> None:
        self.free = free_bytes
        self.now_ms = 0
        self.looks = 0

    def free_bytes(self) -> int:
        self.looks += 1
        return self.free

    def reserve(self, reserve_bytes: int = RESERVE) -> SpaceReserve:
        return SpaceReserve(Path("/d"), reserve_bytes, self.free_bytes, lambda: self.now_ms)


def test_append_is_taken_while_the_reserve_stays_whole() -> None:
    disk = FakeDisk(RESERVE + 10)
    reserve = disk.reserve()

    reserve.take(10)

    with pytest.raises(LogDirFull, match="is full: 1010 bytes are free, and 1000 are kept"):
        reserve.take(11)
    assert reserve.is_short


def test_room_that_was_made_is_found_by_the_next_append() -> None:
    disk = FakeDisk(0)
    reserve = disk.reserve()
    with pytest.raises(LogDirFull):
        reserve.take(1)

    disk.free = RESERVE + 1

    reserve.take(1)
    assert not reserve.is_short


def test_one_look_serves_many_appends_until_its_share_is_used_or_it_is_old() -> None:
    disk = FakeDisk(1_000 * RESERVE)
    reserve = disk.reserve()
    share = RESERVE // UNLOOKED_SHARE
    for _ in range(share):
        reserve.take(1)
    assert disk.looks == 1

    reserve.take(1)
    assert disk.looks == 2

    disk.now_ms += LOOK_MS_MAX
    reserve.take(1)
    assert disk.looks == 3


def test_what_keeps_consumers_going_may_take_half_of_the_reserve() -> None:
    disk = FakeDisk(RESERVE // 2 + 1)
    reserve = disk.reserve()

    reserve.take(1, urgent=True)

    with pytest.raises(LogDirFull):
        reserve.take(1)
    with pytest.raises(LogDirFull):
        reserve.take(2, urgent=True)


def test_no_reserve_means_that_nobody_looks() -> None:
    disk = FakeDisk(0)

    disk.reserve(0).take(1 << 40)

    assert disk.looks == 0


@given(
    sizes=st.lists(st.tuples(st.integers(0, 300), st.integers(0, 400)), max_size=60),
    free=st.integers(0, 5_000),
)
def test_reserve_is_never_touched_by_appends_alone(sizes: list[tuple[int, int]], free: int) -> None:
    disk = FakeDisk(RESERVE + free)
    reserve = disk.reserve()
    for size, wait_ms in sizes:
        disk.now_ms += wait_ms
        fits = disk.free - size >= RESERVE
        try:
            reserve.take(size)
        except LogDirFull:
            assert not fits
        else:
            disk.free -= size
            assert fits
