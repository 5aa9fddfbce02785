"""Topics: names, counts and assignments that are taken or refused, and who may."""

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.broker.context import BrokerContext, BrokerLimits
from app.broker.errors import (
    BrokerError,
    InvalidConfig,
    InvalidPartitions,
    InvalidReplicaAssignment,
    InvalidReplicationFactor,
    InvalidRequest,
    InvalidTopic,
    PolicyViolation,
    ThrottlingQuotaExceeded,
    TopicAlreadyExists,
    TopicAuthorizationFailed,
    UnknownTopicOrPartition,
)
from app.broker.topics import (
    NewTopic,
    ValidatedTopic,
    add_partitions,
    authorized_operations,
    check_topic_name,
    create_topic,
    delete_topic,
    describe_topic,
    list_topics,
)
from app.coordinators.groups.error_codes import ErrorCode
from app.coordinators.groups.offsets_topic import OFFSETS_TOPIC
from app.security.acls import TOPIC_OPERATIONS, Operation
from app.security.principal import ANONYMOUS
from tests.support.broker import Guards, append, guarded

KAFKAS_NAME = re.compile(r"[a-zA-Z0-9._-]+")


async def create(context: BrokerContext, name: str = "n", **fields: Any) -> None:
    await create_topic(context, ANONYMOUS, NewTopic(name=name, **fields))


@given(st.text(max_size=260) | st.from_regex(KAFKAS_NAME, fullmatch=True))
@example("a" * 249)
@example("a" * 250)
@example("..")
@example("a\n")
def test_name_is_taken_exactly_by_kafkas_rule(name: str) -> None:
    good = bool(KAFKAS_NAME.fullmatch(name)) and len(name) <= 249 and name not in (".", "..")

    try:
        check_topic_name(name)
    except InvalidTopic:
        assert not good
    else:
        assert good


async def test_topic_is_as_it_was_asked_for(context: BrokerContext) -> None:
    await create(context, partition_count=3, replication_factor=1, configs={"flush.ms": "7"})

    found = describe_topic(context, ANONYMOUS, "n")

    assert (len(found.partitions), found.replication_factor) == (3, 1)
    assert found.configs == {"flush.ms": "7"}
    assert [one.leader for one in found.partitions] == [context.node_id] * 3


@pytest.mark.parametrize("count", [None, -1])
async def test_counts_left_out_are_the_broker_s(context: BrokerContext, count: int | None) -> None:
    broker = replace(context, limits=BrokerLimits(default_partitions=4))

    await create(broker, partition_count=count, replication_factor=count)

    assert len(describe_topic(broker, ANONYMOUS, "n").partitions) == 4


async def test_assignment_says_who_holds_what(context: BrokerContext) -> None:
    node = context.node_id

    await create(context, assignments={1: [node], 0: [node]})

    found = describe_topic(context, ANONYMOUS, "n")
    assert [one.replicas for one in found.partitions] == [(node,), (node,)]


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"name": "a b"}, InvalidTopic),
        ({"name": "t"}, TopicAlreadyExists),
        ({"partition_count": 0}, InvalidPartitions),
        ({"partition_count": -2}, InvalidPartitions),
        ({"partition_count": 10_001}, InvalidPartitions),
        ({"partition_count": 10**18}, InvalidPartitions),
        ({"replication_factor": 0}, InvalidReplicationFactor),
        ({"replication_factor": 2}, InvalidReplicationFactor),
        ({"configs": {"nope": "1"}}, InvalidConfig),
        ({"configs": {"flush.ms": "soon"}}, InvalidConfig),
        ({"assignments": {0: [1]}, "partition_count": 1}, InvalidRequest),
        ({"assignments": {0: [1]}, "replication_factor": 1}, InvalidRequest),
        ({"assignments": {}}, InvalidReplicaAssignment),
        ({"assignments": {1: [1]}}, InvalidReplicaAssignment),
        ({"assignments": {0: []}}, InvalidReplicaAssignment),
        ({"assignments": {0: [1, 1]}}, InvalidReplicaAssignment),
        ({"assignments": {0: [7]}}, InvalidReplicaAssignment),
        ({"assignments": {0: [1], 1: [1, 7]}}, InvalidReplicaAssignment),
    ],
)
@pytest.mark.parametrize("validate_only", [False, True])
async def test_refusal_creates_nothing(
    context: BrokerContext,
    fields: dict[str, Any],
    refusal: type[BrokerError],
    validate_only: bool,
) -> None:
    new = NewTopic(**({"name": "n"} | fields))

    with pytest.raises(refusal):
        await create_topic(context, ANONYMOUS, new, validate_only=validate_only)

    assert list(context.image.topics) == ["t"]


async def test_names_that_differ_in_dots_and_underscores_collide(context: BrokerContext) -> None:
    await create(context, "a.b_c")

    with pytest.raises(TopicAlreadyExists, match=r"a_b\.c"):
        await create(context, "a_b.c")


async def test_cluster_has_a_limit_of_partitions(context: BrokerContext) -> None:
    limited = replace(context, limits=BrokerLimits(partitions_max=5))

    with pytest.raises(PolicyViolation):
        await create(limited, partition_count=4)
    with pytest.raises(PolicyViolation):
        await add_partitions(limited, ANONYMOUS, "t", 6)
    await create(limited, partition_count=3)


