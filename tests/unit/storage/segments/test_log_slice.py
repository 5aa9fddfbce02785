"""LogSlice: the bytes it stands for, in whatever way they are read."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.errors import DiskError
from storage.files import Disk
from storage.segments.log_slice import LogSlice


def slice_of(path: Path, position: int, size: int) -> LogSlice:
    file = Disk().open(path)
    return LogSlice(file=file, position=position, size=size, start_offset=7, next_offset=9)


def test_read_returns_the_bytes_also_after_the_name_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"0123456789")
    found = slice_of(path, 2, 5)
    path.unlink()

    assert found.read() == b"23456"
    assert found.read_if_cached() in (b"23456", None)


@given(size=st.integers(0, 50), piece_size=st.integers(1, 60))
def test_pieces_joined_are_the_slice(size: int, piece_size: int) -> None:
    path = Path(__file__)
    found = slice_of(path, 3, size)

    pieces = list(found.pieces(piece_size))

    assert b"".join(piece.read() for piece in pieces) == found.read()
    assert all(0 < piece.size <= piece_size for piece in pieces)
    assert all((piece.start_offset, piece.next_offset) == (7, 9) for piece in pieces)


def test_bytes_that_are_gone_are_said_to_be_and_never_fewer_returned(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"0123456789")
    found = slice_of(path, 2, 5)
    path.write_bytes(b"0123")

    assert found.read_if_cached() is None
    with pytest.raises(DiskError, match="ends in the middle"):
        found.read()


def test_first_and_after_cut_a_slice_anywhere(tmp_path: Path) -> None:
    file = Disk().open(tmp_path / "log", create=True)
    file.write(b"0123456789", 0)
    found = LogSlice(file=file, position=2, size=6, start_offset=0, next_offset=1)

    assert (found.first(2).read(), found.after(2).read()) == (b"23", b"4567")
    assert (found.first(99).read(), found.after(6).size) == (b"234567", 0)


def test_what_was_just_written_is_in_the_page_cache(tmp_path: Path) -> None:
    file = Disk().open(tmp_path / "log", create=True)
    file.write(bytes(1 << 20), 0)
    found = LogSlice(file=file, position=1, size=(1 << 20) - 1, start_offset=0, next_offset=1)

    assert found.is_cached(found.size)
    assert not found.is_cached(found.size + 1)
