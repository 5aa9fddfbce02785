"""``cauce consume`` as a process over a node that is killed, in groups, and ended in the middle."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.node import MAIN, NodeProcess

pytestmark = pytest.mark.slow

PATIENCE_S = 90.0
COMMAND = [sys.executable, "-c", MAIN]


@pytest.fixture
def node(tmp_path: Path) -> Iterator[NodeProcess]:
    node = NodeProcess(tmp_path / "data")
    node.start()
    node.create_topic("t", 2)
    yield node
    node.kill()


def begin(node: NodeProcess, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*COMMAND, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "CAUCE_URL": node.url},
    )


def cauce(node: NodeProcess, *arguments: str, stdin: bytes = b"") -> tuple[int, bytes, bytes]:
    process = begin(node, *arguments)
    out, err = process.communicate(stdin, timeout=PATIENCE_S)
    return process.returncode, out, err


def lines(first: int, end: int) -> bytes:
    return b"".join(b"%d\n" % number for number in range(first, end))


def read(process: subprocess.Popen[bytes], count: int) -> list[bytes]:
    assert process.stdout is not None
    return [process.stdout.readline().strip() for _ in range(count)]


@pytest.mark.parametrize("group", [(), ("--group", "g")], ids=["assign", "group"])
def test_each_line_is_written_once_over_kills_of_the_server(
    node: NodeProcess, group: tuple[str, ...]
) -> None:
    following = begin(node, "consume", "t", "--follow", *group)
    found = []
    for at in range(3):
        assert cauce(node, "produce", "t", stdin=lines(at * 100, at * 100 + 100))[0] == 0
        found += read(following, 100)
        node.kill()
        node.start()
    assert cauce(node, "produce", "t", stdin=b"last\n")[0] == 0
    found += read(following, 1)
    following.send_signal(signal.SIGINT)
    rest, said = following.communicate(timeout=PATIENCE_S)

    assert sorted(found) == sorted([b"%d" % number for number in range(300)] + [b"last"])
    assert rest == b""
    assert following.returncode == 130
    assert said.count(b"cauce: the server is back\n") == 3


def test_a_member_that_is_interrupted_has_committed_what_it_wrote(node: NodeProcess) -> None:
    cauce(node, "produce", "t", "-p", "0", stdin=lines(0, 50))
    following = begin(node, "consume", "t", "-g", "g", "-f")
    first = read(following, 50)
    following.send_signal(signal.SIGTERM)
    following.communicate(timeout=PATIENCE_S)
    cauce(node, "produce", "t", "-p", "0", stdin=lines(50, 60))

    status, counted, _ = cauce(node, "consume", "t", "-g", "g", "-n", "4")
    status_of_rest, rest, _ = cauce(node, "consume", "t", "-g", "g")
    _, nothing, _ = cauce(node, "consume", "t", "-g", "g", "-e")

    assert (following.returncode, status, status_of_rest) == (143, 0, 0)
    assert first == [b"%d" % number for number in range(50)]
    assert counted == lines(50, 54)
    assert rest == lines(54, 60)
    assert nothing == b""


def test_a_member_whose_reader_leaves_ends_quietly(node: NodeProcess) -> None:
    cauce(node, "produce", "t", stdin=b"%d\n" % 10**60 * 20_000)
    consuming = begin(node, "consume", "t", "-g", "g", "-f")
    assert consuming.stdout is not None
    consuming.stdout.readline()
    consuming.stdout.close()
    consuming.stdout = None
    _, said = consuming.communicate(timeout=PATIENCE_S)

    assert (consuming.returncode, said) == (0, b"")


def test_formats_and_last_records(node: NodeProcess) -> None:
    cauce(node, "produce", "t", "-K", ":", "-p", "1", stdin=b"a:1\nb:2\nc:3\n")

    status, out, _ = cauce(node, "consume", "t", "-o", "-2", "-F", r"%t [%p] at %o: key %k: %s\n")

    assert status == 0
    assert out == b"t [1] at 1: key b: 2\nt [1] at 2: key c: 3\n"
