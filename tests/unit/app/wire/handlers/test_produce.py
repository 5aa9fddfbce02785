import pytest

from app.broker.context import BrokerContext
from app.broker.fetch import FetchBounds, WantedPartition, fetch, read_slice
from app.security.acls import Operation
from app.security.principal import ANONYMOUS
from app.wire.messages.produce import (
    InitProducerIdRequest,
    InitProducerIdResponse,
    PartitionProduceData,
    PartitionProduceResponse,
    ProduceRequest,
    ProduceResponse,
    TopicProduceData,
)
from app.wire.registry import HangUp
from storage.format.builder import build_batch
from storage.format.decoder import decode_records
from tests.support.broker import NOW_MS, Guards, guarded
from tests.support.wire_calls import ask, call_of

VERSIONS = range(3, 12)


def batch_of(*values: bytes, **changes: int) -> bytearray:
    return build_batch([(NOW_MS, None, value, ()) for value in values], **changes)


def produce_of(
    *batches: tuple[int, bytes | bytearray | None], topic: str = "t", acks: int = -1
) -> ProduceRequest:
    data = [
        PartitionProduceData(
            index=index, records=None if records is None else memoryview(bytearray(records))
        )
        for index, records in batches
    ]
    return ProduceRequest(
        acks=acks, timeout_ms=5_000, topic_data=[TopicProduceData(name=topic, partition_data=data)]
    )


async def produced(
    broker: BrokerContext, request: ProduceRequest, version: int = 9
) -> list[PartitionProduceResponse]:
    response = await ask(broker, request, ProduceResponse, version)
    assert [one.name for one in response.responses] == [one.name for one in request.topic_data]
    return response.responses[0].partition_responses


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("acks", [-1, 1])
async def test_each_partition_s_batch_is_appended_and_its_offsets_are_told(
    broker: BrokerContext, version: int, acks: int
) -> None:
    request = produce_of((0, batch_of(b"a", b"b")), (1, batch_of(b"c")), acks=acks)

    first = await produced(broker, request, version)
    second = await produced(broker, request, version)

    assert [one.error_code for one in first + second] == [0] * 4
    assert [one.base_offset for one in first + second] == [0, 0, 2, 1]
    wanted = [WantedPartition(topic_name="t", partition=0, offset=2, max_bytes=1000)]
    (fetched,) = await fetch(broker, ANONYMOUS, wanted, FetchBounds(max_bytes=1000))
    assert fetched.found is not None
    records = decode_records(await read_slice(broker, fetched.found))
    assert [(one.offset, one.value) for one in records] == [(2, b"a"), (3, b"b")]


async def test_a_producer_that_wants_no_answer_gets_none(broker: BrokerContext) -> None:
    from app.wire.handlers.produce import produce

    request = produce_of((0, batch_of(b"a")), acks=0)

    assert produce(call_of(broker, 9), request) is None
    replica = broker.replicas.get(broker.image.topics["t"].topic_id, 0)
    assert replica is not None
    assert replica.log_end_offset == 1


async def test_a_producer_that_wants_no_answer_is_hung_up_on_when_it_is_refused(
    broker: BrokerContext,
) -> None:
    from app.wire.handlers.produce import produce

    guards = Guards(refused=frozenset({Operation.WRITE}))
    unknown = produce_of((0, batch_of(b"a")), (9, batch_of(b"b")), acks=0)
    forbidden = produce_of((0, batch_of(b"a")), acks=0)

    said = [
        produce(call_of(broker, 9), unknown),
        produce(call_of(guarded(broker, guards), 9), forbidden),
    ]

    assert [isinstance(one, HangUp) and one.reason.rsplit(" ", 1)[1] for one in said] == [
        "UNKNOWN_TOPIC_OR_PARTITION",
        "TOPIC_AUTHORIZATION_FAILED",
    ]


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (produce_of((0, batch_of(b"a")), topic="no"), 3),
        (produce_of((2, batch_of(b"a"))), 3),
        (produce_of((0, batch_of(b"a")), acks=2), 21),
        (produce_of((0, None)), 87),
        (produce_of((0, b"")), 87),
        (produce_of((0, b"x" * 100)), 87),
        (produce_of((0, batch_of(b"a") + batch_of(b"b"))), 87),
        (produce_of((0, batch_of(b"a")[:-1])), 2),
        (produce_of((0, batch_of(b"a" * 1_100_000))), 10),
    ],
)
async def test_a_batch_that_cannot_be_taken_is_refused(
    broker: BrokerContext, request_: ProduceRequest, code: int
) -> None:
    (refused,) = await produced(broker, request_)

    assert (refused.error_code, refused.base_offset) == (code, -1)
    assert refused.error_message


async def test_other_partitions_of_a_request_are_appended(broker: BrokerContext) -> None:
    answers = await produced(broker, produce_of((5, batch_of(b"a")), (1, batch_of(b"b"))))

    assert [(one.index, one.error_code) for one in answers] == [(5, 3), (1, 0)]


async def test_a_batch_sent_again_has_the_offsets_it_had(broker: BrokerContext) -> None:
    first = produce_of((0, batch_of(b"a", producer_id=7, producer_epoch=0, base_sequence=0)))
    second = produce_of((0, batch_of(b"b", producer_id=7, producer_epoch=0, base_sequence=1)))
    gap = produce_of((0, batch_of(b"c", producer_id=7, producer_epoch=0, base_sequence=5)))

    answers = [(await produced(broker, one))[0] for one in (first, second, first, gap)]

    assert [one.base_offset for one in answers] == [0, 1, 0, -1]
    assert [one.error_code for one in answers] == [0, 0, 0, 45]


async def test_a_transaction_is_refused(broker: BrokerContext) -> None:
    request = produce_of((0, batch_of(b"a")))
    request.transactional_id = "tx"

    assert [one.error_code for one in await produced(broker, request)] == [35]


async def test_who_may_not_write_appends_nothing(broker: BrokerContext) -> None:
    refusing = guarded(broker, Guards(refused=frozenset({Operation.WRITE})))

    assert (await produced(refusing, produce_of((0, batch_of(b"a")))))[0].error_code == 29


@pytest.mark.parametrize("version", range(5))
async def test_every_producer_gets_an_id_of_its_own(broker: BrokerContext, version: int) -> None:
    asked = InitProducerIdRequest(transactional_id=None, producer_id=-1, producer_epoch=-1)

    answers = [await ask(broker, asked, InitProducerIdResponse, version) for _ in range(2)]

    assert [one.error_code for one in answers] == [0, 0]
    assert answers[0].producer_id != answers[1].producer_id
    assert [one.producer_epoch for one in answers] == [0, 0]


@pytest.mark.parametrize(("transactional_id", "code"), [("tx", 35), ("", 42)])
async def test_a_transactional_producer_gets_none(
    broker: BrokerContext, transactional_id: str, code: int
) -> None:
    asked = InitProducerIdRequest(transactional_id=transactional_id)

    answer = await ask(broker, asked, InitProducerIdResponse, 4)

    assert (answer.error_code, answer.producer_id, answer.producer_epoch) == (code, -1, -1)
