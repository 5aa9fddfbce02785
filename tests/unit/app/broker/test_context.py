"""The two questions that every verb asks, and what a throttle does."""

import time

import pytest

from app.broker.context import BrokerContext
from app.broker.errors import (
    ClusterAuthorizationFailed,
    TopicAuthorizationFailed,
    UnknownTopicOrPartition,
)
from app.security.acls import Operation
from app.security.principal import ANONYMOUS
from tests.support.broker import Guards, guarded


def test_topic_is_asked_for_by_its_name_and_operation(context: BrokerContext) -> None:
    guards = Guards(refused=frozenset({Operation.WRITE}))
    asking = guarded(context, guards)

    asking.require_topic(ANONYMOUS, Operation.READ, "t")
    with pytest.raises(TopicAuthorizationFailed, match="not authorized to WRITE topic 't'"):
        asking.require_topic(ANONYMOUS, Operation.WRITE, "t")

    assert guards.asked == [(Operation.READ, "t"), (Operation.WRITE, "t")]


def test_cluster_is_asked_for_under_kafkas_name(context: BrokerContext) -> None:
    guards = Guards(refused=frozenset({Operation.DESCRIBE}))

    with pytest.raises(ClusterAuthorizationFailed):
        guarded(context, guards).require_cluster(ANONYMOUS, Operation.DESCRIBE)

    assert guards.asked == [(Operation.DESCRIBE, "kafka-cluster")]


def test_topic_is_found_by_name_or_refused(context: BrokerContext) -> None:
    assert context.topic("t").name == "t"
    with pytest.raises(UnknownTopicOrPartition, match="'none'"):
        context.topic("none")


async def test_answer_is_held_back_as_long_as_the_quota_says(context: BrokerContext) -> None:
    began = time.monotonic()

    await context.hold_back(30)

    assert time.monotonic() - began >= 0.029
