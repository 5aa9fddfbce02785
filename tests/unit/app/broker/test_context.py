"""The two questions that every verb asks, and what a throttle does."""

import time
from dataclasses import replace

import pytest

from app.broker.context import BrokerContext
from app.broker.errors import (
    BrokerError,
    ClusterAuthorizationFailed,
    ThrottlingQuotaExceeded,
    TopicAuthorizationFailed,
    UnknownTopicOrPartition,
)
from app.security.acls import CLUSTER, Operation, group, topic
from app.security.principal import ANONYMOUS
from app.security.quota_windows.limits import QuotaType
from tests.support.broker import Guards, guarded
from tests.support.security.audited import FakeAudit


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


def test_each_refusal_is_noted_and_nothing_that_is_allowed(context: BrokerContext) -> None:
    audit = FakeAudit()
    refusing = guarded(context, Guards(refused=frozenset({Operation.READ})))
    asking = replace(refusing, audit=audit)

    for require, name in ((asking.require_topic, "t"), (asking.require_group, "g")):
        require(ANONYMOUS, Operation.DESCRIBE, name)
        with pytest.raises(BrokerError):
            require(ANONYMOUS, Operation.READ, name)
    with pytest.raises(ClusterAuthorizationFailed):
        asking.require_cluster(ANONYMOUS, Operation.READ)

    assert [event.resource for event in audit.noted] == [topic("t"), group("g"), CLUSTER]


def test_topic_is_found_by_name_or_refused(context: BrokerContext) -> None:
    assert context.topic("t").name == "t"
    with pytest.raises(UnknownTopicOrPartition, match="'none'"):
        context.topic("none")


async def test_streams_are_held_back_until_no_debt_is_left(context: BrokerContext) -> None:
    began = time.monotonic()
    owing = guarded(context, Guards(throttle_ms=30))

    await owing.wait_out(ANONYMOUS, QuotaType.PRODUCE)

    assert time.monotonic() - began >= 0.029


async def test_who_owes_time_waits_whatever_it_wants_to_use(context: BrokerContext) -> None:
    owing = guarded(context, Guards(throttle_ms=0, throttle_ms_then=30))

    assert owing.owed_ms(ANONYMOUS, QuotaType.PRODUCE) == 30


async def test_measured_work_is_charged_to_who_has_it_done(context: BrokerContext) -> None:
    guards = Guards()

    async def work() -> str:
        return "done"

    assert await guarded(context, guards).measured(ANONYMOUS, work()) == "done"
    assert guards.used == [("requested", 1)]


async def test_require_quota_returns_a_debt_that_is_within_bounds(context: BrokerContext) -> None:
    def owing() -> BrokerContext:
        return guarded(context, Guards(throttle_ms=30))

    assert owing().require_quota(ANONYMOUS, QuotaType.FETCH, up_to_ms=30) == 30
    with pytest.raises(ThrottlingQuotaExceeded, match=r"consumer_byte_rate.* 30 ms"):
        owing().require_quota(ANONYMOUS, QuotaType.FETCH, up_to_ms=29)
