"""The command line against a node of its own, each as a process: what users type, whole."""

import fcntl
import json
import os
import random
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from tests.support.ports import free_port

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-c", "from cauce.cli.main import main; main()"]
PATIENCE_S = 30.0


class Node:
    """A node in a process, which may be killed and started again."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        """The command that starts it."""
        options = ["--data-dir", str(self.directory), "--http-port", str(self.port)]
        return [*COMMAND, "serve", *options, "--kafka-port", "0"]

    def start(self) -> None:
        """Start it and wait until it answers."""
        with (self.directory.parent / "node.log").open("ab") as log:
            self.process = subprocess.Popen(self.command(), cwd=ROOT, stdout=log, stderr=log)
        deadline = time.monotonic() + PATIENCE_S
        while cauce(self, "topic", "list").returncode != 0:
            assert self.process.poll() is None, "the node ended"
            assert time.monotonic() < deadline, "the node does not answer"

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send it a signal and return its exit status."""
        assert self.process is not None, "not started"
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_S)


def cauce(node: Node, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run a command to its end."""
    return subprocess.run(
        [*COMMAND, *arguments],
        input=stdin,
        capture_output=True,
        env={**os.environ, "CAUCE_URL": node.url},
        cwd=ROOT,
        timeout=PATIENCE_S,
        check=False,
    )


def begin(node: Node, *arguments: str) -> subprocess.Popen[bytes]:
    """Start a command that waits."""
    return subprocess.Popen(
        [*COMMAND, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "CAUCE_URL": node.url},
        cwd=ROOT,
    )


def wait_until_read(pipe: IO[bytes]) -> None:
    """Wait until whoever reads a pipe has taken everything out of it."""
    deadline = time.monotonic() + PATIENCE_S
    while fcntl.ioctl(pipe.fileno(), termios.FIONREAD, b"\0" * 4) != b"\0" * 4:
        assert time.monotonic() < deadline, "nobody reads"
        time.sleep(0.01)


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    node = Node(tmp_path_factory.mktemp("node") / "data")
    node.start()
    yield node
    node.stop()


@pytest.fixture
def topic(node: Node, request: pytest.FixtureRequest) -> Iterator[str]:
    name = request.node.name.replace("[", "-").replace("]", "")[:200]
    assert cauce(node, "topic", "create", name, "--partitions", "3").returncode == 0
    yield name
    assert cauce(node, "topic", "delete", name, "--yes").returncode == 0


def random_lines(seed: int, count: int) -> list[bytes]:
    """Values of any bytes but line feeds, some of them empty."""
    generator = random.Random(seed)
    return [generator.randbytes(generator.randrange(60)).replace(b"\n", b"") for _ in range(count)]


def test_any_bytes_come_back_as_they_went_in(node: Node, topic: str) -> None:
    lines = random_lines(1, 5_000)

    produced = cauce(
        node, "produce", topic, "-p", "1", "--batch-records", "700", stdin=b"\n".join(lines) + b"\n"
    )
    consumed = cauce(node, "consume", topic)

    assert (produced.returncode, produced.stderr) == (0, b"")
    assert (consumed.returncode, consumed.stderr) == (0, b"")
    assert consumed.stdout == b"\n".join(lines) + b"\n"


def test_records_of_a_key_keep_their_order_over_partitions(node: Node, topic: str) -> None:
    keyed = [b"key-%d\t%d" % (number % 17, number) for number in range(2_000)]

    assert cauce(node, "produce", topic, "-K", r"\t", stdin=b"\n".join(keyed)).returncode == 0
    found = cauce(node, "consume", topic, "-K", r"\t").stdout.splitlines()

    assert sorted(found) == sorted(keyed)
    for key in range(17):
        mine = [line for line in found if line.startswith(b"key-%d\t" % key)]
        assert mine == [line for line in keyed if line.startswith(b"key-%d\t" % key)]


def test_where_writes_what_matches(node: Node, topic: str) -> None:
    lines = b"".join(b'{"n":%d}\n' % n for n in range(2_000))
    cauce(node, "produce", topic, "--value-type", "json", stdin=lines)

    some = cauce(node, "consume", topic, "--where", "value.n % 500 == 0 || value.m == 1")
    none = cauce(node, "consume", topic, "--where", "value.n >")

    assert sorted(some.stdout.splitlines()) == [b'{"n":%d}' % n for n in (0, 1000, 1500, 500)]
    assert some.stderr.startswith(b"cauce: 1,996 records left out: ")
    assert none.returncode != 0
    assert b"line 1, column 10" in none.stderr


def test_a_topic_is_copied_whole_by_a_pipe(node: Node, topic: str) -> None:
    copy = f"{topic}-copy"
    cauce(node, "topic", "create", copy, "--partitions", "3")
    lines = b"".join(b"k%d:%s\n" % (n % 5, line) for n, line in enumerate(random_lines(2, 300)))
    arguments = ("-K", ":", "-H", "trace=1", "--null", "")
    assert cauce(node, "produce", topic, *arguments, stdin=lines).returncode == 0

    first = cauce(node, "consume", topic, "-o", "json").stdout
    assert cauce(node, "produce", copy, "-i", "json", stdin=first).returncode == 0
    second = cauce(node, "consume", copy, "-o", "json").stdout
    cauce(node, "topic", "delete", copy, "--yes")

    assert len(first.splitlines()) == 300
    assert sorted(second.replace(copy.encode(), topic.encode()).splitlines()) == sorted(
        first.splitlines()
    )


def test_large_numbers_keep_every_digit(node: Node, topic: str) -> None:
    value = b'{"id":9223372036854775807,"price":1.10,"big":1e400}'
    cauce(node, "produce", topic, "--value-type", "json", stdin=value)

    shown = cauce(node, "consume", topic, "-o", "json").stdout

    assert b'"data":' + value in shown


def test_from_begins_at_offsets_and_times(node: Node, topic: str) -> None:
    records = b"".join(
        b'{"partition_id":0,"timestamp":%d,"value":{"type":"STRING","data":"%d"}}\n' % (at, at)
        for at in range(1_000, 10_000, 1_000)
    )
    assert cauce(node, "produce", topic, "-i", "json", stdin=records).returncode == 0

    at_offset = cauce(node, "consume", topic, "-p", "0", "--from", "7").stdout
    at_time = cauce(node, "consume", topic, "--from", "1970-01-01T00:00:07.5Z").stdout
    at_ms = cauce(node, "consume", topic, "--from", "@7000", "--count", "1").stdout
    beyond = cauce(node, "consume", topic, "-p", "0", "--from", "10")

    assert at_offset == at_time == b"8000\n9000\n"
    assert at_ms == b"7000\n"
    assert beyond.returncode == 1


def test_refused_lines_are_named_and_the_others_stored(node: Node, topic: str) -> None:
    large = b"x" * 1_100_000

    produced = cauce(node, "produce", topic, "-p", "0", stdin=b"a\n" + large + b"\nb\n")

    assert produced.returncode == 1
    assert b"line 2 refused" in produced.stderr
    assert cauce(node, "consume", topic).stdout == b"a\nb\n"


def test_topics_are_created_listed_described_altered_and_deleted(node: Node) -> None:
    assert cauce(node, "topic", "create", "life", "-p", "2", "-c", "flush.ms=5").returncode == 0
    again = cauce(node, "topic", "create", "life")
    assert (again.returncode, b"already exists" in again.stderr) == (1, True)
    assert cauce(node, "topic", "create", "life", "--if-not-exists").returncode == 0
    assert b"life\n" in cauce(node, "topic", "list").stdout

    changes = ("-c", "segment.bytes=1000000", "--delete-config", "flush.ms", "-p", "4")
    assert cauce(node, "topic", "alter", "life", *changes).returncode == 0
    cauce(node, "produce", "life", "-p", "3", stdin=b"x\n")
    described = json.loads(cauce(node, "topic", "describe", "life", "-o", "json").stdout)
    text = cauce(node, "topic", "describe", "life").stdout

    assert [one["latest_offset"] for one in described["partitions"]] == [0, 0, 0, 1]
    assert {one["name"] for one in described["configs"] if not one["is_default"]} == {
        "segment.bytes"
    }
    assert b"segment.bytes=1000000" in text
    assert b"flush.ms" not in text
    assert cauce(node, "topic", "delete", "life", "--yes").returncode == 0
    assert cauce(node, "topic", "describe", "life").returncode == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("topic", "create", "two words"),
        ("topic", "create", "t-unknown-config", "-c", "no.such.config=1"),
        ("topic", "delete", "absent", "--yes"),
        ("topic", "alter", "absent", "-p", "3"),
        ("produce", "absent"),
        ("consume", "absent"),
    ],
)
def test_refusals_end_with_one_and_a_reason(node: Node, arguments: tuple[str, ...]) -> None:
    refused = cauce(node, *arguments)

    assert refused.returncode == 1
    assert refused.stderr.startswith(b"cauce: ")
    assert b"Traceback" not in refused.stderr


def test_follow_writes_what_comes_and_ends_with_the_signal(node: Node, topic: str) -> None:
    following = begin(node, "consume", topic, "--follow")
    assert following.stdout is not None

    for line in (b"first\n", b"second\n"):
        assert cauce(node, "produce", topic, "-p", "0", stdin=line).returncode == 0
        assert following.stdout.readline() == line
    following.send_signal(signal.SIGINT)
    rest, said = following.communicate(timeout=PATIENCE_S)

    assert (following.returncode, rest, said) == (130, b"", b"")


def test_a_reader_that_leaves_ends_consume_quietly(node: Node, topic: str) -> None:
    cauce(node, "produce", topic, stdin=b"%d\n" % 10**50 * 10_000)

    consuming = begin(node, "consume", topic)
    assert consuming.stdout is not None
    consuming.stdout.readline()
    consuming.stdout.close()
    consuming.stdout = None
    _, said = consuming.communicate(timeout=PATIENCE_S)

    assert (consuming.returncode, said) == (0, b"")


def test_a_signal_sends_the_lines_that_were_read(node: Node, topic: str) -> None:
    options = ("-o", "json", "--batch-records", "2", "--linger-ms", "60000", "-p", "0")
    producing = begin(node, "produce", topic, *options)
    assert producing.stdin is not None
    assert producing.stdout is not None
    producing.stdin.write(b"a\nb\n")
    producing.stdin.flush()
    producing.stdout.readline()

    producing.stdin.write(b"whole\nhalf")
    producing.stdin.flush()
    wait_until_read(producing.stdin)
    producing.send_signal(signal.SIGTERM)

    assert producing.wait(PATIENCE_S) == 143
    assert producing.stderr is not None
    assert b"unfinished last line was not sent" in producing.stderr.read()
    assert cauce(node, "consume", topic).stdout == b"a\nb\nwhole\n"
    producing.communicate()


def test_following_outlives_a_node_that_is_killed_and_started_again(tmp_path: Path) -> None:
    node = Node(tmp_path / "data")
    node.start()
    try:
        cauce(node, "topic", "create", "t", "-q")
        following = begin(node, "consume", "t", "--follow")
        assert following.stdout is not None
        cauce(node, "produce", "t", stdin=b"before\n")
        assert following.stdout.readline() == b"before\n"

        node.stop(signal.SIGKILL)
        lost = cauce(node, "produce", "t", stdin=b"lost\n")
        node.start()
        cauce(node, "produce", "t", stdin=b"after\n")

        assert lost.returncode == 3
        assert following.stdout.readline() == b"after\n"
        following.terminate()
        _, said = following.communicate(timeout=PATIENCE_S)
        assert b"the server is back" in said
    finally:
        node.stop()


def test_serve_ends_cleanly_with_sigterm(tmp_path: Path) -> None:
    node = Node(tmp_path / "data")
    node.start()

    assert node.stop() == 0


def test_serve_says_what_is_wrong_when_it_cannot_start(node: Node, tmp_path: Path) -> None:
    same_port = Node(tmp_path / "data")
    same_port.port = node.port
    same_directory = Node(node.directory)

    for second in (same_port, same_directory):
        ran = subprocess.run(
            second.command(), cwd=ROOT, capture_output=True, timeout=PATIENCE_S, check=False
        )
        assert ran.returncode != 0
        assert ran.stderr.strip()
        assert b"Traceback" not in ran.stderr
