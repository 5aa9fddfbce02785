"""Which topics a subscription means."""

from app.broker.context import BrokerContext
from app.broker.topic_patterns import PATTERNS_KEPT_MAX, MatchedTopics
from app.broker.topics import NewTopic, create_topic
from app.consumers.membership.topics import (
    all_partitions,
    partition_counts,
    subscribed_names,
)
from app.consumers.model import Subscription
from app.security.acls import Operation, Resource
from app.security.principal import ANONYMOUS, Principal
from tests.support.broker import Guards, guarded
from tests.support.consumers import T0, T1


async def names(context: BrokerContext, matches: MatchedTopics, pattern: str) -> tuple[str, ...]:
    return subscribed_names(context, ANONYMOUS, Subscription(pattern=pattern), matches)


async def test_names_are_meant_whether_they_are_there_or_not(context: BrokerContext) -> None:
    subscription = Subscription(topics=("t", "later", "t"))

    assert subscribed_names(context, ANONYMOUS, subscription, MatchedTopics()) == ("later", "t")


async def test_a_pattern_means_what_is_there_now_and_nothing_internal(
    context: BrokerContext,
) -> None:
    matches = MatchedTopics()
    await context.groups.find("g")
    before = await names(context, matches, ".*")
    await create_topic(context, ANONYMOUS, NewTopic(name="tt"))

    assert "__consumer_offsets" in context.image.topics
    assert before == ("t",)
    assert await names(context, matches, "t+") == await names(context, matches, ".*") == ("t", "tt")


async def test_a_pattern_means_nothing_that_may_not_be_seen(context: BrokerContext) -> None:
    class Hidden(Guards):
        def authorize(self, principal: Principal, operation: Operation, resource: Resource) -> bool:
            return resource.name != "t"

    assert await names(guarded(context, Hidden()), MatchedTopics(), ".*") == ()


async def test_more_patterns_than_are_kept_still_match(context: BrokerContext) -> None:
    matches = MatchedTopics()

    for number in range(PATTERNS_KEPT_MAX + 5):
        assert await names(context, matches, f"t|{number}") == ("t",)
    assert len(matches._compiled) == len(matches._matched) == PATTERNS_KEPT_MAX


async def test_partitions_of_topics_that_are_there_are_counted(context: BrokerContext) -> None:
    counts = partition_counts(context.image, ["t", "later"])

    assert counts == {"t": 2}
    assert all_partitions(counts) == [T0, T1]
