"""Producing: outcomes in the order of the records, and none twice."""

import struct
import time
from typing import Any

import msgspec
import pytest

from app.api.ws.client_frames import BinaryProduce, Produce
from app.api.ws.codec import BadFrame, Kind
from app.api.ws.producing import Producer, check_frame, failure, runs
from app.api.ws.server_frames import Run
from app.broker.errors import KafkaStorageError, UnknownTopicOrPartition
from app.security.principal import ANONYMOUS
from storage.format.builder import build_batch
from tests.support.application import RunningApplication
from tests.support.broker import Guards, guarded


@pytest.fixture
def producer(app: RunningApplication) -> Producer:
    return Producer(app.context, ANONYMOUS)


def frame(topic: str, given: list[Any], **more: Any) -> Produce:
    """Return a frame of records; of values that are no records yet, records of them."""
    records = [
        one if isinstance(one, dict) else {"value": {"type": "JSON", "data": one}} for one in given
    ]
    text = msgspec.json.encode({"type": "produce", "topic": topic, "records": records, **more})
    return msgspec.json.decode(text, type=Produce)


def to_partition(partition: int, value: object) -> dict[str, Any]:
    return {"partition_id": partition, "value": {"type": "JSON", "data": value}}


AVRO = {"value": {"type": "AVRO", "data": 1}}


async def values(app: RunningApplication, topic: str, partition: int = 0) -> list[Any]:
    return [one["value"]["data"] for one in await app.records(topic, partition)]


async def test_records_in_a_row_are_one_outcome(
    app: RunningApplication, producer: Producer
) -> None:
    first = await producer.produce_json(frame("one", [1, 2, 3]))
    second = await producer.produce_json(frame("one", [4]))

    assert first == [Run(count=3, partition=0, base_offset=0)]
    assert second == [Run(count=1, partition=0, base_offset=3)]
    assert await values(app, "one") == [1, 2, 3, 4]


async def test_records_go_to_the_partition_of_their_frame_or_their_own(
    app: RunningApplication, producer: Producer
) -> None:
    given = frame("three", [1, to_partition(0, 2), to_partition(7, 3), 4], partition=2)

    found = await producer.produce_json(given)

    assert [(run.count, run.partition, run.base_offset, run.error_code) for run in found] == [
        (1, 2, 0, None),
        (1, 0, 0, None),
        (1, None, None, 40403),
        (1, 2, 1, None),
    ]
    assert await values(app, "three", 2) == [1, 4]


async def test_a_record_that_does_not_parse_is_refused_beside_the_others(
    app: RunningApplication, producer: Producer
) -> None:
    given = frame("one", [AVRO, 2])

    found = await producer.produce_json(given)

    assert [(run.count, run.error_code, run.base_offset) for run in found] == [
        (1, 40401, None),
        (1, None, 0),
    ]
    assert await values(app, "one") == [2]


async def test_a_value_may_nest_as_deep_as_over_rest_and_no_deeper(
    app: RunningApplication, producer: Producer
) -> None:
    def nested(depth: int) -> list[Any]:
        return [nested(depth - 1)] if depth > 1 else []

    found = await producer.produce_json(frame("one", [nested(128), nested(129), 3]))

    assert [(run.count, run.error_code) for run in found] == [(1, None), (1, 400), (1, None)]
    assert await values(app, "one") == [nested(128), 3]


@pytest.mark.parametrize(
    ("given", "code"),
    [([], 40002), ([{"what": 1}], 422), ([{"value": 7}], 400), ([[]], 400)],
)
async def test_what_is_no_list_of_records_is_refused(
    app: RunningApplication, producer: Producer, given: list[Any], code: int
) -> None:
    text = msgspec.json.encode({"type": "produce", "topic": "one", "records": given})

    found = await producer.produce_json(msgspec.json.decode(text, type=Produce))

    assert [run.error_code for run in found] == [code]
    assert await values(app, "one") == []


async def test_an_unknown_topic_refuses_all(producer: Producer) -> None:
    found = await producer.produce_json(frame("nothing", [1, 2]))

    assert [(run.count, run.error_code, run.retriable) for run in found] == [(2, 40403, True)]


async def test_a_frame_of_a_producer_that_is_sent_again_is_appended_once(
    app: RunningApplication, producer: Producer
) -> None:
    who = {"producer_id": 7, "epoch": 0, "sequence": 0}
    given = frame("one", [1, 2], partition=0, producer=who)

    first = await producer.produce_json(given)
    again = await producer.produce_json(given)
    gap = await producer.produce_json(
        frame("one", [3], partition=0, producer={**who, "sequence": 5})
    )
    following = await producer.produce_json(
        frame("one", [3], partition=0, producer={**who, "sequence": 2})
    )

    assert first == again == [Run(count=2, partition=0, base_offset=0)]
    assert [(run.count, run.error_code) for run in gap] == [(1, 40002)]
    assert following == [Run(count=1, partition=0, base_offset=2)]
    assert await values(app, "one") == [1, 2, 3]


