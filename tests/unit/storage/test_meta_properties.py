"""meta.properties: a directory is claimed once, and others' are refused untouched."""

from pathlib import Path

import pytest

from storage.errors import DiskError, WrongLogDir
from storage.files import Disk
from storage.meta_properties import META, claim_directory
from tests.support.failing_disk import FailingDisk


def claim(directory: Path, *, cluster_id: str = "c", node_id: int = 1) -> str:
    return claim_directory(Disk(), directory, cluster_id=cluster_id, node_id=node_id)


def test_directory_keeps_its_id_for_life_and_no_two_have_the_same(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()

    first = claim(tmp_path / "a")

    assert claim(tmp_path / "a") == first != claim(tmp_path / "b")


def test_file_is_one_that_kafka_reads(tmp_path: Path) -> None:
    directory_id = claim(tmp_path, cluster_id="the-cluster", node_id=7)

    lines = (tmp_path / META).read_text().splitlines()
    assert lines == [
        "version=1",
        "cluster.id=the-cluster",
        "node.id=7",
        f"directory.id={directory_id}",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("version=0\ncluster.id=c\nnode.id=1\ndirectory.id=x\n", "version=0"),
        ("version=1\ncluster.id=d\nnode.id=1\ndirectory.id=x\n", "cluster.id=d"),
        ("version=1\ncluster.id=c\nnode.id=2\ndirectory.id=x\n", "node.id=2"),
        ("version=1\ncluster.id=c\nnode.id=1\n", "no directory.id"),
        ("", "version=None"),
        ("\0\0\0\0", "version=None"),
    ],
)
def test_directory_of_others_is_refused_and_left(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / META).write_text(text)

    with pytest.raises(WrongLogDir, match=problem):
        claim(tmp_path)

    assert (tmp_path / META).read_text() == text


def test_claim_that_did_not_reach_the_disk_leaves_nobody_s_directory(tmp_path: Path) -> None:
    disk = FailingDisk()
    disk.fail("sync")
    with pytest.raises(DiskError):
        claim_directory(disk, tmp_path, cluster_id="c", node_id=1)

    assert claim(tmp_path, node_id=2)
