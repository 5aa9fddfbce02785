"""Checkpoint files: Kafka's form, read back as written, refused when not whole."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.checkpoints import MalformedCheckpoint, read_checkpoint, write_checkpoint
from storage.errors import DiskError
from storage.files import Disk
from tests.support.failing_disk import FailingDisk

FIELD = st.text("abcXYZ0123456789-_.", min_size=1, max_size=12)
ENTRIES = st.lists(st.lists(FIELD, min_size=1, max_size=4), max_size=6)


def test_write_checkpoint_leaves_the_text_that_kafka_writes(tmp_path: Path) -> None:
    write_checkpoint(Disk(), tmp_path / "c", [("topic", 0, 17), ("topic", 1, 4)])

    assert (tmp_path / "c").read_text() == "0\n2\ntopic 0 17\ntopic 1 4\n"


def test_read_checkpoint_finds_nothing_when_there_is_no_file(tmp_path: Path) -> None:
    assert read_checkpoint(Disk(), tmp_path / "c") == []


@settings(deadline=None, max_examples=30)
@given(before=ENTRIES, entries=ENTRIES)
def test_read_checkpoint_returns_what_was_written_last(
    before: list[list[str]], entries: list[list[str]]
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "c"
        write_checkpoint(Disk(), path, before)

        write_checkpoint(Disk(), path, entries)

        assert read_checkpoint(Disk(), path) == entries


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"0",
        b"0\n",
        b"x\n0\n",
        b"0\nx\n",
        b"1\n0\n",
        b"0\n-1\n",
        b"0\n1\n",
        b"0\n0\na 1\n",
        b"0\n2\na 1\n",
        b"\xff\n0\n",
        b"0\n1\n\xc3\xa9 1\n",
        bytes(16),
    ],
)
def test_read_checkpoint_refuses_what_is_not_a_whole_checkpoint(
    tmp_path: Path, data: bytes
) -> None:
    (tmp_path / "c").write_bytes(data)

    with pytest.raises(MalformedCheckpoint, match="c"):
        read_checkpoint(Disk(), tmp_path / "c")


@settings(deadline=None, max_examples=100)
@given(data=st.lists(st.sampled_from([b"0", b"1", b"\n", b" ", b"-", b"a", b"\xff"])).map(b"".join))
def test_read_checkpoint_raises_nothing_else_whatever_the_bytes(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "c"
        path.write_bytes(data)

        try:
            entries = read_checkpoint(Disk(), path)
        except MalformedCheckpoint:
            return

        version, count, *lines = data.decode().splitlines()
        assert (int(version), int(count)) == (0, len(lines))
        assert [" ".join(fields) for fields in entries] == lines


def test_write_checkpoint_keeps_the_old_file_when_the_disk_fails(tmp_path: Path) -> None:
    disk = FailingDisk()
    write_checkpoint(disk, tmp_path / "c", [("topic", 0, 17)])
    disk.fail("write")

    with pytest.raises(DiskError):
        write_checkpoint(disk, tmp_path / "c", [("topic", 0, 18)])

    assert read_checkpoint(Disk(), tmp_path / "c") == [["topic", "0", "17"]]
