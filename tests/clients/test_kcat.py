"""kcat, Debian's command-line client: lists, writes and reads."""

import json
import shutil
import subprocess

import pytest

from tests.support.kafka_clients import PATIENCE_S
from tests.support.node import NodeProcess

pytestmark = pytest.mark.slow


def kcat(node: NodeProcess, *arguments: str, said: str = "") -> str:
    program = shutil.which("kcat")
    assert program is not None, "the tests need Debian's package kcat"
    ran = subprocess.run(
        [program, "-b", node.bootstrap, *arguments],
        input=said,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_brokers_and_topics_are_listed(node: NodeProcess) -> None:
    node.create_topic("listed", 2)

    found = json.loads(kcat(node, "-L", "-J"))

    assert [one["name"] for one in found["brokers"]] == [node.bootstrap]
    topic = next(one for one in found["topics"] if one["topic"] == "listed")
    assert [one["leader"] for one in topic["partitions"]] == [1, 1]


@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4", "zstd"])
def test_records_come_back_with_keys_and_headers(node: NodeProcess, codec: str) -> None:
    topic = f"kcat-{codec}"
    lines = "".join(f"k{number}:v{number}{'x' * 500}\n" for number in range(50))

    kcat(node, "-P", "-t", topic, "-K:", "-H", "h=1", "-z", codec, "-X", "acks=all", said=lines)

    read = kcat(node, "-C", "-t", topic, "-o", "beginning", "-c", "50", "-J", "-e")
    found = [json.loads(line) for line in read.splitlines()]
    assert [one["offset"] for one in found] == list(range(50))
    assert [f"{one['key']}:{one['payload']}\n" for one in found] == lines.splitlines(keepends=True)
    assert all(one["headers"] == ["h", "1"] for one in found)


def test_compressed_records_lie_compressed_on_disk(node: NodeProcess) -> None:
    kcat(node, "-P", "-t", "packed", "-z", "gzip", "-X", "linger.ms=200", said="x" * 50 + "\n" * 1)
    kcat(
        node,
        "-P",
        "-t",
        "packed",
        "-z",
        "gzip",
        "-X",
        "linger.ms=200",
        said=("x" * 900 + "\n") * 200,
    )

    sizes = [path.stat().st_size for path in node.directory.rglob("packed*/*.log")]

    assert 0 < sum(sizes) < 20_000


def test_offsets_are_found_by_time(node: NodeProcess) -> None:
    kcat(node, "-P", "-t", "timed", said="a\nb\n")

    assert kcat(node, "-Q", "-t", "timed:0:-1").split() == ["timed", "[0]", "offset", "2"]
    assert kcat(node, "-Q", "-t", "timed:0:1").split() == ["timed", "[0]", "offset", "0"]
