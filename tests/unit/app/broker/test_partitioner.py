"""The partitioner agrees with Kafka's clients about keys, and spreads what has none."""

from hypothesis import given
from hypothesis import strategies as st
from kafka.partitioner.default import murmur2 as kafka_python_murmur2

from app.broker.partitioner import STICKY_BYTES, Partitioner, murmur2, partition_for_key

JAVA_HASHES = {
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    b"abc": 479470107,
}
"""From the tests of Kafka's ``Utils.murmur2``: facts of the algorithm."""


def test_murmur2_is_kafkas() -> None:
    assert {key: murmur2(key) for key in JAVA_HASHES} == {
        key: hashed & 0xFFFFFFFF for key, hashed in JAVA_HASHES.items()
    }


@given(st.binary(max_size=300), st.integers(1, 1000))
def test_partition_for_key_is_kafka_pythons(key: bytes, count: int) -> None:
    assert partition_for_key(key, count) == (kafka_python_murmur2(key) & 0x7FFFFFFF) % count


def test_records_without_a_key_stick_until_enough_bytes_went_there() -> None:
    partitioner = Partitioner()

    chosen = [partitioner.partition_without_key("id", 3, STICKY_BYTES // 2) for _ in range(7)]

    assert chosen == [0, 0, 1, 1, 2, 2, 0]


def test_partition_without_key_exists_when_the_topic_came_again_smaller() -> None:
    partitioner = Partitioner()
    for _ in range(2):
        partitioner.partition_without_key("id", 3, STICKY_BYTES)

    assert partitioner.partition_without_key("id", 1, 1) == 0
    partitioner.forget("id")
    assert partitioner.partition_without_key("id", 3, 1) == 0
