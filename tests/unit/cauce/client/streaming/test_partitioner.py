from hypothesis import given
from hypothesis import strategies as st

from app.broker import partitioner as server
from cauce.client.streaming.partitioner import partition_for_key


@given(st.binary(max_size=50), st.integers(1, 1_000))
def test_a_key_goes_where_the_server_would_send_it(key: bytes, partitions: int) -> None:
    assert partition_for_key(key, partitions) == server.partition_for_key(key, partitions)


def test_a_key_goes_where_kafka_sends_it() -> None:
    # UtilsTest of Kafka's clients: murmur2("21") = -973932308, "foobar" = -790332482.
    assert partition_for_key(b"21", 1_000) == (-973932308 & 0x7FFFFFFF) % 1_000
    assert partition_for_key(b"foobar", 1_000) == (-790332482 & 0x7FFFFFFF) % 1_000