@pytest.mark.parametrize(
    ("fields", "partitions"),
    [
        ({}, 1),
        ({"partition_count": -1, "replication_factor": -1}, 1),
        ({"partition_count": 3}, 3),
        ({"assignments": {0: [1], 1: [1]}}, 2),
    ],
)
async def test_validate_only_creates_nothing_and_says_what_it_would_be(
    context: BrokerContext, fields: dict[str, Any], partitions: int
) -> None:
    new = NewTopic(name="n", **fields)

    checked = await create_topic(context, ANONYMOUS, new, validate_only=True)

    assert checked == ValidatedTopic(partition_count=partitions, replication_factor=1)
    assert list(context.image.topics) == ["t"]


async def test_deleted_topic_is_gone_and_its_name_begins_anew(context: BrokerContext) -> None:
    await append(context, b"old")
    first = describe_topic(context, ANONYMOUS, "t")

    await delete_topic(context, ANONYMOUS, "t")
    with pytest.raises(UnknownTopicOrPartition):
        await delete_topic(context, ANONYMOUS, "t")
    await create(context, "t", partition_count=1)

    second = describe_topic(context, ANONYMOUS, "t")
    assert second.topic_id != first.topic_id
    replica = context.replicas.get(second.topic_id, 0)
    assert replica is not None
    assert replica.high_watermark == 0


async def test_partitions_are_added_and_never_taken_away(context: BrokerContext) -> None:
    for total in (2, 1, 0, -1):
        with pytest.raises(InvalidPartitions):
            await add_partitions(context, ANONYMOUS, "t", total)

    checked = await add_partitions(context, ANONYMOUS, "t", 5, validate_only=True)
    changed = await add_partitions(context, ANONYMOUS, "t", 5)

    assert (len(checked.partitions), len(changed.partitions)) == (2, 5)
    assert [one.partition for one in changed.partitions] == list(range(5))


@pytest.mark.parametrize("name", ["__consumer_offsets", "__cauce_sessions", "__transaction_state"])
async def test_topics_of_the_servers_own_are_made_by_it_alone(
    context: BrokerContext, name: str
) -> None:
    with pytest.raises(InvalidTopic, match="made by the server"):
        await create_topic(context, ANONYMOUS, NewTopic(name=name))

    assert name not in context.image.topics


async def test_partitions_of_an_internal_topic_stay_as_many(context: BrokerContext) -> None:
    made = await context.groups.find("g")
    assert not isinstance(made, ErrorCode)

    with pytest.raises(InvalidPartitions, match="cannot be changed"):
        await add_partitions(context, ANONYMOUS, OFFSETS_TOPIC, 9)

    assert len(context.image.topics[OFFSETS_TOPIC].partitions) == 2


async def test_list_shows_what_may_be_described_in_order(context: BrokerContext) -> None:
    await create(context, "a")
    asking = guarded(context, Guards(refused=frozenset({Operation.DESCRIBE})))

    assert [one.name for one in list_topics(context, ANONYMOUS)] == ["a", "t"]
    assert list_topics(asking, ANONYMOUS) == []


def test_authorized_operations_are_those_that_are_not_refused(context: BrokerContext) -> None:
    asking = guarded(context, Guards(refused=frozenset({Operation.WRITE})))

    found = authorized_operations(asking, ANONYMOUS, "t")

    assert found == [one for one in TOPIC_OPERATIONS if one is not Operation.WRITE]


async def test_principal_needs_kafkas_operations_and_is_asked_before_existence(
    context: BrokerContext,
) -> None:
    every = frozenset(Operation)
    asking = guarded(context, Guards(refused=every))

    with pytest.raises(TopicAuthorizationFailed, match="CREATE"):
        await create(asking, "t")
    with pytest.raises(TopicAuthorizationFailed, match="DESCRIBE"):
        describe_topic(asking, ANONYMOUS, "none")
    with pytest.raises(TopicAuthorizationFailed, match="DELETE"):
        await delete_topic(asking, ANONYMOUS, "none")
    with pytest.raises(TopicAuthorizationFailed, match="ALTER"):
        await add_partitions(asking, ANONYMOUS, "none", 5)


async def test_partitions_made_and_deleted_are_counted(context: BrokerContext) -> None:
    guards = Guards()
    asking = guarded(context, guards)

    await create(asking, partition_count=3)
    await add_partitions(asking, ANONYMOUS, "n", 5)
    await delete_topic(asking, ANONYMOUS, "n")

    assert guards.used == [("mutated", 3), ("mutated", 2), ("mutated", 5)]


async def test_who_owes_mutations_is_refused_and_nothing_is_changed(
    context: BrokerContext,
) -> None:
    def owing() -> BrokerContext:
        return guarded(context, Guards(throttle_ms=20))

    with pytest.raises(ThrottlingQuotaExceeded) as refused:
        await create(owing(), partition_count=3)
    with pytest.raises(ThrottlingQuotaExceeded):
        await add_partitions(owing(), ANONYMOUS, "t", 50)
    with pytest.raises(ThrottlingQuotaExceeded):
        await delete_topic(owing(), ANONYMOUS, "t")

    assert refused.value.retry_after_ms == 20
    assert "n" not in context.image.topics
    assert 0 < len(context.image.topics["t"].partitions) < 50
