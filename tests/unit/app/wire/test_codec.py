"""What a client may send that is no message: cut off, hostile, with tags from the future."""

import struct
import tracemalloc
from collections.abc import Iterator
from contextlib import suppress
from random import Random

import pytest

from app.wire.codec import ELEMENTS_MAX, Gap, decode, decode_from, encode
from app.wire.errors import MalformedMessage
from app.wire.message import api_of
from app.wire.messages.api_versions import ApiVersion, ApiVersionsResponse
from app.wire.messages.fetch import FetchableTopicResponse, FetchResponse, PartitionData
from app.wire.messages.metadata import Cursor, DescribeTopicPartitionsRequest, MetadataRequest
from app.wire.messages.produce import PartitionProduceData, ProduceRequest, TopicProduceData
from tests.support.wire_messages import as_data, message_types, random_message, versions

MESSAGES = message_types()
HUGE = (0x7FFFFFFF, -0x80000000, -2, 0x00FFFFFF)
SIZES = 400


def encoded(message: object, version: int) -> bytearray:
    out = bytearray()
    encode(message, version, out)
    return out


def instances(message_type: type) -> Iterator[tuple[int, bytearray, Random]]:
    """Yield versions, and a message of each as bytes."""
    random = Random(message_type.__name__)
    for version in versions(api_of(message_type)):
        yield version, encoded(random_message(message_type, version, random), version), random


@pytest.mark.parametrize("message_type", MESSAGES)
def test_a_message_that_is_cut_off_is_refused_at_every_byte(message_type: type) -> None:
    for version, whole, _ in instances(message_type):
        for size in range(min(len(whole), SIZES)):
            with pytest.raises(MalformedMessage):
                decode(message_type, version, whole[:size])


@pytest.mark.parametrize("message_type", MESSAGES)
def test_bytes_that_were_changed_give_a_message_or_a_refusal(message_type: type) -> None:
    for version, whole, random in instances(message_type):
        for _ in range(60):
            changed = bytearray(whole)
            at = random.randrange(len(changed) + 1)
            changed[at : at + 4] = struct.pack(">i", random.choice(HUGE))
            changed += random.randbytes(random.choice([0, 8]))
            with suppress(MalformedMessage):
                assert isinstance(decode(message_type, version, changed), message_type)


def test_a_count_beyond_the_bytes_allocates_nothing() -> None:
    hostile = struct.pack(">i", ELEMENTS_MAX)
    decode_from(MetadataRequest, 4, encoded(MetadataRequest(), 4))

    tracemalloc.start()
    with pytest.raises(MalformedMessage):
        decode(MetadataRequest, 4, hostile)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 100_000


def test_a_message_with_too_many_elements_is_refused() -> None:
    names = bytes(2 * (ELEMENTS_MAX + 1))
    hostile = struct.pack(">i", ELEMENTS_MAX + 1) + names + b"\0"

    with pytest.raises(MalformedMessage, match="more than"):
        decode(MetadataRequest, 4, hostile)


def test_elements_are_counted_over_all_arrays() -> None:
    half = ELEMENTS_MAX // 2 + 1
    topic = b"\0\0" + struct.pack(">i", half) + bytes(8 * half)
    hostile = struct.pack(">hhi", -1, 1, 1000) + struct.pack(">i", 2) + topic + topic

    with pytest.raises(MalformedMessage, match="more than"):
        decode(ProduceRequest, 3, hostile)


def test_text_that_is_not_utf8_is_refused() -> None:
    with pytest.raises(MalformedMessage, match="UTF-8"):
        decode(MetadataRequest, 4, b"\0\0\0\1\0\2\xff\xfe\0")


def test_null_is_refused_where_it_must_not_be() -> None:
    with pytest.raises(MalformedMessage, match="null"):
        decode(MetadataRequest, 0, b"\xff\xff\xff\xff")


def test_unknown_tagged_fields_are_skipped() -> None:
    message = ApiVersionsResponse(api_keys=[ApiVersion(api_key=3, max_version=9)])
    written = encoded(message, 3)
    assert written[-1] == 0
    written[-1:] = b"\2\x05\3abc\x84\1\1x"

    found, end = decode_from(ApiVersionsResponse, 3, written)

    assert found == message
    assert end == len(written)


def test_a_tagged_field_of_another_size_than_it_says_is_refused() -> None:
    written = encoded(ApiVersionsResponse(finalized_features_epoch=7), 3)
    written[-9] = 9
    written += b"\0"

    with pytest.raises(MalformedMessage, match="tagged"):
        decode(ApiVersionsResponse, 3, written)


def test_a_struct_that_may_be_null_has_a_byte_before_it() -> None:
    cursor = Cursor(topic_name="t", partition_index=3)
    with_cursor = DescribeTopicPartitionsRequest(response_partition_limit=1, cursor=cursor)
    without = DescribeTopicPartitionsRequest(response_partition_limit=1)

    assert encoded(with_cursor, 0) == b"\1\0\0\0\1\1\2t\0\0\0\3\0\0"
    assert encoded(without, 0) == b"\1\0\0\0\1\xff\0"


def test_records_of_a_request_are_seen_in_the_frame_that_brought_them() -> None:
    data = PartitionProduceData(index=1, records=memoryview(b"batch"))
    topic = TopicProduceData(name="t", partition_data=[data])
    frame = encoded(ProduceRequest(topic_data=[topic]), 9)

    found = decode(ProduceRequest, 9, frame)

    records = found.topic_data[0].partition_data[0].records
    assert isinstance(records, memoryview)
    assert records.obj is frame
    assert bytes(records) == b"batch"


class Elsewhere:
    size = 5


@pytest.mark.parametrize("version", [11, 12])
def test_records_that_lie_elsewhere_leave_a_gap(version: int) -> None:
    elsewhere = Elsewhere()

    def response(records: object) -> FetchResponse:
        data = PartitionData(partition_index=1, records=records)  # type: ignore[arg-type] # both kinds
        return FetchResponse(responses=[FetchableTopicResponse(topic="t", partitions=[data])])

    out = bytearray()
    gaps = encode(response(elsewhere), version, out)

    assert [gap.source for gap in gaps] == [elsewhere]
    position = gaps[0].position
    assert out[:position] + b"batch" + out[position:] == encoded(response(b"batch"), version)
    assert gaps == [Gap(position, elsewhere)]


def test_a_field_that_a_version_lacks_keeps_its_default() -> None:
    written = encoded(MetadataRequest(topics=None, allow_auto_topic_creation=False), 3)

    assert as_data(decode(MetadataRequest, 3, written))["allow_auto_topic_creation"] is True
