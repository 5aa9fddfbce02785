"""Stretches: of which of two disagreeing batches nothing is believed."""

from pathlib import Path

from storage.files import Disk
from storage.format.batch import stamp
from storage.format.builder import build_batch
from storage.inspection.stretches import Bad, Good, Stretch, stretches


def batch(base_offset: int, epoch: int = 0) -> bytes:
    made = build_batch([(1, None, b"value", ())])
    stamp(made, 0, base_offset, epoch)
    return bytes(made)


def found(path: Path, *parts: bytes, following: int | None = None) -> list[Stretch]:
    path.write_bytes(b"".join(parts))
    file = Disk().open_to_read(path)
    seen = list(stretches(file, file.size(), 0, following))
    end = 0
    for one in seen:
        assert one.position == end
        end += one.header.size if isinstance(one, Good) else one.size
    assert end == file.size(), "stretches cover the file"
    return seen


def shape(seen: list[Stretch]) -> list[int | str]:
    return ["bad" if isinstance(one, Bad) else one.header.base_offset for one in seen]


def test_good_batches_may_leave_offsets_out(tmp_path: Path) -> None:
    assert shape(found(tmp_path / "log", batch(0), batch(5), batch(6, epoch=2))) == [0, 5, 6]


def test_bad_bytes_that_touch_are_one_stretch(tmp_path: Path) -> None:
    damaged = batch(1)[:-1] + b"?"

    seen = found(tmp_path / "log", batch(0), damaged, b"x" * 9, batch(3), bytes(50))

    assert shape(seen) == [0, "bad", 3, "bad"]
    first = seen[1]
    assert isinstance(first, Bad)
    assert (first.size, first.next_offset) == (len(damaged) + 9, 1)


def test_an_offset_that_was_seen_is_not_believed_again(tmp_path: Path) -> None:
    assert shape(found(tmp_path / "log", batch(0), batch(1), batch(0), batch(2))) == [
        0,
        1,
        "bad",
        2,
    ]


def test_an_offset_too_large_is_not_believed_if_the_next_batch_goes_on(tmp_path: Path) -> None:
    assert shape(found(tmp_path / "log", batch(0), batch(1 << 40), batch(2))) == [0, "bad", 2]


def test_an_offset_of_the_next_segment_is_not_believed(tmp_path: Path) -> None:
    assert shape(found(tmp_path / "log", batch(0), batch(9), following=9)) == [0, "bad"]


def test_a_leader_epoch_that_falls_is_not_believed(tmp_path: Path) -> None:
    parts = (batch(0, 3), batch(1, 3), batch(2, 2), batch(3, 3))

    assert shape(found(tmp_path / "log", *parts)) == [0, 1, "bad", 3]


def test_a_leader_epoch_too_large_is_not_believed_if_the_next_batch_goes_on(tmp_path: Path) -> None:
    assert shape(found(tmp_path / "log", batch(0, 3), batch(1, 9), batch(2, 3))) == [0, "bad", 2]
