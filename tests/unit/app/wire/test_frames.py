import struct
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.wire.errors import FrameRefused
from app.wire.frames import FrameReader
from app.wire.in_flight import InFlight

SHARED = 64


def reader(in_flight: InFlight | None = None, shared: int = SHARED) -> FrameReader:
    return FrameReader(bytearray(shared), 1000, in_flight or InFlight(1 << 30))


def feed(frames: FrameReader, data: bytes, random: Random | None = None) -> list[bytes]:
    found = []
    while data:
        buffer = frames.buffer()
        size = min(len(buffer), len(data))
        if random is not None:
            size = random.randint(1, size)
        buffer[:size] = data[:size]
        found += [bytes(one) for one in frames.received(size)]
        data = data[size:]
    return found


def sized(*bodies: bytes) -> bytes:
    return b"".join(struct.pack(">i", len(body)) + body for body in bodies)


@given(st.lists(st.binary(min_size=1, max_size=300), max_size=20), st.integers())
def test_frames_come_out_as_they_went_in_however_they_are_cut(
    bodies: list[bytes], seed: int
) -> None:
    in_flight = InFlight(1 << 30)
    frames = reader(in_flight)

    assert feed(frames, sized(*bodies), Random(seed)) == bodies
    assert not frames.is_partial
    assert in_flight.held_bytes == sum(map(len, bodies))


@pytest.mark.parametrize("size", [0, -1, -(2**31), 1001, 2**31 - 1])
def test_a_size_that_no_request_has_is_refused_before_anything_is_kept(size: int) -> None:
    in_flight = InFlight(1 << 30)

    with pytest.raises(FrameRefused):
        feed(reader(in_flight), struct.pack(">i", size))
    assert in_flight.held_bytes == 0


def test_whole_frames_before_a_size_that_no_request_has_are_given_back() -> None:
    in_flight = InFlight(1 << 30)

    with pytest.raises(FrameRefused):
        feed(reader(in_flight), sized(b"one", b"two") + struct.pack(">i", -1))
    assert in_flight.held_bytes == 0


def test_a_frame_that_is_not_admitted_waits_and_goes_on_where_it_was() -> None:
    in_flight = InFlight(5)
    assert in_flight.admit(5)
    frames = reader(in_flight)

    assert feed(frames, sized(b"abc", b"defg")[:-1]) == []
    assert frames.is_held
    assert not frames.is_partial
    in_flight.release(5)
    assert [bytes(one) for one in frames.resume()] == [b"abc"]
    assert not frames.is_held
    assert frames.is_partial
    assert frames.claimed_bytes == 4
    assert feed(frames, b"g") == [b"defg"]


def test_a_size_that_is_cut_off_counts_as_a_frame_that_has_begun() -> None:
    frames = reader()

    assert feed(frames, b"\0\0") == []
    assert frames.is_partial
    assert feed(frames, b"\0\1x") == [b"x"]
    assert not frames.is_partial


def test_frames_are_not_the_shared_buffer() -> None:
    shared = bytearray(SHARED)
    frames = FrameReader(shared, 1000, InFlight(1000))
    data = sized(b"abc")
    shared[: len(data)] = data

    (frame,) = frames.received(len(data))
    shared[:] = bytes(SHARED)

    assert frame == b"abc"
