"""Leader epochs: which reign wrote what, against a linear search, on disk before it counts."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.errors import DiskError
from storage.files import Disk
from storage.leader_epochs import FILE_NAME, UNDEFINED_EPOCH, LeaderEpochs
from tests.support.failing_disk import FailingDisk

REIGNS = ((0, 0), (2, 10), (5, 10), (7, 40))


def with_reigns(directory: Path, disk: Disk | None = None) -> LeaderEpochs:
    epochs = LeaderEpochs(disk or Disk(), directory)
    epochs.rebuild(list(REIGNS))
    return epochs


def test_epochs_are_undefined_in_a_new_log(tmp_path: Path) -> None:
    epochs = LeaderEpochs(Disk(), tmp_path)

    assert epochs.entries == ()
    assert epochs.latest == UNDEFINED_EPOCH
    assert epochs.end_offset_for(3, 100) is None


def test_assign_writes_kafkas_checkpoint(tmp_path: Path) -> None:
    epochs = LeaderEpochs(Disk(), tmp_path)

    epochs.assign(0, 0)
    epochs.assign(4, 17)

    assert (tmp_path / FILE_NAME).read_text() == "0\n2\n0 0\n4 17\n"
    assert LeaderEpochs(Disk(), tmp_path).entries == ((0, 0), (4, 17))
    assert epochs.latest == 4


@pytest.mark.parametrize("epoch", [6, 7])
def test_assign_changes_nothing_when_the_epoch_has_begun_already(
    tmp_path: Path, epoch: int
) -> None:
    epochs = with_reigns(tmp_path)

    epochs.assign(epoch, 50)

    assert epochs.entries == REIGNS


def test_assign_takes_no_note_of_an_epoch_that_did_not_reach_the_disk(tmp_path: Path) -> None:
    disk = FailingDisk()
    epochs = with_reigns(tmp_path, disk)
    disk.fail("write")
    with pytest.raises(DiskError):
        epochs.assign(9, 60)
    disk.heal()

    epochs.assign(9, 61)

    assert epochs.entries == (*REIGNS, (9, 61))
    assert LeaderEpochs(Disk(), tmp_path).entries == (*REIGNS, (9, 61))


@settings(deadline=None, max_examples=50)
@given(
    steps=st.lists(st.tuples(st.integers(1, 3), st.integers(0, 9)), max_size=8),
    epoch=st.integers(-1, 26),
)
def test_end_offset_for_finds_what_a_linear_search_finds(
    steps: list[tuple[int, int]], epoch: int
) -> None:
    reigns, latest, start = [], -1, 0
    for later, further in steps:
        latest, start = latest + later, start + further
        reigns.append((latest, start))
    ends = [*(start for _, start in reigns[1:]), 1000]
    found = [(one, end) for (one, _), end in zip(reigns, ends, strict=False) if one <= epoch]

    with tempfile.TemporaryDirectory() as directory:
        epochs = LeaderEpochs(Disk(), Path(directory))
        for reign in reigns:
            epochs.assign(*reign)

        assert epochs.end_offset_for(epoch, 1000) == (found[-1] if found else None)


@pytest.mark.parametrize(
    ("end_offset", "kept"), [(0, 0), (1, 1), (10, 1), (11, 3), (40, 3), (41, 4), (99, 4)]
)
def test_truncate_from_end_forgets_the_epochs_that_begin_there_or_later(
    tmp_path: Path, end_offset: int, kept: int
) -> None:
    epochs = with_reigns(tmp_path)

    epochs.truncate_from_end(end_offset)

    assert epochs.entries == REIGNS[:kept]
    assert LeaderEpochs(Disk(), tmp_path).entries == REIGNS[:kept]


@pytest.mark.parametrize(
    ("start_offset", "expected"),
    [
        (0, REIGNS),
        (5, ((0, 5), *REIGNS[1:])),
        (10, ((5, 10), (7, 40))),
        (39, ((5, 39), (7, 40))),
        (40, ((7, 40),)),
        (90, ((7, 90),)),
    ],
)
def test_truncate_from_start_lets_the_epoch_it_lies_in_begin_there(
    tmp_path: Path, start_offset: int, expected: tuple[tuple[int, int], ...]
) -> None:
    epochs = with_reigns(tmp_path)

    epochs.truncate_from_start(start_offset)

    assert epochs.entries == expected
    assert LeaderEpochs(Disk(), tmp_path).entries == expected


def test_truncate_from_start_keeps_epochs_that_all_begin_later(tmp_path: Path) -> None:
    epochs = LeaderEpochs(Disk(), tmp_path)
    epochs.assign(3, 20)

    epochs.truncate_from_start(10)

    assert epochs.entries == ((3, 20),)


def test_truncations_write_nothing_when_nothing_changes(tmp_path: Path) -> None:
    disk = FailingDisk()
    epochs = with_reigns(tmp_path, disk)
    disk.fail("write")

    epochs.truncate_from_end(41)
    epochs.truncate_from_start(0)
    epochs.rebuild(list(REIGNS))

    assert epochs.entries == REIGNS


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "0\n2\n0 0\n",
        "0\n1\n0\n",
        "0\n1\n0 0 0\n",
        "0\n1\nx 0\n",
        "0\n2\n3 0\n3 9\n",
        "0\n2\n3 0\n2 9\n",
        "0\n2\n3 9\n4 8\n",
    ],
)
def test_a_checkpoint_that_does_not_read_counts_as_missing(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE_NAME).write_text(text)

    epochs = LeaderEpochs(Disk(), tmp_path)

    assert epochs.entries == ()
    assert epochs.latest == UNDEFINED_EPOCH
