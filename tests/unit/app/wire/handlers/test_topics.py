from collections.abc import Iterator

import pytest

from app.broker.context import BrokerContext
from app.security.acls import Operation
from app.wire.handlers.topic_ids import id_bytes
from app.wire.handlers.topics import create_partitions, create_topics
from app.wire.messages.topics import (
    CreatableReplicaAssignment,
    CreatableTopic,
    CreatableTopicConfig,
    CreatableTopicResult,
    CreatePartitionsAssignment,
    CreatePartitionsRequest,
    CreatePartitionsResponse,
    CreatePartitionsTopic,
    CreateTopicsRequest,
    CreateTopicsResponse,
    DeleteTopicsRequest,
    DeleteTopicsResponse,
    DeleteTopicState,
)
from app.wire.primitives import NO_UUID
from tests.support.broker import Guards, guarded
from tests.support.wire_calls import ask, call_of


def new(name: str, partitions: int = -1, **configs: str | None) -> CreatableTopic:
    return CreatableTopic(
        name=name,
        num_partitions=partitions,
        replication_factor=-1,
        configs=[
            CreatableTopicConfig(name=key.replace("_", "."), value=value)
            for key, value in configs.items()
        ],
    )


async def created(
    broker: BrokerContext, *topics: CreatableTopic, version: int = 7, validate_only: bool = False
) -> list[CreatableTopicResult]:
    request = CreateTopicsRequest(topics=list(topics), validate_only=validate_only)
    return (await ask(broker, request, CreateTopicsResponse, version)).topics


@pytest.mark.parametrize("version", range(2, 8))
async def test_topics_are_created_and_told_what_they_are_like(
    broker: BrokerContext, version: int
) -> None:
    (result,) = await created(broker, new("a", 3, retention_ms="5"), version=version)

    assert (result.name, result.error_code) == ("a", 0)
    topic = broker.image.topics["a"]
    assert (len(topic.partitions), dict(topic.configs)) == (3, {"retention.ms": "5"})
    if version >= 5:
        assert (result.num_partitions, result.replication_factor) == (3, 1)
        configs = {one.name: (one.value, one.config_source) for one in result.configs or []}
        assert configs["retention.ms"] == ("5", 1)
        assert configs["cleanup.policy"] == ("delete", 5)
    if version >= 7:
        assert result.topic_id == id_bytes(topic.topic_id)


async def test_a_check_alone_creates_nothing(broker: BrokerContext) -> None:
    results = await created(broker, new("a", 3), new("t"), validate_only=True)

    assert [(one.name, one.error_code) for one in results] == [("a", 0), ("t", 36)]
    assert results[0].num_partitions == 3
    assert "a" not in broker.image.topics


@pytest.mark.parametrize(
    ("topic", "code"),
    [
        (new("t"), 36),
        (new("a b"), 17),
        (new("a", 0), 37),
        (new("a", retention_ms="x"), 40),
        (new("a", retention_ms=None), 40),
        (new("a", no_such_key="1"), 40),
        (CreatableTopic(name="a", num_partitions=-1, replication_factor=2), 38),
        (
            CreatableTopic(
                name="a",
                num_partitions=-1,
                replication_factor=-1,
                assignments=[CreatableReplicaAssignment(partition_index=0, broker_ids=[9])],
            ),
            39,
        ),
        (
            CreatableTopic(
                name="a",
                num_partitions=-1,
                replication_factor=-1,
                assignments=[CreatableReplicaAssignment(partition_index=0, broker_ids=[1])] * 2,
            ),
            39,
        ),
    ],
)
async def test_a_topic_that_cannot_be_created_says_why(
    broker: BrokerContext, topic: CreatableTopic, code: int
) -> None:
    (result,) = await created(broker, topic)

    assert result.error_code == code
    assert result.error_message
    assert result.configs == []


async def test_a_topic_may_be_assigned_to_nodes(broker: BrokerContext) -> None:
    assigned = [CreatableReplicaAssignment(partition_index=one, broker_ids=[1]) for one in (1, 0)]
    topic = CreatableTopic(name="a", num_partitions=-1, replication_factor=-1, assignments=assigned)

    (result,) = await created(broker, topic)

    assert (result.error_code, result.num_partitions) == (0, 2)


async def test_a_topic_named_twice_is_not_created(broker: BrokerContext) -> None:
    results = await created(broker, new("a"), new("b"), new("a"))

    assert [(one.name, one.error_code) for one in results] == [("a", 42), ("b", 0)]


class Looked(list[CreatableTopic | CreatePartitionsTopic]):
    """Topics of a request that count how often one of them is looked at."""

    looks = 0

    def __iter__(self) -> Iterator[CreatableTopic | CreatePartitionsTopic]:
        for one in super().__iter__():
            self.looks += 1
            yield one


async def test_many_topics_cost_their_number_and_not_its_square(broker: BrokerContext) -> None:
    refusing = call_of(guarded(broker, Guards(refused=frozenset({Operation.CREATE}))), 7)
    unknown = call_of(broker, 3)
    created, grown = Looked(new(f"a{n}") for n in range(100)), Looked()
    grown.extend(grow(f"a{n}", 2) for n in range(100))

    refused = await create_topics(refusing, CreateTopicsRequest(topics=created))  # type: ignore[arg-type] # one of the two
    missing = await create_partitions(unknown, CreatePartitionsRequest(topics=grown))  # type: ignore[arg-type] # the other

    assert [one.error_code for one in refused.topics] == [29] * 100
    assert [one.error_code for one in missing.results] == [3] * 100
    assert max(created.looks, grown.looks) <= 300


