import pytest

from app.broker.context import BrokerContext
from app.broker.errors import (
    ClusterAuthorizationFailed,
    CoordinatorNotAvailable,
    TopicAuthorizationFailed,
)
from app.broker.producers import describe_producers, new_producer
from app.cluster.errors import DatabaseUnavailable
from app.security.acls import Operation
from app.security.principal import ANONYMOUS
from tests.support.broker import Guards, guarded


async def test_each_producer_is_new_at_the_first_epoch(context: BrokerContext) -> None:
    first, second = await new_producer(context, ANONYMOUS), await new_producer(context, ANONYMOUS)

    assert (first[1], second[1]) == (0, 0)
    assert first[0] != second[0]


async def test_no_id_is_given_while_the_database_is_away(
    context: BrokerContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(count: int) -> int:
        raise DatabaseUnavailable("away")

    monkeypatch.setattr(context.catalog, "take_producer_ids", away)

    with pytest.raises(CoordinatorNotAvailable):
        await new_producer(context, ANONYMOUS)


async def test_a_partition_without_a_log_knows_no_producer(context: BrokerContext) -> None:
    assert describe_producers(context, ANONYMOUS, "t", 0) == {}
    refusing = guarded(context, Guards(refused=frozenset({Operation.READ})))
    with pytest.raises(TopicAuthorizationFailed):
        describe_producers(refusing, ANONYMOUS, "t", 0)


async def test_who_may_write_to_some_topic_or_idempotently_is_given_an_id(
    context: BrokerContext,
) -> None:
    writes, idempotent = Operation.WRITE, Operation.IDEMPOTENT_WRITE
    for refused in ({writes}, {idempotent}):
        await new_producer(guarded(context, Guards(refused=frozenset(refused))), ANONYMOUS)

    powerless = guarded(context, Guards(refused=frozenset({writes, idempotent})))
    with pytest.raises(ClusterAuthorizationFailed):
        await new_producer(powerless, ANONYMOUS)
