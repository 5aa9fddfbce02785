from dataclasses import replace

import pytest

from app.broker.context import BrokerContext
from app.security.acls import Operation
from app.security.principal import ANONYMOUS
from app.security.quota_windows.limits import UNSET, Quota, QuotaType
from app.security.quotas import ClientQuotas
from app.wire.call import Client
from app.wire.handlers.operations import NOT_ASKED
from app.wire.handlers.topic_ids import id_bytes
from app.wire.messages.cluster import DescribeClusterRequest, DescribeClusterResponse
from app.wire.messages.metadata import (
    Cursor,
    DescribeTopicPartitionsRequest,
    DescribeTopicPartitionsResponse,
    MetadataRequest,
    MetadataRequestTopic,
    MetadataResponse,
    TopicRequest,
)
from app.wire.meter import Meter
from app.wire.primitives import NO_UUID
from tests.support.broker import Guards, guarded
from tests.support.wire_calls import ask

VERSIONS = range(14)


def named(*names: str) -> list[MetadataRequestTopic]:
    return [MetadataRequestTopic(name=name) for name in names]


async def described(
    broker: BrokerContext, request: MetadataRequest, version: int = 12
) -> MetadataResponse:
    return await ask(broker, request, MetadataResponse, version)


@pytest.mark.parametrize("version", VERSIONS)
async def test_brokers_and_all_topics_are_told(broker: BrokerContext, version: int) -> None:
    everything = MetadataRequest(topics=[] if version == 0 else None)

    response = await described(broker, everything, version)

    assert [(one.node_id, one.host) for one in response.brokers] == [(broker.node_id, "127.0.0.1")]
    (topic,) = response.topics
    assert (topic.name, topic.error_code) == ("t", 0)
    assert [(one.partition_index, one.leader_id) for one in topic.partitions] == [(0, 1), (1, 1)]
    assert all(one.replica_nodes == one.isr_nodes == [1] for one in topic.partitions)
    assert topic.topic_authorized_operations == NOT_ASKED
    if version >= 2:
        assert response.cluster_id == broker.image.cluster_id
    if version >= 10:
        assert topic.topic_id == id_bytes(broker.image.topics["t"].topic_id)


async def test_an_empty_list_means_no_topics_after_version_0(broker: BrokerContext) -> None:
    assert (await described(broker, MetadataRequest(topics=[]), 1)).topics == []


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_topic_that_is_asked_for_is_made(broker: BrokerContext, version: int) -> None:
    response = await described(broker, MetadataRequest(topics=named("new", "t", "new")), version)

    assert [(one.name, one.error_code) for one in response.topics] == [("new", 0), ("t", 0)]
    assert len(response.topics[0].partitions) == 1
    assert "new" in broker.image.topics


async def test_who_owes_mutations_and_asks_for_a_topic_is_muted_and_not_refused(
    broker: BrokerContext,
) -> None:
    quotas = ClientQuotas(broker.clock)
    quotas.load([Quota("ANONYMOUS", UNSET, QuotaType.MUTATION, 1.0)])
    meter = Meter(quotas, broker.clock)
    meter.is_strict = True  # since CreateTopics on the same connection
    quotas.mutated(ANONYMOUS, 100)
    client = Client(host="127.0.0.1", meter=meter)
    request = MetadataRequest(topics=named("new"))

    response = await ask(replace(broker, quotas=meter), request, MetadataResponse, 12, client)

    assert [(one.name, one.error_code) for one in response.topics] == [("new", 0)]
    assert meter.muted_s() > 0


async def test_no_topic_is_made_where_the_client_or_the_broker_does_not_want_it(
    broker: BrokerContext,
) -> None:
    unwilling = replace(broker, limits=replace(broker.limits, auto_create_topics=False))
    unwanted = MetadataRequest(topics=named("new"), allow_auto_topic_creation=False)

    for asked, request in (
        (broker, unwanted),
        (unwilling, MetadataRequest(topics=named("new"))),
    ):
        response = await described(asked, request, 4)
        assert [one.error_code for one in response.topics] == [3]
    assert "new" not in broker.image.topics


@pytest.mark.parametrize(
    ("name", "code"), [("a b", 17), ("", 17), ("__consumer_offsets", 3), ("x" * 250, 17)]
)
async def test_a_topic_that_cannot_be_made_says_why(
    broker: BrokerContext, name: str, code: int
) -> None:
    response = await described(broker, MetadataRequest(topics=named(name)))

    assert [(one.name, one.error_code) for one in response.topics] == [(name, code)]