async def test_who_may_not_see_configs_is_told_so(broker: BrokerContext) -> None:
    guards = Guards(refused=frozenset({Operation.DESCRIBE_CONFIGS}))

    (result,) = await created(guarded(broker, guards), new("a"))

    assert (result.error_code, result.topic_config_error_code) == (0, 29)
    assert (result.num_partitions, result.configs) == (-1, [])


@pytest.mark.parametrize("version", range(1, 7))
async def test_topics_are_deleted_by_name(broker: BrokerContext, version: int) -> None:
    request = DeleteTopicsRequest(topic_names=["t", "no"])
    if version == 6:
        request = DeleteTopicsRequest(
            topics=[DeleteTopicState(name="t"), DeleteTopicState(name="no")]
        )

    response = await ask(broker, request, DeleteTopicsResponse, version)

    assert [(one.name, one.error_code) for one in response.responses] == [("t", 0), ("no", 3)]
    assert "t" not in broker.image.topics


async def test_topics_are_deleted_by_id(broker: BrokerContext) -> None:
    topic_id = id_bytes(broker.image.topics["t"].topic_id)
    states = [
        DeleteTopicState(topic_id=b"\1" * 16),
        DeleteTopicState(),
        DeleteTopicState(topic_id=topic_id, name="t"),
        DeleteTopicState(topic_id=topic_id),
    ]

    response = await ask(broker, DeleteTopicsRequest(topics=states), DeleteTopicsResponse, 6)

    found = [(one.name, one.error_code) for one in response.responses]
    assert found == [(None, 100), (None, 42), ("t", 42), ("t", 0)]


async def test_a_topic_to_delete_that_is_named_twice_stays(broker: BrokerContext) -> None:
    topic_id = id_bytes(broker.image.topics["t"].topic_id)
    names = DeleteTopicsRequest(topic_names=["t", "no", "t"])
    ids = DeleteTopicsRequest(topics=[DeleteTopicState(topic_id=topic_id)] * 2)

    by_name = await ask(broker, names, DeleteTopicsResponse, 5)
    by_id = await ask(broker, ids, DeleteTopicsResponse, 6)

    assert [(one.name, one.error_code) for one in by_name.responses] == [("t", 42), ("no", 3)]
    assert [(one.topic_id, one.error_code) for one in by_id.responses] == [(topic_id, 42)]
    assert "t" in broker.image.topics


def grow(
    name: str, count: int, assignments: list[list[int]] | None = None
) -> CreatePartitionsTopic:
    made = None
    if assignments is not None:
        made = [CreatePartitionsAssignment(broker_ids=one) for one in assignments]
    return CreatePartitionsTopic(name=name, count=count, assignments=made)


@pytest.mark.parametrize("version", range(4))
@pytest.mark.parametrize(
    ("topic", "code", "partitions"),
    [
        (grow("t", 4), 0, 4),
        (grow("t", 3, [[1]]), 0, 3),
        (grow("t", 3, [[2]]), 39, 2),
        (grow("t", 4, [[1]]), 39, 2),
        (grow("t", 2), 37, 2),
        (grow("no", 2), 3, 2),
    ],
)
async def test_partitions_are_added(
    broker: BrokerContext, version: int, topic: CreatePartitionsTopic, code: int, partitions: int
) -> None:
    request = CreatePartitionsRequest(topics=[topic])

    response = await ask(broker, request, CreatePartitionsResponse, version)

    assert [(one.name, one.error_code) for one in response.results] == [(topic.name, code)]
    assert len(broker.image.topics["t"].partitions) == partitions


async def test_partitions_of_a_topic_named_twice_or_only_checked_stay(
    broker: BrokerContext,
) -> None:
    twice = CreatePartitionsRequest(topics=[grow("t", 4), grow("t", 5)])
    checked = CreatePartitionsRequest(topics=[grow("t", 4)], validate_only=True)

    answers = [await ask(broker, one, CreatePartitionsResponse, 3) for one in (twice, checked)]

    assert [[one.error_code for one in answer.results] for answer in answers] == [[42], [0]]
    assert len(broker.image.topics["t"].partitions) == 2


async def test_partitions_of_a_topic_are_not_counted_for_who_may_not_alter_it(
    broker: BrokerContext,
) -> None:
    guards = Guards(refused=frozenset({Operation.ALTER}))
    assignments = [CreatePartitionsAssignment(broker_ids=[1])]
    wanted = CreatePartitionsTopic(name="t", count=9, assignments=assignments)

    request = CreatePartitionsRequest(topics=[wanted])
    response = await ask(guarded(broker, guards), request, CreatePartitionsResponse, 3)

    assert [one.error_code for one in response.results] == [29]


async def test_neither_name_nor_id_is_told_to_who_may_not_see_the_topic(
    broker: BrokerContext,
) -> None:
    topic_id = id_bytes(broker.image.topics["t"].topic_id)
    guards = Guards(refused=frozenset({Operation.DELETE, Operation.DESCRIBE}))
    asked = [DeleteTopicState(name=None, topic_id=topic_id), DeleteTopicState(name="t")]

    request = DeleteTopicsRequest(topics=asked)
    response = await ask(guarded(broker, guards), request, DeleteTopicsResponse, 6)

    told = [(one.error_code, one.name, one.topic_id) for one in response.responses]
    assert told == [(29, None, topic_id), (29, "t", NO_UUID)]