async def test_a_frame_of_a_producer_is_refused_as_a_whole(
    app: RunningApplication, producer: Producer
) -> None:
    who = {"producer_id": 7, "epoch": 0, "sequence": 0}
    mixed = frame("three", [1, to_partition(1, 2)], partition=0, producer=who)
    bad = frame("three", [1, AVRO], partition=0, producer=who)

    assert [run.count for run in await producer.produce_json(mixed)] == [2]
    assert [run.count for run in await producer.produce_json(bad)] == [2]
    assert await values(app, "three") == []


async def test_columns_are_appended_with_what_they_bring(
    app: RunningApplication, producer: Producer
) -> None:
    header = BinaryProduce(topic="one", count=2, columns=["timestamps"])
    data = struct.pack("<2q4i", 10, 20, 1, -1, 2, 2) + b"k" + b"[]{}"

    found = await producer.produce_binary(Kind.PRODUCE_COLUMNS, header, memoryview(data))

    assert found == [Run(count=2, partition=0, base_offset=0)]
    read = await app.records("one")
    assert [one["key"] and one["key"]["data"] for one in read] == ["k", None]
    assert [one["timestamp"] for one in read] == [
        "1970-01-01T00:00:00.010Z",
        "1970-01-01T00:00:00.020Z",
    ]


async def test_columns_that_do_not_fit_are_refused(producer: Producer) -> None:
    header = BinaryProduce(topic="one", count=2)

    found = await producer.produce_binary(Kind.PRODUCE_COLUMNS, header, memoryview(b"abc"))

    assert [(run.count, run.error_code) for run in found] == [(2, 400)]


async def test_columns_of_a_producer_are_appended_once(
    app: RunningApplication, producer: Producer
) -> None:
    who = {"producer_id": 9, "epoch": 0, "sequence": 0}
    header = msgspec.convert({"topic": "one", "partition": 0, "producer": who}, BinaryProduce)
    data = memoryview(struct.pack("<2i", -1, 1) + b"7")

    for _ in range(2):
        found = await producer.produce_binary(Kind.PRODUCE_COLUMNS, header, data)
        assert found == [Run(count=1, partition=0, base_offset=0)]

    assert await values(app, "one") == [7]


async def test_a_batch_is_appended_as_it_is_and_once(
    app: RunningApplication, producer: Producer
) -> None:
    header = BinaryProduce(topic="one", partition=0)
    batch = build_batch(
        [(5, None, b"1", ()), (6, None, b"2", ())],
        producer_id=3,
        producer_epoch=0,
        base_sequence=0,
    )

    for _ in range(2):
        found = await producer.produce_binary(Kind.PRODUCE_BATCH, header, memoryview(batch))
        assert found == [Run(count=2, partition=0, base_offset=0)]

    assert await values(app, "one") == [1, 2]


@pytest.mark.parametrize(
    ("header", "data", "code"),
    [
        (BinaryProduce(topic="one"), bytes(build_batch([(1, None, b"", ())])), 40002),
        (BinaryProduce(topic="one", partition=0), b"no batch", 40002),
        (
            BinaryProduce(topic="one", partition=0),
            bytes(build_batch([(1, None, b"abc", ())]))[:-3] + b"xyz",
            40002,
        ),
    ],
)
async def test_what_is_no_batch_is_refused(
    app: RunningApplication, producer: Producer, header: BinaryProduce, data: bytes, code: int
) -> None:
    found = await producer.produce_binary(Kind.PRODUCE_BATCH, header, memoryview(data))

    assert [run.error_code for run in found] == [code]
    assert await values(app, "one") == []


def test_outcomes_that_follow_each_other_are_one_run() -> None:
    unknown = UnknownTopicOrPartition("no")

    found = runs([(0, 5, 1), (0, 6, 1), unknown, unknown, (0, 7, 1), (1, 8, 1), (1, 10, 1)])

    assert [(run.count, run.partition, run.base_offset, run.error_code) for run in found] == [
        (2, 0, 5, None),
        (2, None, None, 40403),
        (1, 0, 7, None),
        (1, 1, 8, None),
        (1, 1, 10, None),
    ]


def test_an_unknown_outcome_says_so() -> None:
    run = failure(KafkaStorageError("gone"), 3)

    assert (run.count, run.retriable, run.outcome_unknown) == (3, True, True)


def test_a_producer_needs_a_partition() -> None:
    who = {"producer_id": 7, "epoch": 0, "sequence": 0}

    with pytest.raises(BadFrame) as raised:
        check_frame(frame("one", [1], producer=who, id=4))

    assert raised.value.frame_id == 4


async def test_frames_are_held_back_while_a_quota_is_used_up(app: RunningApplication) -> None:
    owing = guarded(app.context, Guards(throttle_ms=1_500))
    began = time.monotonic()

    found = await Producer(owing, ANONYMOUS).produce_json(frame("one", [1]))

    assert found == [Run(count=1, partition=0, base_offset=0)]
    assert time.monotonic() - began >= 1.49