@pytest.mark.parametrize("name", [None, ""])
async def test_a_topic_may_be_asked_for_by_its_id(broker: BrokerContext, name: str | None) -> None:
    """Java's client gives an empty name with it."""
    known = MetadataRequestTopic(name=name, topic_id=id_bytes(broker.image.topics["t"].topic_id))
    unknown = MetadataRequestTopic(name=None, topic_id=b"\1" * 16)

    response = await described(broker, MetadataRequest(topics=[known, unknown]))

    assert [(one.name, one.error_code) for one in response.topics] == [("t", 0), (None, 100)]


@pytest.mark.parametrize("topic_id", [NO_UUID, b"\1" * 16])
async def test_ids_are_not_taken_before_version_12(broker: BrokerContext, topic_id: bytes) -> None:
    asked = MetadataRequest(topics=[MetadataRequestTopic(name=None, topic_id=topic_id)])

    response = await described(broker, asked, 10)

    assert [(one.name, one.error_code) for one in response.topics] == [("", 42)]


async def test_authorized_operations_are_told_to_who_asks(broker: BrokerContext) -> None:
    asked = MetadataRequest(
        topics=None,
        include_topic_authorized_operations=True,
        include_cluster_authorized_operations=True,
    )
    guards = Guards(refused=frozenset({Operation.WRITE, Operation.CREATE}))

    response = await described(guarded(broker, guards), asked, 8)

    assert response.topics[0].topic_authorized_operations == sum(
        1 << bit for bit in (3, 6, 7, 8, 10, 11)
    )
    assert response.cluster_authorized_operations == sum(1 << bit for bit in (7, 8, 9, 10, 11, 12))


async def test_who_may_not_describe_a_topic_does_not_make_it_either(broker: BrokerContext) -> None:
    refusing = guarded(broker, Guards(refused=frozenset({Operation.DESCRIBE})))

    response = await described(refusing, MetadataRequest(topics=named("t", "new")))

    assert [one.error_code for one in response.topics] == [29, 29]
    assert (await described(refusing, MetadataRequest(topics=None))).topics == []
    assert "new" not in broker.image.topics


@pytest.mark.parametrize("version", range(3))
async def test_the_cluster_is_described(broker: BrokerContext, version: int) -> None:
    response = await ask(broker, DescribeClusterRequest(), DescribeClusterResponse, version)

    assert (response.error_code, response.cluster_id) == (0, broker.image.cluster_id)
    assert [(one.broker_id, one.host) for one in response.brokers] == [(1, "127.0.0.1")]
    assert response.cluster_authorized_operations == NOT_ASKED


@pytest.mark.parametrize(("endpoint_type", "code"), [(2, 114), (3, 115)])
async def test_there_are_no_controllers_to_be_reached(
    broker: BrokerContext, endpoint_type: int, code: int
) -> None:
    asked = DescribeClusterRequest(endpoint_type=endpoint_type)

    assert (await ask(broker, asked, DescribeClusterResponse, 1)).error_code == code


async def test_partitions_of_topics_come_so_many_at_a_time(broker: BrokerContext) -> None:
    await described(broker, MetadataRequest(topics=named("a", "z")))
    cursor: Cursor | None = None
    pages = []
    for _ in range(9):
        asked = DescribeTopicPartitionsRequest(response_partition_limit=1, cursor=cursor)
        response = await ask(broker, asked, DescribeTopicPartitionsResponse, 0)
        pages += [
            (topic.name, one.partition_index)
            for topic in response.topics
            for one in topic.partitions
        ]
        cursor = response.next_cursor
        if cursor is None:
            break

    assert pages == [("a", 0), ("t", 0), ("t", 1), ("z", 0)]
    assert cursor is None


async def test_a_topic_that_is_not_there_is_told_in_its_place(broker: BrokerContext) -> None:
    asked = DescribeTopicPartitionsRequest(topics=[TopicRequest(name="t"), TopicRequest(name="no")])

    response = await ask(broker, asked, DescribeTopicPartitionsResponse, 0)

    assert [(one.name, one.error_code) for one in response.topics] == [("no", 3), ("t", 0)]
    assert response.topics[1].partitions[1].isr_nodes == [1]


async def test_a_topic_that_is_named_again_is_told_once(broker: BrokerContext) -> None:
    topic_id = id_bytes(broker.image.topics["t"].topic_id)
    by_id = MetadataRequestTopic(name=None, topic_id=topic_id)

    names = await described(broker, MetadataRequest(topics=named("t", "a b", "t", "a b")))
    ids = await described(broker, MetadataRequest(topics=[by_id, by_id]))

    assert [one.name for one in names.topics] == ["t", "a b"]
    assert [one.name for one in ids.topics] == ["t"]
