"""What one door and client writes, every other one reads: the same records, in their order."""

import time

import pytest

from tests.support.kafka_clients import READERS, WRITERS, Record
from tests.support.node import NodeProcess

pytestmark = pytest.mark.slow

CODECS = ("none", "gzip", "snappy", "lz4", "zstd")


def records(count: int = 40) -> list[Record]:
    """Return records of all kinds: with and without key, value, headers, and a long one."""
    now_ms = int(time.time() * 1000)
    kinds = [
        Record(b"key", b"value", (), now_ms),
        Record(None, b"no key", (("a", b"1"), ("a", b"2"), ("empty", b"")), now_ms - 60_000),
        Record(b"deleted", None, (), now_ms - 1),
        Record(b"", b"", (), now_ms - 2),
        Record(bytes(range(256)), bytes(reversed(range(256))), (("h", b"\xff\0"),), now_ms),
        Record(b"long", b"0123456789abcdef" * 2_000, (), now_ms),
    ]
    return [kinds[number % len(kinds)] for number in range(count)]


@pytest.mark.parametrize("writer", WRITERS)
def test_every_reader_reads_what_a_writer_wrote(node: NodeProcess, writer: str) -> None:
    written = records()
    topic = f"matrix-{writer}"
    node.create_topic(topic, 1)

    WRITERS[writer](node, topic, written, {})

    for reader, read in READERS.items():
        assert read(node, topic, len(written)) == written, f"{writer} -> {reader}"


@pytest.mark.parametrize("writer", [one for one in WRITERS if one != "rest"])
def test_every_codec_is_stored_as_it_came_and_read_by_all(node: NodeProcess, writer: str) -> None:
    written = records(12)
    for codec in CODECS:
        topic = f"codec-{writer}-{codec}"
        node.create_topic(topic, 1)
        WRITERS[writer](node, topic, written, {"codec": codec})

        for reader, read in READERS.items():
            assert read(node, topic, len(written)) == written, f"{writer} {codec} -> {reader}"


@pytest.mark.parametrize("writer", [one for one in WRITERS if one != "rest"])
@pytest.mark.parametrize(
    "options", [{"acks": 0}, {"acks": 1}, {"acks": -1}, {"acks": -1, "idempotent": True}], ids=str
)
def test_every_acknowledgement_is_honoured(
    node: NodeProcess, writer: str, options: dict[str, int]
) -> None:
    written = records(300)
    topic = f"acks-{writer}-{'-'.join(map(str, options.values()))}"
    node.create_topic(topic, 1)

    WRITERS[writer](node, topic, written, options)

    assert READERS["confluent-kafka"](node, topic, len(written)) == written
